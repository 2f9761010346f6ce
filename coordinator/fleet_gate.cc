#include "coordinator/fleet_gate.h"

#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "bus/curve.h"

namespace hark {
namespace {

constexpr const char* kWhere = "coordinator/fleet";
constexpr uint32_t kMajor = 1;
constexpr uint32_t kMinor = 1;  // JOIN and what belongs to it
constexpr size_t kKeyBytes = 32;
constexpr Duration kLookEvery = std::chrono::seconds(1);
constexpr Duration kLiveEvery = std::chrono::seconds(5);
// For a REJECT to arrive before the connection ends under it.
constexpr Duration kLastWords = std::chrono::seconds(1);
// A revoked worker that obeys comes back now and then, in case it was a mistake.
constexpr Duration kRevokedRetry = std::chrono::seconds(30);
constexpr Duration kBusyRetry = std::chrono::seconds(1);
// Who edits the registry holds its lock for two syncs. The loop does not wait longer than that: the
// worker asks again.
constexpr Duration kJoinPatience = std::chrono::milliseconds(20);
// A connection that is no worker of ours needs no place in the map of them.
constexpr size_t kMaxConnections = kMaxFleetEntries;

}  // namespace

void AllowedKeys::Allow(std::string key) {
  const std::lock_guard<std::mutex> lock(mutex_);
  keys_.insert(std::move(key));
}

void AllowedKeys::Revoke(const std::string& key) {
  const std::lock_guard<std::mutex> lock(mutex_);
  keys_.erase(key);
}

bool AllowedKeys::Contains(std::string_view key) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return keys_.contains(key);
}

FleetGate::FleetGate(const std::string& directory, const AllowedKeys& allowed,
                     std::string operator_key)
    : has_directory_(!directory.empty()),
      directory_(directory),
      allowed_(allowed),
      operator_key_(std::move(operator_key)) {}

Status FleetGate::Start(Dispatcher& dispatcher, MonoTime now) {
  if (!has_directory_) return Status::Ok();
  stamp_ = directory_.Stamp();
  HARK_ASSIGN_OR_RETURN(const FleetRegistry registry, directory_.Load());
  Apply(registry, dispatcher, now);
  // What the coordinator before us saw. Nothing depends on it, so a damaged one is no trouble.
  const Result<std::string> text = ReadFile(directory_.live_path(), size_t{8} << 20);
  const Result<LiveFleet> live = text.ok() ? LiveFleet::Parse(*text) : text.status();
  if (live.ok()) live_ = *live;
  return Status::Ok();
}

FleetGate::Role FleetGate::RoleOf(std::string_view key) const {
  if (!operator_key_.empty() && key == operator_key_) return Role::kOperator;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto it = roles_.find(key);
    if (it != roles_.end()) return it->second;
  }
  return allowed_.Contains(key) ? Role::kWorker : Role::kStranger;
}

bool FleetGate::MayConnect(std::string_view key) const {
  switch (RoleOf(key)) {
    case Role::kWorker:
    case Role::kDraining:
    case Role::kQuarantined:  // to be told so
    case Role::kInvite:
    case Role::kOperator:
      return true;
    case Role::kStranger:
    case Role::kRevoked:
      return false;
  }
  return false;
}

void FleetGate::Refuse(const std::string& route, proto::Reject::Code code, Duration retry,
                       std::string_view text) {
  Dispatcher::Outgoing& out = outgoing_.emplace_back();
  out.route = route;
  out.envelope.set_major(kMajor);
  out.envelope.set_minor(kMinor);
  proto::Reject& reject = *out.envelope.mutable_reject();
  reject.set_code(code);
  reject.set_retry_after_ms(static_cast<uint32_t>(ToMillis(retry)));
  reject.set_text(std::string(text));
}

void FleetGate::Doom(Connection connection, MonoTime now) {
  if (!connection.peer.empty()) doomed_.push_back({std::move(connection), now + kLastWords});
}

// Its socket lies in the store's directory: who comes by TCP with the operator's key has stolen it.
FleetGate::Speaker FleetGate::OnOperator(const Router::Incoming& in, MonoTime now) {
  const std::string peer = Router::PeerOf(in.fd);
  if (peer.empty() && in.envelope.has_control()) return Speaker::kOperator;
  LogWarning(kWhere, "the operator's key was used for something that is not an operator's");
  Refuse(in.route, proto::Reject::UNKNOWN_WORKER, kRevokedRetry,
         "the operator's key is no worker's");
  Doom({in.fd, peer}, now);
  return Speaker::kNobody;
}

FleetGate::Speaker FleetGate::Admit(const Router::Incoming& in, MonoTime now, int64_t unix_ms) {
  switch (RoleOf(in.key)) {
    case Role::kOperator:
      return OnOperator(in, now);
    case Role::kWorker:
    case Role::kDraining:
      if (in.envelope.has_control()) return Speaker::kNobody;
      if (in.envelope.has_hello() && connection_of_key_.size() < kMaxConnections) {
        connection_of_key_[in.key] = {in.fd, Router::PeerOf(in.fd)};
      }
      return Speaker::kWorker;
    case Role::kQuarantined:
      Refuse(in.route, proto::Reject::QUARANTINED, kRevokedRetry,
             "this worker has broken the rules too often; hark fleet allow lets it in again");
      return Speaker::kNobody;
    case Role::kInvite:
      if (in.envelope.has_join()) {
        OnJoin(in, in.envelope.join(), unix_ms);
      } else {
        Refuse(in.route, proto::Reject::UNKNOWN_WORKER, kRevokedRetry,
               "an invite's key may only ask to join");
      }
      return Speaker::kNobody;
    case Role::kStranger:  // it was none when it connected
    case Role::kRevoked:
      Refuse(in.route, proto::Reject::REVOKED, kRevokedRetry, "this worker was revoked");
      Doom({in.fd, Router::PeerOf(in.fd)}, now);
      return Speaker::kNobody;
  }
  return Speaker::kNobody;
}

// In the registry before anything else can be forgotten: a restart must not be a pardon. Who edits
// the registry is asked again at the next tick.
void FleetGate::WriteQuarantines(Dispatcher& dispatcher, int64_t unix_ms) {
  for (const auto& [key, why] : dispatcher.TakeQuarantined()) {
    std::string name;
    for (const Dispatcher::WorkerView& view : dispatcher.Workers()) {
      if (view.key == key) name = view.name;
    }
    LogWarning(kWhere, StrCat("worker ", CurveKeyText(key), " is quarantined: ", why));
    if (has_directory_) quarantines_.emplace(key, name);
  }
  if (quarantines_.empty()) return;
  const Status edited = directory_.Edit(
      [&](FleetRegistry& registry) -> Result<bool> {
        bool changed = false;
        for (const auto& [key, name] : quarantines_) {
          changed |= registry.Quarantine(key, name, unix_ms / 1000);
        }
        return changed;
      },
      kJoinPatience);
  if (edited.ok()) quarantines_.clear();
  if (!edited.ok() && edited.code() != StatusCode::kUnavailable) {
    LogDebug(kWhere, edited.message());
  }
}

// The answer waits for the disk: a worker that was told JOINED never needs its token again. An
// invite changes the registry once, so nobody can make the loop wait often.
void FleetGate::OnJoin(const Router::Incoming& in, const proto::Join& join, int64_t unix_ms) {
  using JoinResult = FleetRegistry::JoinResult;
  if (join.public_key().size() != kKeyBytes) {
    return Refuse(in.route, proto::Reject::UNKNOWN_WORKER, kRevokedRetry, "that is no key");
  }
  JoinResult result = JoinResult::kUnknown;
  std::string name;
  const Status edited = directory_.Edit(
      [&](FleetRegistry& registry) -> Result<bool> {
        result = registry.Join(in.key, join.public_key(), join.name(), unix_ms / 1000);
        if (result == JoinResult::kJoined || result == JoinResult::kAgain) {
          name = registry.workers().at(join.public_key()).name;
        }
        return result == JoinResult::kJoined;
      },
      kJoinPatience);
  if (!edited.ok()) {
    if (edited.code() != StatusCode::kUnavailable) LogWarning(kWhere, edited.message());
    return Refuse(in.route, proto::Reject::BUSY, kBusyRetry, "the registry is busy");
  }
  switch (result) {
    case JoinResult::kJoined:
      LogInfo(kWhere, StrCat("worker ", name, " has joined"));
      [[fallthrough]];
    case JoinResult::kAgain: {
      next_look_ = MonoTime();  // its own key comes in a moment
      Dispatcher::Outgoing& out = outgoing_.emplace_back();
      out.route = in.route;
      out.envelope.set_major(kMajor);
      out.envelope.set_minor(kMinor);
      out.envelope.mutable_joined()->set_public_key(join.public_key());
      out.envelope.mutable_joined()->set_name(name);
      return;
    }
    case JoinResult::kSpent:
      LogWarning(kWhere, "a second worker came with a spent invite");
      return Refuse(in.route, proto::Reject::INVITE_SPENT, kRevokedRetry,
                    "another worker has joined with this token");
    case JoinResult::kExpired:
      return Refuse(in.route, proto::Reject::INVITE_EXPIRED, kRevokedRetry,
                    "this token has expired");
    case JoinResult::kRevoked:
      return Refuse(in.route, proto::Reject::REVOKED, kRevokedRetry,
                    "this worker's key was revoked");
    case JoinResult::kUnknown:
      return Refuse(in.route, proto::Reject::UNKNOWN_WORKER, kRevokedRetry,
                    "this token was withdrawn");
  }
}

void FleetGate::Tick(Dispatcher& dispatcher, MonoTime now, int64_t unix_ms) {
  for (const Doomed& doomed : doomed_) {
    if (doomed.at <= now) Router::HangUp(doomed.connection.fd, doomed.connection.peer);
  }
  std::erase_if(doomed_, [&](const Doomed& doomed) { return doomed.at <= now; });
  WriteQuarantines(dispatcher, unix_ms);
  if (!has_directory_) return;
  if (now >= next_look_) {
    next_look_ = now + kLookEvery;
    Reload(dispatcher, now);
  }
  if (now >= next_live_) {
    next_live_ = now + kLiveEvery;
    WriteLive(dispatcher, now, unix_ms);
  }
}

void FleetGate::Reload(Dispatcher& dispatcher, MonoTime now) {
  const std::string stamp = directory_.Stamp();
  if (stamp == stamp_) return;
  stamp_ = stamp;
  if (stamp.empty()) {
    LogError(kWhere, "the registry is gone; what it said last still counts");
    return;
  }
  const Result<FleetRegistry> registry = directory_.Load();
  if (!registry.ok()) {
    LogError(kWhere, registry.status().message() + "; what it said before still counts");
    return;
  }
  Apply(*registry, dispatcher, now);
}

void FleetGate::Apply(const FleetRegistry& registry, Dispatcher& dispatcher, MonoTime now) {
  std::map<std::string, Role, std::less<>> roles;
  std::set<std::string> draining;
  for (const auto& [key, worker] : registry.workers()) {
    switch (worker.state) {
      case FleetWorker::State::kAllowed:
        roles[key] = Role::kWorker;
        break;
      case FleetWorker::State::kDraining:
        roles[key] = Role::kDraining;
        draining.insert(key);
        break;
      case FleetWorker::State::kRevoked:
        roles[key] = Role::kRevoked;
        break;
      case FleetWorker::State::kQuarantined:
        roles[key] = Role::kQuarantined;
        break;
    }
  }
  for (const auto& [key, invite] : registry.invites()) roles[key] = Role::kInvite;
  std::vector<std::string> gone;  // who could talk to us and now cannot
  std::vector<std::string> pardoned;
  for (const auto& [key, role] : roles_) {
    const auto now_is = roles.find(key);
    const bool lifted = now_is == roles.end() || now_is->second == Role::kWorker;
    if (role == Role::kQuarantined && lifted) pardoned.push_back(key);
  }
  for (const auto& [key, role] : roles_) {
    if (!roles.contains(key) && !allowed_.Contains(key)) gone.push_back(key);
  }
  for (const auto& [key, role] : roles) {
    if (role == Role::kRevoked && RoleOf(key) != Role::kRevoked) gone.push_back(key);
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    roles_ = std::move(roles);
  }
  dispatcher.SetDraining(std::move(draining));
  for (const std::string& key : pardoned) dispatcher.Pardon(key);
  for (const std::string& key : gone) {
    dispatcher.Dismiss(key, now);
    const auto connection = connection_of_key_.extract(key);
    if (!connection.empty()) Doom(connection.mapped(), now);
  }
}

void FleetGate::WriteLive(const Dispatcher& dispatcher, MonoTime now, int64_t unix_ms) {
  live_.written = unix_ms / 1000;
  for (auto& [key, worker] : live_.workers) worker.connected = false;
  for (const Dispatcher::WorkerView& view : dispatcher.Workers()) {
    LiveWorker& worker = live_.workers[view.key];
    worker.last_seen = (unix_ms - ToMillis(now - view.last_heard)) / 1000;
    worker.connected = true;
    worker.pps = static_cast<uint64_t>(std::llround(std::max(0.0, view.load.applied_pps())));
    worker.in_flight = view.load.in_flight();
    worker.jobs = view.jobs;
    worker.spool_bytes = std::min<uint64_t>(view.load.spool_bytes(), INT64_MAX);
    worker.software = FleetName(view.software);
  }
  const Status written = directory_.WriteLive(live_.Encode());
  if (!written.ok()) LogDebug(kWhere, written.message());
}

}  // namespace hark

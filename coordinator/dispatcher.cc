#include "coordinator/dispatcher.h"

#include <algorithm>
#include <cmath>

#include "base/log.h"
#include "base/mutation.h"
#include "base/strings.h"

// Sessions: who is there, what it may do, how fast. Jobs are in dispatcher_jobs.cc, batches in
// dispatcher_batches.cc.

namespace hark {
namespace {

constexpr uint32_t kProtocol = 1;
constexpr int kSilentHeartbeats = 3;  // until a session is given up
constexpr int kMaxStrikes = 3;
constexpr uint32_t kMaxBatchBytes = 256 << 10;
constexpr uint32_t kQuarantineRetryMillis = 300'000;
constexpr uint32_t kRevokedRetryMillis = 30'000;
constexpr uint32_t kVersionRetryMillis = 60'000;
// Two bytes of a message make a list entry and some hundred of ours. No worker holds that many
// jobs, no protocol has that many outcomes.
constexpr int kMaxHeldJobs = 4096;
constexpr int kMaxOutcomes = 64;
// A restarted worker has a boot_id nobody has seen. One that comes back after another was there is
// a second machine with the same key, or a HELLO that lay in a dead connection, which is rare.
constexpr int kMaxReturns = 3;
constexpr Duration kReturnsWindow = std::chrono::minutes(1);
constexpr size_t kRememberedBoots = 8;
// Heartbeats after which a lower rate must have been heard; an honest worker needs one.
constexpr int kObeyHeartbeats = 5;
constexpr double kRateSlack = 1.001;  // rounding

bool SameToken(const proto::Token& a, const proto::Token& b) {
  return a.epoch() == b.epoch() && a.counter() == b.counter();
}

bool HasEndlessList(const proto::Envelope& envelope) {
  return envelope.hello().held_size() > kMaxHeldJobs ||
         envelope.heartbeat().held_size() > kMaxHeldJobs ||
         envelope.heartbeat().load().outcomes_size() > kMaxOutcomes;
}

}  // namespace

Dispatcher::Dispatcher(DispatcherOptions options, CommitQueue& queue, AddressSource addresses)
    : options_(options),
      queue_(queue),
      address_source_(std::move(addresses)),
      ceiling_(options.probes_per_second),
      orders_version_(options.epoch << 32) {}

void Dispatcher::AddRun(RunState run, MonoTime now, int64_t unix_ms, std::string as_table) {
  run.StartClock(now, unix_ms);
  const uint32_t id = run.run().id();
  if (!as_table.empty()) as_tables_[id] = std::move(as_table);
  const auto [it, added] = runs_.emplace(id, std::move(run));
  HARK_CHECK(added);
  encoded_targets_[it->second.run().target_set()] = it->second.targets().Encode();
  // Workers of before the restart may still be probing at the share they had, which we no longer
  // know: until they say HELLO or their leases end, an even part of the rate is theirs.
  const MonoTime grace = now + std::max(options_.lease, options_.restart_grace);
  std::set<std::string> holders;
  for (LiveJob* job : it->second.AllLeased()) {
    job->deadline = grace;
    if (Broken(Rule::kLeasesOutliveRestart)) job->deadline = now;
    holders.insert(job->row.worker());
  }
  const size_t sharers = std::max(options_.expected_workers, holders.size());
  for (const std::string& key : holders) {
    ghosts_[key] = {options_.probes_per_second / static_cast<double>(sharers), grace};
  }
}

const RunState* Dispatcher::FindRun(uint32_t run) const {
  const auto it = runs_.find(run);
  return it == runs_.end() ? nullptr : &it->second;
}

RunState* Dispatcher::MutableRun(uint32_t run) {
  const auto it = runs_.find(run);
  return it == runs_.end() ? nullptr : &it->second;
}

bool Dispatcher::AllRunsDone() const {
  return finished_.size() == runs_.size();
}

std::vector<Dispatcher::WorkerView> Dispatcher::Workers() const {
  std::vector<WorkerView> views;
  for (const auto& [route, session] : sessions_) {
    WorkerView view{session.key, session.name,     session.load,
                    0,           session.software, session.last_heard};
    for (const auto& [id, run] : runs_) {
      view.jobs += const_cast<RunState&>(run).LeasedTo(session.key).size();
    }
    views.push_back(std::move(view));
  }
  return views;
}

proto::Envelope& Dispatcher::Say(const std::string& route, uint64_t session) {
  Outgoing& out = outgoing_.emplace_back();
  out.route = route;
  out.envelope.set_major(kProtocol);
  out.envelope.set_session(session);
  return out.envelope;
}

std::vector<Dispatcher::Outgoing> Dispatcher::TakeOutgoing() {
  return std::exchange(outgoing_, {});
}

Dispatcher::Session* Dispatcher::SessionOf(const std::string& key) {
  const auto route = route_of_key_.find(key);
  if (route == route_of_key_.end()) return nullptr;
  const auto session = sessions_.find(route->second);
  return session == sessions_.end() ? nullptr : &session->second;
}

void Dispatcher::EndSession(const std::string& route, bool keeps_probing, MonoTime now) {
  const auto it = sessions_.find(route);
  if (it == sessions_.end()) return;
  const Session& session = it->second;
  const double pps = std::max(session.granted_pps, session.applied_pps);
  if (Broken(Rule::kGhostsCount)) keeps_probing = false;
  if (keeps_probing && pps > 0) ghosts_[session.key] = {pps, now + options_.lease};
  if (route_of_key_[session.key] == route) route_of_key_.erase(session.key);
  sessions_.erase(it);
}

// It may go on probing for all we know, so its share of the rate stays taken for a while. What it
// sent and we accepted stays: it was leased when it came.
void Dispatcher::Dismiss(const std::string& key, MonoTime now) {
  if (const Session* session = SessionOf(key); session != nullptr) {
    const std::string route = session->route;
    proto::Reject& reject = *Say(route, 0).mutable_reject();
    reject.set_code(proto::Reject::REVOKED);
    reject.set_retry_after_ms(kRevokedRetryMillis);
    reject.set_text("this worker was revoked");
    EndSession(route, true, now);
  }
  ReleaseLeasesOf([&key](const std::string& holder) { return holder == key; });
}

void Dispatcher::OnGone(const std::string& route, MonoTime now) {
  EndSession(route, true, now);
}

void Dispatcher::OnMessage(const std::string& route, const std::string& key,
                           const proto::Envelope& envelope, MonoTime now, int64_t unix_ms) {
  if (strikes_of_key_[key] >= kMaxStrikes) {
    proto::Reject& reject = *Say(route, 0).mutable_reject();
    reject.set_code(proto::Reject::QUARANTINED);
    reject.set_retry_after_ms(kQuarantineRetryMillis);
    reject.set_text("too many bad batches; ask the coordinator's operator");
    return;
  }
  if (HasEndlessList(envelope)) return Strike(key, HexEncode(key), "a list beyond its limit");
  if (envelope.body_case() == proto::Envelope::kHello) {
    OnHello(route, key, envelope.hello(), now, unix_ms);
    return;
  }
  const auto it = sessions_.find(route);
  if (it == sessions_.end() || it->second.id != envelope.session() || it->second.key != key) {
    Say(route, 0).mutable_need_hello()->set_stale_session(envelope.session());
    return;
  }
  Session& session = it->second;
  session.last_heard = now;
  switch (envelope.body_case()) {
    case proto::Envelope::kRequest:
      OnRequest(session, envelope.request(), now);
      break;
    case proto::Envelope::kBatch:
      OnBatch(session, envelope.batch(), now, unix_ms);
      break;
    case proto::Envelope::kHeartbeat:
      OnHeartbeat(session, envelope.heartbeat(), now);
      break;
    case proto::Envelope::kTargetSetGet:
      OnTargetSetGet(session, envelope.target_set_get());
      break;
    case proto::Envelope::kTrimAck:
      OnTrimAck(session, envelope.trim_ack());
      break;
    case proto::Envelope::kRelease:
      OnRelease(session, envelope.release());
      break;
    case proto::Envelope::kBye:
      EndSession(route, false, now);
      break;
    default:
      break;  // a message of ours echoed, or one of a newer minor version: ignored
  }
  for (auto& [id, run] : runs_) CommitDirty(run);
}

void Dispatcher::OnHello(const std::string& route, const std::string& key,
                         const proto::Hello& hello, MonoTime now, int64_t unix_ms) {
  if (hello.proto_min() > kProtocol || hello.proto_max() < kProtocol) {
    proto::Reject& reject = *Say(route, 0).mutable_reject();
    reject.set_code(proto::Reject::VERSION);
    reject.set_retry_after_ms(kVersionRetryMillis);
    reject.set_text(StrCat("this coordinator speaks protocol ", kProtocol));
    return;
  }
  if (RunsTwice(key, hello.boot_id(), now)) {
    strikes_of_key_[key] = kMaxStrikes;
    LogError("coordinator",
             StrCat("the key of worker ", EscapeForDisplay(hello.name().substr(0, 64)),
                    " is in use by two processes at once and stays out: ", HexEncode(key)));
    return OnMessage(route, key, proto::Envelope(), now, unix_ms);  // says so
  }
  Session* known = SessionOf(key);
  if (known != nullptr && known->hello_id == hello.hello_id() && known->route == route) {
    known->last_heard = now;
    outgoing_.push_back({route, known->welcome});  // the answer was lost or is late
    return;
  }
  // It goes on at its old rate until it hears of the new one.
  double still_applied = 0;
  const bool restarted = boot_of_key_.contains(key) && boot_of_key_[key] != hello.boot_id();
  boot_of_key_[key] = hello.boot_id();
  if (known != nullptr) {
    still_applied = restarted ? 0 : std::max(known->granted_pps, known->applied_pps);
    EndSession(known->route, false, now);
  }
  if (const auto ghost = ghosts_.find(key); ghost != ghosts_.end()) {
    if (!restarted) still_applied = std::max(still_applied, ghost->second.pps);
    ghosts_.erase(ghost);
  }
  EndSession(route, false, now);

  Session& session = sessions_[route];
  session.route = route;
  session.key = key;
  session.name = EscapeForDisplay(hello.name().substr(0, 64));
  session.software = EscapeForDisplay(hello.software().substr(0, 64));
  session.id = options_.epoch << 32 | next_session_++;
  session.hello_id = hello.hello_id();
  session.last_heard = now;
  session.applied_pps = still_applied;
  route_of_key_[key] = route;
  session.granted_pps = ShareFor(session, now);
  session.most_pps = std::max(still_applied, session.granted_pps);

  proto::Envelope& out = Say(route, session.id);
  proto::Welcome& welcome = *out.mutable_welcome();
  welcome.set_hello_id(hello.hello_id());
  welcome.set_session(session.id);
  welcome.set_proto(kProtocol);
  welcome.set_coordinator_unix_ms(unix_ms);
  welcome.set_coordinator_epoch(options_.epoch);
  welcome.set_max_batch_bytes(kMaxBatchBytes);
  // What is on its way to the disk returns its credit to this session: it has only the rest.
  welcome.set_credit_bytes(options_.credit_bytes -
                           std::min(options_.credit_bytes, unacked_of_key_[key]));
  welcome.set_heartbeat_ms(static_cast<uint32_t>(ToMillis(options_.heartbeat)));
  welcome.set_lease_ms(static_cast<uint32_t>(ToMillis(options_.lease)));
  welcome.set_probes_per_second(session.granted_pps);

  std::set<std::pair<uint32_t, uint32_t>> kept;
  for (const proto::HeldJob& held : hello.held()) {
    proto::Verdict verdict = Judge(key, held, now);
    LiveJob* job = HeldBy(key, held.run(), held.job(), held.token());
    if (restarted && job != nullptr && DiedEmptyHanded(held, *job)) {
      verdict.set_kind(proto::Verdict::ABANDON);  // and released below: it may be what killed it
    }
    if (verdict.kind() == proto::Verdict::KEEP) kept.emplace(held.run(), held.job());
    *welcome.add_held() = std::move(verdict);
  }
  session.welcome = out;
  // What it does not list it does not have: a restarted worker without its spool.
  for (auto& [id, run] : runs_) {
    const std::vector<LiveJob*> held = run.LeasedTo(key);
    const Blame blame = held.size() == 1 ? Blame::kAlone : Blame::kShared;
    for (LiveJob* job : held) {
      trimming_.erase({id, job->row.id()});  // a TRIM on its way went with the old session
      if (!kept.contains({id, job->row.id()})) ReleaseLease(run, *job, blame);
    }
    CommitDirty(run);
  }
}

proto::Verdict Dispatcher::Judge(const std::string& key, const proto::HeldJob& held, MonoTime now) {
  proto::Verdict verdict;
  verdict.set_run(held.run());
  verdict.set_job(held.job());
  *verdict.mutable_token() = held.token();
  LiveJob* job = HeldBy(key, held.run(), held.job(), held.token());
  if (job != nullptr) verdict.set_durable_next_seq(job->durable_next_seq);
  const bool leased = job != nullptr &&
                      (job->row.state() == proto::JobRow::LEASED || Broken(Rule::kReleasedIsOver));
  if (leased) {
    verdict.set_kind(proto::Verdict::KEEP);
    if (!Broken(Rule::kKeepRenews)) job->deadline = now + options_.lease;
  } else if (job != nullptr && job->durable_next_seq < job->row.next_seq()) {
    verdict.set_kind(proto::Verdict::KEEP);  // done, its last batches are on their way to the disk
  }
  return verdict;
}

// The process that held this lease is gone and its spool has nothing we do not have: keeping the
// lease would save nothing, and a target that kills its prober would do so for ever. A job that is
// done, but whose last batches wait for the disk, may only be kept by who still has all of them:
// made again they would have other ends, which after a power cut would not fit what was durable.
bool Dispatcher::DiedEmptyHanded(const proto::HeldJob& held, const LiveJob& job) const {
  const bool done = job.row.state() == proto::JobRow::DONE;
  if (done) return held.next_seq() < job.row.next_seq();
  return held.next_seq() <= job.row.next_seq() && !Broken(Rule::kEmptyHandedIsReleased);
}

LiveJob* Dispatcher::HeldBy(const std::string& key, uint32_t run_id, uint32_t job_id,
                            const proto::Token& token) {
  RunState* run = MutableRun(run_id);
  LiveJob* job = run == nullptr ? nullptr : run->Find(job_id);
  if (job == nullptr) return nullptr;
  if (Broken(Rule::kReleasedIsOver) && SameToken(job->row.token(), token)) return job;
  if (Broken(Rule::kPresentToken) && job->row.worker() == key) return job;
  const bool held =
      job->row.state() == proto::JobRow::LEASED || job->row.state() == proto::JobRow::DONE;
  return held && job->row.worker() == key && SameToken(job->row.token(), token) ? job : nullptr;
}

void Dispatcher::Strike(const std::string& key, const std::string& name, std::string_view why) {
  ++strikes_of_key_[key];
  LogWarning("coordinator", StrCat("worker ", name, ": ", why));
}

bool Dispatcher::RunsTwice(const std::string& key, uint64_t boot_id, MonoTime now) {
  Boots& boots = boots_of_key_[key];
  const auto seen = std::find(boots.ids.begin(), boots.ids.end(), boot_id);
  const bool new_one = seen == boots.ids.end();
  const bool latest = !new_one && boots.ids.back() == boot_id;
  if (latest) return false;
  if (!new_one) boots.ids.erase(seen);
  boots.ids.push_back(boot_id);
  if (boots.ids.size() > kRememberedBoots) boots.ids.erase(boots.ids.begin());
  if (new_one) return false;
  if (boots.until <= now) {
    boots.until = now + kReturnsWindow;
    boots.returns = 0;
  }
  return ++boots.returns >= kMaxReturns;
}

// What a worker applies is subtracted from what the others may have. So it is believed only up to
// what it can have heard, and not for ever.
bool Dispatcher::TakeAppliedRate(Session& session, double claimed, MonoTime now) {
  const double applied = std::isnan(claimed) ? session.most_pps : claimed;
  session.applied_pps = std::clamp(applied, 0.0, session.most_pps);
  if (applied <= session.granted_pps * kRateSlack) {
    session.disobeys_at = kNever;
    session.most_pps = session.granted_pps;
  } else if (session.disobeys_at == kNever) {
    session.disobeys_at = now + options_.heartbeat * kObeyHeartbeats;
  }
  return now < session.disobeys_at;
}

// The rate is never exceeded while shares move: a worker gets more only when the others have said
// that they take less.
double Dispatcher::ShareFor(const Session& session, MonoTime now) {
  const size_t sharers = std::max(options_.expected_workers, sessions_.size());
  double taken = 0;
  for (const auto& [route, other] : sessions_) {
    if (other.key != session.key) taken += std::max(other.granted_pps, other.applied_pps);
  }
  std::erase_if(ghosts_, [&](const auto& ghost) { return ghost.second.until <= now; });
  for (const auto& [key, ghost] : ghosts_) {
    if (key != session.key) taken += ghost.pps;
  }
  const double fair = options_.probes_per_second / static_cast<double>(sharers);
  if (Broken(Rule::kShareWaits)) return fair;
  return std::max(0.0, std::min(fair, options_.probes_per_second - taken));
}

void Dispatcher::OnHeartbeat(Session& session, const proto::Heartbeat& heartbeat, MonoTime now) {
  if (!TakeAppliedRate(session, heartbeat.load().applied_pps(), now)) {
    Strike(session.key, session.name, "goes on at a rate that was taken back");
    return EndSession(std::string(session.route), true, now);
  }
  session.load = heartbeat.load();
  session.granted_pps = ShareFor(session, now);
  session.most_pps = std::max(session.most_pps, session.granted_pps);
  proto::HeartbeatAck& ack = *Say(session.route, session.id).mutable_heartbeat_ack();
  for (const proto::HeldJob& held : heartbeat.held()) {
    *ack.add_held() = Judge(session.key, held, now);
  }
  ack.set_probes_per_second(session.granted_pps);
  ack.set_lease_ms(static_cast<uint32_t>(ToMillis(options_.lease)));
  if (paused_) ack.set_command(proto::HeartbeatAck::PAUSE);
  if (draining_.contains(session.key)) ack.set_command(proto::HeartbeatAck::DRAIN);
}

void Dispatcher::Pause() {
  paused_ = true;
}

void Dispatcher::OnTick(MonoTime now, int64_t unix_ms) {
  for (const uint64_t ticket : queue_.TakeDurable()) OnDurable(ticket);
  std::vector<std::string> silent;
  for (const auto& [route, session] : sessions_) {
    if (now - session.last_heard > options_.heartbeat * kSilentHeartbeats) silent.push_back(route);
  }
  for (const std::string& route : silent) EndSession(route, true, now);
  for (auto& [id, run] : runs_) {
    for (LiveJob* job : run.AllLeased()) {
      const bool over = job->deadline <= now && !Broken(Rule::kExpiry);
      if (over) ReleaseLease(run, *job, run.BlameFor(*job));
    }
    for (LiveJob* job : run.TendAudits(now, MayProbe(run, unix_ms))) {
      ReleaseLease(run, *job, Blame::kNone);
    }
    CommitDirty(run);
  }
  FinishRuns(unix_ms);
}

}  // namespace hark

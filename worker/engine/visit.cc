#include "worker/engine/visit.h"

#include <algorithm>

#include "base/random.h"

namespace hark {
namespace {

// A survey never has more to ask than a few key types and a legacy pass; asked more often to stop
// than this, it is broken and gets no further turn.
constexpr int kMaxCutShort = 64;
// Time for the kernel's first repetition of a SYN; who answered on the other ports answers soon.
constexpr Duration kCanaryPatience = std::chrono::milliseconds(1500);
// Canary ports are among those nobody has a service on by agreement (IANA: 49152 and up) or by
// habit, and below the ephemeral range's end.
constexpr uint64_t kFirstCanary = 20'000;
constexpr uint64_t kCanaryRange = 40'000;
constexpr uint64_t kCanaryStep = 9973;  // coprime to the range: all differ
constexpr uint64_t kMaxCanaries = 4;
constexpr const char* kLimitDetail = "stopped at the time limit for one host";

PortObservation NeverReached(uint16_t port) {
  PortObservation observation;
  observation.port = port;
  observation.protocol = ProtocolOfPort(port);
  observation.outcome = Outcome::kTooSlow;
  observation.stage = Stage::kConnect;
  observation.detail = kLimitDetail;
  return observation;
}

}  // namespace

uint16_t CanaryPortOf(uint64_t key, const Address& host, const std::vector<uint16_t>& asked,
                      int number) {
  const uint64_t start = Mix64(key ^ Mix64(std::hash<Address>()(host)));
  for (uint64_t step = static_cast<uint64_t>(number);; step += kMaxCanaries) {
    const auto port =
        static_cast<uint16_t>(kFirstCanary + (start + step * kCanaryStep) % kCanaryRange);
    if (std::find(asked.begin(), asked.end(), port) == asked.end()) return port;
  }
}

Visit::Visit(EngineParts& parts, Owner& owner, VisitRequest request)
    : parts_(parts),
      owner_(owner),
      request_(std::move(request)),
      connection_(parts,
                  [this](const ConnectAttempt& how, MonoTime now) { OnConnectionEnd(how, now); }),
      limit_(*this),
      begun_(parts.clock.Now()),
      begun_unix_ms_(parts.clock.UnixMillis()) {}

Visit::~Visit() {
  parts_.timers.Cancel(this);
  parts_.timers.Cancel(&limit_);
}

// On to the next thing worth a connection, over ends of surveys and ports. False: it has ended.
bool Visit::FindProbe() {
  while (probe_ == nullptr && results_.size() < request_.ports.size()) {
    if (request_.policy->permission == Permission::kStop) {
      End(VisitResult::End::kNotSent);
      return false;
    }
    if (!survey_)
      survey_ = request_.policy->make_survey(request_.ports[results_.size()], request_.address);
    probe_ = survey_->Next();
    if (probe_ == nullptr) FinishPort();
  }
  if (probe_ == nullptr && WantsCanary()) probe_ = &canary_;
  if (probe_ == nullptr) End(VisitResult::End::kVisited);
  return probe_ != nullptr;
}

// A host that refused a port, or was silent on one, has shown already that it does not answer all.
bool Visit::WantsCanary() const {
  const ContactPolicy& policy = *request_.policy;
  if (canary_silent_ || canaries_answered_ >= policy.canary_ports) return false;
  if (policy.permission == Permission::kStop || results_.empty()) return false;
  return std::all_of(results_.begin(), results_.end(), [](const PortObservation& port) {
    return port.stage != Stage::kConnect && port.outcome != Outcome::kLocalError;
  });
}

void Visit::BeReady() {
  state_ = State::kReady;
  owner_.VisitReady(this);
}

void Visit::FinishPort() {
  PortObservation observation = survey_->Finish();
  observation.port = request_.ports[results_.size()];
  results_.push_back(std::move(observation));
  survey_.reset();
}

void Visit::Connect(MonoTime now) {
  if (!FindProbe()) return;
  const ContactPolicy& policy = *request_.policy;
  if (policy.may_contact && !policy.may_contact(request_.address)) {
    End(VisitResult::End::kExcluded);
    return;
  }
  if (!contacted_) {
    // The time a target waited for its turn is not the target's.
    contacted_ = true;
    begun_ = now;
    begun_unix_ms_ = parts_.clock.UnixMillis();
    parts_.timers.Set(&limit_, now + policy.host_time_limit);
  }
  ++parts_.stats.probes_sent;
  ++local_attempts_;
  state_ = State::kTalking;
  if (AllPortsDone()) {
    connection_.Start(
        probe_, request_.address,
        CanaryPortOf(policy.canary_key, request_.address, request_.ports, canaries_answered_),
        std::min(policy.connect_timeout, kCanaryPatience), now);
    return;
  }
  connection_.Start(probe_, request_.address, request_.ports[results_.size()],
                    policy.connect_timeout, now);
}

void Visit::OnConnectionEnd(const ConnectAttempt& how, MonoTime now) {
  if (how.state == ConnectState::kNoRoom && local_attempts_ < parts_.options.local_attempts) {
    Pause(parts_.RetryWait(local_attempts_ - 1), now);
    return;
  }
  local_attempts_ = 0;
  probe_ = nullptr;
  if (AllPortsDone()) {
    const bool answered = how.state == ConnectState::kConnected;
    canaries_answered_ += answered ? 1 : 0;
    canary_silent_ = !answered;
    Pause(Duration(0), now);
    return;
  }
  if (how.state == ConnectState::kConnected) {
    survey_->OnProbeDone(now);
  } else {
    survey_->OnConnectFailed(how.outcome, now);
  }
  Pause(survey_->PauseBeforeNext(), now);
}

void Visit::Pause(Duration pause, MonoTime now) {
  state_ = State::kPaused;
  if (pause > Duration(0)) {
    parts_.timers.Set(this, now + pause);
  } else {
    OnAlarm(now);
  }
}

void Visit::OnAlarm(MonoTime) {
  // After a failure of our own side it is the same probe again.
  if (FindProbe()) BeReady();
}

void Visit::Recall(Permission permission) {
  if (!waiting()) return;  // an open connection ends by itself, FindProbe asks again
  if (AllPortsDone() && contacted_) {
    if (permission == Permission::kStop) End(VisitResult::End::kVisited);
    return;
  }
  if (permission == Permission::kStop || !contacted_) End(VisitResult::End::kNotSent);
}

void Visit::Abort() {
  if (state_ == State::kEnded) return;
  connection_.Reset();
  probe_ = nullptr;
  survey_.reset();
  End(VisitResult::End::kExcluded);
}

void Visit::OnTimeLimit(MonoTime now) {
  if (state_ == State::kEnded) return;
  if (AllPortsDone()) connection_.Reset();  // of a canary
  CutShort(now);
  while (results_.size() < request_.ports.size()) {
    results_.push_back(NeverReached(request_.ports[results_.size()]));
  }
  End(VisitResult::End::kVisited);
}

// Ends the survey under way as its contract wants it, keeping what it has learnt.
void Visit::CutShort(MonoTime now) {
  if (!survey_) return;
  if (connection_.active()) {
    connection_.Abort(now);
    survey_->OnProbeDone(now);
    probe_ = nullptr;
  }
  if (probe_ == nullptr) probe_ = survey_->Next();
  for (int i = 0; probe_ != nullptr && i < kMaxCutShort; ++i) {
    survey_->OnConnectFailed(Outcome::kTooSlow, now);
    probe_ = survey_->Next();
  }
  FinishPort();
  results_.back().outcome = Outcome::kTooSlow;
  results_.back().detail = kLimitDetail;
}

void Visit::End(VisitResult::End end) {
  was_ready_ = state_ == State::kReady;
  state_ = State::kEnded;
  parts_.timers.Cancel(this);
  parts_.timers.Cancel(&limit_);
  VisitResult result;
  result.end = end;
  result.started_unix_ms = begun_unix_ms_;
  result.duration = parts_.clock.Now() - begun_;
  const int canaries = request_.policy->canary_ports;
  result.answers_all = canaries > 0 && canaries_answered_ == canaries;
  if (end != VisitResult::End::kNotSent) result.ports = std::move(results_);
  owner_.VisitEnded(this, std::move(result));
}

}  // namespace hark

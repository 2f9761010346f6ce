#include "worker/engine/visit.h"

namespace hark {
namespace {

// A survey never has more to ask than a few key types and a legacy pass; asked more often to stop
// than this, it is broken and gets no further turn.
constexpr int kMaxCutShort = 64;
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
  if (probe_ == nullptr) End(VisitResult::End::kVisited);
  return probe_ != nullptr;
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
  if (end != VisitResult::End::kNotSent) result.ports = std::move(results_);
  owner_.VisitEnded(this, std::move(result));
}

}  // namespace hark

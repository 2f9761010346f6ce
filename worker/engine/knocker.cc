#include "worker/engine/knocker.h"

#include <utility>

namespace hark {

// A knock whose answer is not there yet.
class Knocker::Flight final : public IoHandler, public Alarm {
 public:
  Flight(Knocker& owner, KnockRequest knock, UniqueFd socket)
      : request(std::move(knock)), fd(std::move(socket)), owner_(owner) {}

  void OnReady(IoEvents) override {
    const ConnectAttempt attempt = FinishConnect(fd.get());
    if (attempt.state == ConnectState::kPending) return;
    owner_.Land(this, attempt, owner_.parts_.clock.Now());
  }
  void OnAlarm(MonoTime now) override { owner_.Land(this, ConnectFailure(ETIMEDOUT), now); }

  KnockRequest request;
  UniqueFd fd;

 private:
  Knocker& owner_;
};

namespace {

KnockResult ResultOf(const ConnectAttempt& attempt) {
  if (attempt.state == ConnectState::kConnected) return KnockResult::kAnswered;
  if (attempt.state != ConnectState::kFailed) return KnockResult::kLocalError;
  if (attempt.outcome == Outcome::kRefused) return KnockResult::kRefused;
  if (attempt.outcome == Outcome::kUnreachable) return KnockResult::kUnreachable;
  // A reset between the handshake and our look at it came from a listener.
  if (attempt.outcome == Outcome::kReset) return KnockResult::kAnswered;
  return KnockResult::kSilent;
}

std::optional<Outcome> OutcomeOf(KnockResult result) {
  switch (result) {
    case KnockResult::kAnswered:
      return Outcome::kOk;
    case KnockResult::kRefused:
      return Outcome::kRefused;
    case KnockResult::kSilent:
      return Outcome::kSilent;
    case KnockResult::kUnreachable:
      return Outcome::kUnreachable;
    case KnockResult::kLocalError:
      return Outcome::kLocalError;
    case KnockResult::kExcluded:
    case KnockResult::kNotSent:
      break;
  }
  return std::nullopt;
}

}  // namespace

Knocker::Knocker(EngineParts& parts, std::function<void(KnockRequest)> queue)
    : parts_(parts), queue_(std::move(queue)) {}

Knocker::~Knocker() {
  for (auto& [flight, owned] : flights_) {
    parts_.timers.Cancel(flight);
    parts_.reactor.Remove(flight->fd.get(), flight);
  }
  parts_.timers.Cancel(this);
}

void Knocker::Start(KnockRequest request, MonoTime now) {
  if (request.policy->may_contact && !request.policy->may_contact(request.address)) {
    End(std::move(request), KnockResult::kExcluded);
    return;
  }
  ++parts_.stats.probes_sent;
  ++request.attempts;
  ConnectAttempt attempt = StartConnect(request.address, request.port, parts_.source);
  if (attempt.state != ConnectState::kPending) {
    Settle(std::move(request), attempt, now);
    return;
  }
  auto owned = std::make_unique<Flight>(*this, std::move(request), std::move(attempt.fd));
  Flight* const flight = owned.get();
  const Status watched = parts_.reactor.Add(flight->fd.get(), {.writable = true}, flight);
  if (!watched.ok()) {
    Settle(std::move(flight->request), ConnectFailure(ENOMEM), now);
    return;
  }
  parts_.SocketOpened();
  parts_.timers.Set(flight, now + flight->request.policy->connect_timeout);
  flights_.emplace(flight, std::move(owned));
}

KnockRequest Knocker::TakeDown(Flight* flight) {
  auto node = flights_.extract(flight);
  parts_.timers.Cancel(flight);
  parts_.reactor.Forget(flight);
  flight->fd.Reset();
  parts_.SocketClosed();
  return std::move(flight->request);
}

void Knocker::Land(Flight* flight, const ConnectAttempt& attempt, MonoTime now) {
  Settle(TakeDown(flight), attempt, now);
}

void Knocker::Settle(KnockRequest request, const ConnectAttempt& attempt, MonoTime now) {
  if (attempt.state == ConnectState::kNoRoom && request.attempts < parts_.options.local_attempts) {
    RetryLater(std::move(request), now);
    return;
  }
  End(std::move(request), ResultOf(attempt));
}

void Knocker::End(KnockRequest request, KnockResult result) {
  if (result == KnockResult::kExcluded) ++parts_.stats.excluded;
  if (const auto outcome = OutcomeOf(result)) parts_.Count(*outcome);
  ++parts_.stats.results;
  request.done(result);
}

void Knocker::RetryLater(KnockRequest request, MonoTime now) {
  const MonoTime due = now + parts_.RetryWait(request.attempts - 1);
  later_.emplace(due, std::move(request));
  parts_.timers.Set(this, later_.begin()->first);
}

void Knocker::OnAlarm(MonoTime now) {
  while (!later_.empty() && later_.begin()->first <= now) {
    KnockRequest request = std::move(later_.begin()->second);
    later_.erase(later_.begin());
    // Withdrawn while it waited.
    if (request.policy->permission != Permission::kGo) {
      End(std::move(request), KnockResult::kNotSent);
    } else {
      queue_(std::move(request));
    }
  }
  if (!later_.empty()) parts_.timers.Set(this, later_.begin()->first);
}

std::vector<KnockRequest> Knocker::TakeLater(
    const std::function<bool(const KnockRequest&)>& selects) {
  std::vector<KnockRequest> taken;
  for (auto it = later_.begin(); it != later_.end();) {
    if (selects(it->second)) {
      taken.push_back(std::move(it->second));
      it = later_.erase(it);
    } else {
      ++it;
    }
  }
  return taken;
}

void Knocker::Recall(const ContactPolicy* policy) {
  // Taken out before anyone is told: callbacks may ask for more.
  for (KnockRequest& request :
       TakeLater([&](const KnockRequest& r) { return r.policy.get() == policy; })) {
    End(std::move(request), KnockResult::kNotSent);
  }
}

void Knocker::Abort(const AbortFilter& filter) {
  const auto selects = [&](const KnockRequest& r) { return filter(*r.policy, r.address); };
  std::vector<KnockRequest> aborted = TakeLater(selects);
  std::vector<Flight*> flights;
  for (const auto& [flight, owned] : flights_) {
    if (selects(flight->request)) flights.push_back(flight);
  }
  for (Flight* flight : flights) {
    ResetOnClose(flight->fd.get());
    aborted.push_back(TakeDown(flight));
  }
  for (KnockRequest& request : aborted) End(std::move(request), KnockResult::kExcluded);
}

}  // namespace hark

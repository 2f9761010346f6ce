#include "worker/engine/knocker.h"

#include <algorithm>
#include <utility>

namespace hark {

// A knock whose answer is not there yet.
class Knocker::Flight final : public IoHandler, public Alarm {
 public:
  Flight(Knocker& owner, Request knock, UniqueFd socket)
      : request(std::move(knock)), fd(std::move(socket)), owner_(owner) {}

  void OnReady(IoEvents) override {
    const ConnectAttempt attempt = FinishConnect(fd.get());
    if (attempt.state == ConnectState::kPending) return;
    owner_.Land(this, attempt, owner_.parts_.clock.Now());
  }
  void OnAlarm(MonoTime now) override { owner_.Land(this, ConnectFailure(ETIMEDOUT), now); }

  Request request;
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

Knocker::Knocker(EngineParts& parts) : parts_(parts) {}

Knocker::~Knocker() {
  for (auto& [flight, owned] : flights_) {
    parts_.timers.Cancel(flight);
    parts_.reactor.Remove(flight->fd.get(), flight);
  }
  parts_.timers.Cancel(this);
}

void Knocker::Add(PolicyPtr policy, const Address& address, uint16_t port, KnockCallback done) {
  queue_.push_back({std::move(policy), address, port, std::move(done), 0});
}

void Knocker::StartNext(MonoTime now) {
  Request request = std::move(queue_.front());
  queue_.pop_front();
  if (request.policy->may_contact && !request.policy->may_contact(request.address)) {
    End(request, KnockResult::kExcluded);
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

void Knocker::Land(Flight* flight, const ConnectAttempt& attempt, MonoTime now) {
  auto node = flights_.extract(flight);
  parts_.timers.Cancel(flight);
  parts_.reactor.Forget(flight);
  flight->fd.Reset();
  parts_.SocketClosed();
  Settle(std::move(flight->request), attempt, now);
}

void Knocker::Settle(Request request, const ConnectAttempt& attempt, MonoTime now) {
  if (attempt.state == ConnectState::kNoRoom && request.attempts < parts_.options.local_attempts) {
    RetryLater(std::move(request), now);
    return;
  }
  End(request, ResultOf(attempt));
}

void Knocker::End(Request& request, KnockResult result) {
  if (result == KnockResult::kExcluded) ++parts_.stats.excluded;
  if (const auto outcome = OutcomeOf(result)) parts_.Count(*outcome);
  ++parts_.stats.results;
  const KnockCallback done = std::move(request.done);
  done(result);
}

void Knocker::RetryLater(Request request, MonoTime now) {
  const MonoTime due = now + parts_.RetryWait(request.attempts - 1);
  later_.emplace(due, std::move(request));
  parts_.timers.Set(this, later_.begin()->first);
}

void Knocker::OnAlarm(MonoTime now) {
  while (!later_.empty() && later_.begin()->first <= now) {
    Request request = std::move(later_.begin()->second);
    later_.erase(later_.begin());
    // Withdrawn while it waited.
    if (request.policy->permission != Permission::kGo) {
      End(request, KnockResult::kNotSent);
    } else {
      queue_.push_back(std::move(request));
    }
  }
  if (!later_.empty()) parts_.timers.Set(this, later_.begin()->first);
}

void Knocker::Recall(const ContactPolicy* policy) {
  // Taken out before anyone is told: callbacks may add to the queue.
  std::vector<Request> recalled;
  const auto keep_end = std::stable_partition(
      queue_.begin(), queue_.end(), [&](const Request& r) { return r.policy.get() != policy; });
  std::move(keep_end, queue_.end(), std::back_inserter(recalled));
  queue_.erase(keep_end, queue_.end());
  for (auto it = later_.begin(); it != later_.end();) {
    if (it->second.policy.get() == policy) {
      recalled.push_back(std::move(it->second));
      it = later_.erase(it);
    } else {
      ++it;
    }
  }
  for (Request& request : recalled) End(request, KnockResult::kNotSent);
}

}  // namespace hark

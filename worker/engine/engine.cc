#include "worker/engine/engine.h"

#include <algorithm>
#include <utility>

#include "worker/engine/descriptors.h"
#include "worker/engine/room.h"

namespace hark {
namespace {

// Connections started per turn, so that answers are read in between.
constexpr int kStartsPerTurn = 512;
// At high rates tokens are collected for a millisecond, or each one would cost a system call.
constexpr double kWakeSeconds = 0.001;
// A slot that another engine gives back wakes nobody: while all are taken we look this often.
constexpr Duration kSlotLook = std::chrono::milliseconds(5);
// An alarm that rings so much too late shows that this thread was kept from looking.
constexpr Duration kLateAlarm = std::chrono::milliseconds(10);
// Looks before alarms ring all the same: peers that never stop talking must not hold them up.
constexpr int kLooks = 64;

}  // namespace

EngineStats& EngineStats::operator+=(const EngineStats& other) {
  probes_sent += other.probes_sent;
  hosts_visited += other.hosts_visited;
  results += other.results;
  excluded += other.excluded;
  given_up += other.given_up;
  in_flight += other.in_flight;
  queued_knocks += other.queued_knocks;
  ready_visits += other.ready_visits;
  visits += other.visits;
  aside += other.aside;
  for (size_t i = 0; i < outcomes.size(); ++i) outcomes[i] += other.outcomes[i];
  return *this;
}

Result<std::unique_ptr<Engine>> Engine::Create(const EngineOptions& options, const Clock& clock) {
  HARK_ASSIGN_OR_RETURN(const size_t room, MakeSocketRoom(1));
  auto budget = std::make_shared<EngineBudget>(options.probes_per_second, 1, 1, clock.Now());
  HARK_ASSIGN_OR_RETURN(auto engine, Create(options, clock, std::move(budget)));
  engine->socket_room_ = room;
  engine->SetMaxInFlight(options.max_in_flight);
  return engine;
}

Result<std::unique_ptr<Engine>> Engine::Create(const EngineOptions& options, const Clock& clock,
                                               std::shared_ptr<EngineBudget> budget) {
  HARK_ASSIGN_OR_RETURN(Reactor reactor, Reactor::Create());
  return std::unique_ptr<Engine>(new Engine(options, clock, std::move(budget), std::move(reactor)));
}

Engine::Engine(const EngineOptions& options, const Clock& clock,
               std::shared_ptr<EngineBudget> budget, Reactor reactor)
    : parts_{options,
             clock,
             std::move(budget),
             std::move(reactor),
             SourceBinder(options.source),
             {},
             {},
             {}},
      socket_room_(parts_.budget->slots()),
      knocker_(parts_,
               [this](KnockRequest knock) { LaneOf(knock.policy->pacer).Add(std::move(knock)); }),
      watch_(parts_.reactor) {}

Engine::~Engine() = default;

void Engine::Knock(PolicyPtr policy, const Address& address, uint16_t port, KnockCallback done) {
  Lane& lane = LaneOf(policy->pacer);
  lane.Add({std::move(policy), address, port, std::move(done), 0});
}

void Engine::Visit(PolicyPtr policy, const Address& address, std::vector<uint16_t> ports,
                   VisitCallback done) {
  VisitObject::Owner& owner = *this;
  auto owned = std::make_unique<VisitObject>(
      parts_, owner, VisitRequest{std::move(policy), address, std::move(ports), std::move(done)});
  VisitObject* const visit = owned.get();
  visits_.emplace(visit, std::move(owned));
  // Its first turn comes from RunOnce, so that no result comes from inside this call.
  if (hosts_.emplace(address, visit).second) {
    VisitReady(visit);
  } else {
    waiting_.emplace(address, visit);
  }
}

size_t Engine::KnockRoom() const {
  return KnockRoomOf(rate(), stats().queued_knocks);
}

size_t Engine::VisitRoom() const {
  return VisitRoomOf(max_in_flight(), visits_.size(), stats().ready_visits);
}

size_t Engine::KnockRoomFor(const ContactPolicy& policy) const {
  return policy.pacer == nullptr ? KnockRoom() : RunKnockRoomOf(*policy.pacer, rate());
}

size_t Engine::VisitRoomFor(const ContactPolicy& policy) const {
  return policy.pacer == nullptr ? VisitRoom()
                                 : RunVisitRoomOf(*policy.pacer, max_in_flight(), visits_.size());
}

void Engine::SetPermission(const PolicyPtr& policy, Permission permission) {
  policy->permission = permission;
  if (permission == Permission::kGo) return;
  const auto selects = [&](const KnockRequest& knock) { return knock.policy == policy; };
  for (KnockRequest& knock : LaneOf(policy->pacer).TakeKnocks(selects)) {
    knocker_.End(std::move(knock), KnockResult::kNotSent);
  }
  knocker_.Recall(policy.get());
  std::vector<VisitObject*> recalled;
  for (const auto& [visit, owned] : visits_) {
    if (visit->request().policy == policy) recalled.push_back(visit);
  }
  for (VisitObject* visit : recalled) visit->Recall(permission);
}

void Engine::Abort(const AbortFilter& filter) {
  const auto selects = [&](const KnockRequest& knock) {
    return filter(*knock.policy, knock.address);
  };
  // Everything is taken out before anyone is told: callbacks may ask for more.
  std::vector<KnockRequest> knocks;
  for (const auto& lane : lanes_) {
    for (KnockRequest& knock : lane->TakeKnocks(selects)) knocks.push_back(std::move(knock));
  }
  std::vector<VisitObject*> visits;
  for (const auto& [visit, owned] : visits_) {
    if (filter(*visit->request().policy, visit->request().address)) visits.push_back(visit);
  }
  knocker_.Abort(filter);
  for (KnockRequest& knock : knocks) knocker_.End(std::move(knock), KnockResult::kExcluded);
  for (VisitObject* visit : visits) visit->Abort();
}

void Engine::SetRate(double per_second) {
  parts_.budget->SetRate(per_second, parts_.clock.Now());
}

void Engine::SetMaxInFlight(size_t sockets) {
  parts_.budget->SetSlots(std::clamp<size_t>(sockets, 1, socket_room_));
}

Status Engine::Watch(int fd, std::function<void()> readable) {
  return watch_.Watch(fd, std::move(readable));
}

void Engine::Unwatch(int fd) {
  watch_.Unwatch(fd);
}

void Engine::RunOnce(Duration max_wait) {
  // Whoever got a result may have more to do for us: it is not kept waiting.
  EndTurn(BeginTurn() ? Duration(0) : max_wait);
}

bool Engine::BeginTurn() {
  const uint64_t results_before = parts_.stats.results;
  if (parts_.timers.next() + kLateAlarm <= parts_.clock.Now()) HearAnswers();
  parts_.timers.RingDue(parts_.clock.Now());
  LimitTarpits();
  StartConnections();
  return parts_.stats.results != results_before;
}

// The process was stopped, its machine slept or its disk stalled: what came meanwhile was in time,
// and must not be taken for silence because we look late.
void Engine::HearAnswers() {
  for (int look = 0; look < kLooks && parts_.reactor.Wait(Duration(0)); ++look) {
  }
}

void Engine::LimitTarpits() {
  const size_t most = Tarpits::Most(max_in_flight() / parts_.budget->sharers());
  while (SlowTalk* const oldest = parts_.tarpits.Excess(most)) {
    ++parts_.stats.given_up;
    oldest->GiveUp(parts_.clock.Now());
  }
}

void Engine::EndTurn(Duration max_wait) {
  parts_.reactor.Wait(WaitTime(max_wait));
  ended_.clear();
}

double Engine::WakeTokens() const {
  return std::max(1.0, rate() * kWakeSeconds);
}

Lane& Engine::LaneOf(const PacerPtr& pacer) {
  const auto found = std::find_if(lanes_.begin(), lanes_.end(),
                                  [&](const auto& lane) { return lane->pacer() == pacer.get(); });
  if (found != lanes_.end()) return **found;
  std::erase_if(lanes_, [](const auto& lane) { return lane->forgotten(); });
  return *lanes_.emplace_back(std::make_unique<Lane>(pacer));
}

MonoTime Engine::WhenReady(MonoTime now) const {
  MonoTime when = kNever;
  for (const auto& lane : lanes_) when = std::min(when, lane->When(now));
  return when;
}

void Engine::StartConnections() {
  const MonoTime now = parts_.clock.Now();
  if (WhenReady(now) > now || parts_.budget->WhenTokens(WakeTokens(), now) > now) return;
  bool paid = false;
  for (int started = 0; started < kStartsPerTurn; ++started) {
    // The slot that lets us in; the socket, if it comes to one, has its own.
    if (!parts_.budget->TakeSlot()) break;
    paid = parts_.budget->TakeToken(now);
    const bool went = paid && StartOne(now);
    parts_.budget->ReturnSlot();
    if (!went) break;
    paid = false;
  }
  if (paid) parts_.budget->ReturnToken();
}

bool Engine::StartOne(MonoTime now) {
  for (size_t i = 0; i < lanes_.size(); ++i) {
    const size_t at = (turn_ + i) % lanes_.size();
    auto next = lanes_[at]->Next(now);
    if (!next) continue;
    turn_ = at + 1;
    // What follows may add lanes.
    if (auto* visit = std::get_if<VisitObject*>(&*next)) {
      (*visit)->Connect(now);
    } else {
      knocker_.Start(std::get<KnockRequest>(std::move(*next)), now);
    }
    return true;
  }
  return false;
}

Duration Engine::WaitTime(Duration max_wait) const {
  const MonoTime now = parts_.clock.Now();
  MonoTime until = parts_.timers.next();
  const MonoTime ready = WhenReady(now);
  if (ready != kNever && parts_.budget->HasSlot()) {
    until = std::min(until, std::max(ready, parts_.budget->WhenTokens(WakeTokens(), now)));
  } else if (ready != kNever && parts_.budget->sharers() > 1) {
    until = std::min(until, std::max(ready, now + kSlotLook));
  }
  if (until == kNever) return max_wait;
  return std::clamp(until - now, Duration(0), max_wait);
}

void Engine::VisitReady(VisitObject* visit) {
  LaneOf(visit->request().policy->pacer).Add(visit);
}

void Engine::VisitEnded(VisitObject* visit, VisitResult result) {
  if (visit->was_ready()) LaneOf(visit->request().policy->pacer).Remove(visit);
  HostIsFree(visit);
  auto node = visits_.extract(visit);
  ended_.push_back(std::move(node.mapped()));
  switch (result.end) {
    case VisitResult::End::kVisited:
      ++parts_.stats.hosts_visited;
      for (const PortObservation& port : result.ports) parts_.Count(port.outcome);
      break;
    case VisitResult::End::kExcluded:
      ++parts_.stats.excluded;
      break;
    case VisitResult::End::kNotSent:
      break;
  }
  ++parts_.stats.results;
  const VisitCallback done = visit->TakeCallback();
  done(std::move(result));
}

// The visit is over: the next one to its host may begin.
void Engine::HostIsFree(VisitObject* visit) {
  const Address& address = visit->request().address;
  const auto [first, last] = waiting_.equal_range(address);
  const auto host = hosts_.find(address);
  if (host->second != visit) {
    waiting_.erase(std::find_if(first, last, [&](const auto& e) { return e.second == visit; }));
  } else if (first == last) {
    hosts_.erase(host);
  } else {
    host->second = first->second;
    waiting_.erase(first);
    VisitReady(host->second);
  }
}

bool Engine::idle() const {
  return visits_.empty() && stats().queued_knocks == 0 && stats().aside == 0 &&
         parts_.stats.in_flight == 0;
}

EngineStats Engine::stats() const {
  EngineStats stats = parts_.stats;
  stats.queued_knocks = knocker_.later();
  for (const auto& lane : lanes_) {
    stats.queued_knocks += lane->knocks();
    stats.ready_visits += lane->visits();
    stats.aside += lane->aside();
  }
  stats.visits = visits_.size();
  return stats;
}

}  // namespace hark

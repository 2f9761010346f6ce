#include "worker/engine/engine_pool.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "worker/engine/descriptors.h"
#include "worker/engine/room.h"

namespace hark {

Result<std::unique_ptr<EngineLoop>> MakeEngineLoop(const EngineOptions& options, size_t threads,
                                                   const Clock& clock) {
  if (threads > 1) {
    HARK_ASSIGN_OR_RETURN(auto pool, EnginePool::Create(options, threads, clock));
    return std::unique_ptr<EngineLoop>(std::move(pool));
  }
  HARK_ASSIGN_OR_RETURN(auto engine, Engine::Create(options, clock));
  return std::unique_ptr<EngineLoop>(std::move(engine));
}

Result<std::unique_ptr<EnginePool>> EnginePool::Create(const EngineOptions& options, size_t threads,
                                                       const Clock& clock) {
  HARK_ASSIGN_OR_RETURN(const size_t room, MakeSocketRoom(threads));
  HARK_ASSIGN_OR_RETURN(Reactor reactor, Reactor::Create());
  UniqueFd wake(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake.valid()) return ErrnoStatus("eventfd", errno);
  std::unique_ptr<EnginePool> pool(
      new EnginePool(clock, std::move(reactor), std::move(wake), room));
  pool->budget_ = std::make_shared<EngineBudget>(options.probes_per_second,
                                                 std::clamp<size_t>(options.max_in_flight, 1, room),
                                                 threads, clock.Now());
  const int fd = pool->wake_.get();
  HARK_RETURN_IF_ERROR(pool->watch_.Watch(fd, [fd] {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t n = read(fd, &count, sizeof count);
  }));
  for (size_t i = 0; i < threads; ++i) {
    HARK_ASSIGN_OR_RETURN(auto engine, Engine::Create(options, clock, pool->budget_));
    pool->threads_.push_back(std::make_unique<EngineThread>(std::move(engine), fd));
    HARK_RETURN_IF_ERROR(pool->threads_.back()->Start());
  }
  return pool;
}

EnginePool::EnginePool(const Clock& clock, Reactor reactor, UniqueFd wake, size_t socket_room)
    : clock_(clock),
      reactor_(std::move(reactor)),
      watch_(reactor_),
      wake_(std::move(wake)),
      socket_room_(socket_room) {}

EnginePool::~EnginePool() {
  threads_.clear();  // joined before anything they write to goes
}

EngineThread& EnginePool::ThreadOf(const Address& address) {
  return *threads_[std::hash<Address>()(address) % threads_.size()];
}

void EnginePool::Knock(PolicyPtr policy, const Address& address, uint16_t port,
                       KnockCallback done) {
  InLine in_line(policy->pacer == nullptr ? nullptr : &policy->pacer->line.knocks);
  ThreadOf(address).Give(
      KnockOrder{std::move(policy), address, port, std::move(done), std::move(in_line)});
}

void EnginePool::Visit(PolicyPtr policy, const Address& address, std::vector<uint16_t> ports,
                       VisitCallback done) {
  InLine in_line(policy->pacer == nullptr ? nullptr : &policy->pacer->line.visits);
  ThreadOf(address).Give(
      VisitOrder{VisitRequest{std::move(policy), address, std::move(ports), std::move(done)},
                 std::move(in_line)});
}

size_t EnginePool::KnockRoom() const {
  return KnockRoomOf(rate(), stats().queued_knocks);
}

size_t EnginePool::VisitRoom() const {
  const EngineStats now = stats();
  return VisitRoomOf(max_in_flight(), now.visits, now.ready_visits, kVisitQueue * threads_.size());
}

size_t EnginePool::KnockRoomFor(const ContactPolicy& policy) const {
  return policy.pacer == nullptr ? KnockRoom() : RunKnockRoomOf(*policy.pacer, rate());
}

size_t EnginePool::VisitRoomFor(const ContactPolicy& policy) const {
  if (policy.pacer == nullptr) return VisitRoom();
  return RunVisitRoomOf(*policy.pacer, max_in_flight(), stats().visits,
                        kVisitQueue * threads_.size());
}

void EnginePool::SetRate(double per_second) {
  budget_->SetRate(per_second, clock_.Now());
  for (const auto& thread : threads_) thread->Nudge();
}

void EnginePool::SetMaxInFlight(size_t sockets) {
  budget_->SetSlots(std::clamp<size_t>(sockets, 1, socket_room_));
  for (const auto& thread : threads_) thread->Nudge();
}

void EnginePool::SetPermission(const PolicyPtr& policy, Permission permission) {
  policy->permission = permission;
  if (permission == Permission::kGo) return;
  OrderAll([&](auto obeyed) { return RecallOrder{policy, permission, std::move(obeyed)}; });
}

void EnginePool::Abort(const AbortFilter& filter) {
  OrderAll([&](auto obeyed) { return AbortOrder{filter, std::move(obeyed)}; });
}

void EnginePool::OrderAll(const std::function<EngineOrder(std::shared_ptr<std::latch>)>& make) {
  const auto obeyed = std::make_shared<std::latch>(static_cast<ptrdiff_t>(threads_.size()));
  for (const auto& thread : threads_) thread->Give(make(obeyed));
  obeyed->wait();
  Deliver();
}

Status EnginePool::Watch(int fd, std::function<void()> readable) {
  return watch_.Watch(fd, std::move(readable));
}

void EnginePool::Unwatch(int fd) {
  watch_.Unwatch(fd);
}

void EnginePool::RunOnce(Duration max_wait) {
  reactor_.Wait(max_wait);
  Deliver();
}

void EnginePool::Deliver() {
  std::vector<EngineResult> results;
  for (const auto& thread : threads_) thread->TakeResults(&results);
  for (EngineResult& result : results) {
    if (auto* knock = std::get_if<KnockDone>(&result)) {
      knock->done(knock->result);
    } else {
      auto& visit = std::get<VisitDone>(result);
      visit.done(std::move(visit.result));
    }
  }
}

EngineStats EnginePool::stats() const {
  EngineStats sum;
  for (const auto& thread : threads_) sum += thread->Look();
  return sum;
}

}  // namespace hark

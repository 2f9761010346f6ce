#include "worker/engine/engine.h"

#include <sys/resource.h>

#include <algorithm>
#include <utility>

namespace hark {
namespace {

// Left for the bus, the spool, logs and libraries.
constexpr size_t kReservedDescriptors = 128;
// Connections started per turn, so that answers are read in between.
constexpr int kStartsPerTurn = 512;
// Requests held ready: enough for the time between two looks of the job runner.
constexpr double kQueueSeconds = 0.1;
constexpr size_t kMinKnockQueue = 64;
constexpr size_t kVisitQueue = 64;
// Most of a visit's time is pauses without a socket: more hosts than slots keep the slots busy.
constexpr size_t kVisitsPerSlot = 4;
// At high rates tokens are collected for a millisecond, or each one would cost a system call.
constexpr double kWakeSeconds = 0.001;

size_t RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 256;
  const rlim_t wanted = std::min<rlim_t>(limit.rlim_max, 1 << 20);
  if (limit.rlim_cur < wanted) {
    const rlimit raised{wanted, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit.rlim_cur = wanted;
  }
  return static_cast<size_t>(limit.rlim_cur);
}

}  // namespace

class Engine::Watcher final : public IoHandler {
 public:
  explicit Watcher(std::function<void()> readable) : readable_(std::move(readable)) {}
  void OnReady(IoEvents) override { readable_(); }

 private:
  std::function<void()> readable_;
};

Result<std::unique_ptr<Engine>> Engine::Create(const EngineOptions& options, const Clock& clock) {
  const size_t descriptors = RaiseDescriptorLimit();
  if (descriptors < 2 * kReservedDescriptors) {
    return Unavailable("the limit of open files is below 256");
  }
  HARK_ASSIGN_OR_RETURN(Reactor reactor, Reactor::Create());
  return std::unique_ptr<Engine>(
      new Engine(options, clock, std::move(reactor), descriptors - kReservedDescriptors));
}

Engine::Engine(const EngineOptions& options, const Clock& clock, Reactor reactor,
               size_t socket_room)
    : parts_{options, clock, std::move(reactor), {}, {}},
      socket_room_(socket_room),
      bucket_(options.probes_per_second, clock.Now()),
      knocker_(parts_) {
  SetMaxInFlight(options.max_in_flight);
}

Engine::~Engine() {
  while (!watchers_.empty()) Unwatch(watchers_.begin()->first);
}

void Engine::Knock(PolicyPtr policy, const Address& address, uint16_t port, KnockCallback done) {
  knocker_.Add(std::move(policy), address, port, std::move(done));
}

void Engine::Visit(PolicyPtr policy, const Address& address, std::vector<uint16_t> ports,
                   VisitCallback done) {
  VisitObject::Owner& owner = *this;
  auto owned = std::make_unique<VisitObject>(
      parts_, owner, VisitRequest{std::move(policy), address, std::move(ports), std::move(done)});
  VisitObject* const visit = owned.get();
  visits_.emplace(visit, std::move(owned));
  // Its first turn comes from RunOnce, so that no result comes from inside this call.
  ready_.push_back(visit);
}

size_t Engine::KnockRoom() const {
  const size_t wanted =
      std::max(kMinKnockQueue, static_cast<size_t>(bucket_.rate() * kQueueSeconds));
  return wanted - std::min(wanted, knocker_.queued());
}

size_t Engine::VisitRoom() const {
  const size_t most = kVisitsPerSlot * max_in_flight();
  const size_t by_count = most - std::min(most, visits_.size());
  return std::min(by_count, kVisitQueue - std::min(kVisitQueue, ready_.size()));
}

void Engine::SetPermission(const PolicyPtr& policy, Permission permission) {
  policy->permission = permission;
  if (permission == Permission::kGo) return;
  knocker_.Recall(policy.get());
  std::vector<VisitObject*> recalled;
  for (const auto& [visit, owned] : visits_) {
    if (visit->request().policy == policy) recalled.push_back(visit);
  }
  for (VisitObject* visit : recalled) visit->Recall(permission);
}

void Engine::SetRate(double per_second) {
  bucket_.SetRate(per_second, parts_.clock.Now());
}

void Engine::SetMaxInFlight(size_t sockets) {
  parts_.options.max_in_flight = std::clamp<size_t>(sockets, 1, socket_room_);
}

Status Engine::Watch(int fd, std::function<void()> readable) {
  auto watcher = std::make_unique<Watcher>(std::move(readable));
  HARK_RETURN_IF_ERROR(parts_.reactor.Add(fd, {.readable = true, .edge = true}, watcher.get()));
  watchers_[fd] = std::move(watcher);
  return Status::Ok();
}

void Engine::Unwatch(int fd) {
  const auto found = watchers_.find(fd);
  if (found == watchers_.end()) return;
  parts_.reactor.Remove(fd, found->second.get());
  watchers_.erase(found);
}

void Engine::RunOnce(Duration max_wait) {
  const uint64_t results_before = parts_.stats.results;
  parts_.timers.RingDue(parts_.clock.Now());
  StartConnections();
  // Whoever got a result may have more to do for us: it is not kept waiting.
  const bool results = parts_.stats.results != results_before;
  parts_.reactor.Wait(results ? Duration(0) : WaitTime(max_wait));
  ended_.clear();
}

double Engine::WakeTokens() const {
  return std::max(1.0, bucket_.rate() * kWakeSeconds);
}

void Engine::StartConnections() {
  const MonoTime now = parts_.clock.Now();
  if (bucket_.WhenAvailable(WakeTokens(), now) > now) return;
  for (int started = 0; started < kStartsPerTurn && HasReady(); ++started) {
    if (parts_.stats.in_flight >= max_in_flight() || !bucket_.TryTake(1, now)) return;
    if (ready_.empty()) {
      knocker_.StartNext(now);
      continue;
    }
    VisitObject* const visit = ready_.front();
    ready_.pop_front();
    visit->Connect(now);
  }
}

Duration Engine::WaitTime(Duration max_wait) const {
  const MonoTime now = parts_.clock.Now();
  MonoTime until = parts_.timers.next();
  if (HasReady() && parts_.stats.in_flight < max_in_flight()) {
    until = std::min(until, bucket_.WhenAvailable(WakeTokens(), now));
  }
  if (until == kNever) return max_wait;
  return std::clamp(until - now, Duration(0), max_wait);
}

void Engine::VisitReady(VisitObject* visit) {
  ready_.push_back(visit);
}

void Engine::VisitEnded(VisitObject* visit, VisitResult result) {
  const auto in_ready = std::find(ready_.begin(), ready_.end(), visit);
  if (in_ready != ready_.end()) ready_.erase(in_ready);
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

bool Engine::idle() const {
  return visits_.empty() && knocker_.queued() == 0 && parts_.stats.in_flight == 0;
}

EngineStats Engine::stats() const {
  EngineStats stats = parts_.stats;
  stats.queued = ready_.size() + knocker_.queued();
  stats.visits = visits_.size();
  return stats;
}

}  // namespace hark

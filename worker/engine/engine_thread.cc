#include "worker/engine/engine_thread.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <iterator>
#include <utility>

namespace hark {
namespace {

// Orders and results wake the loop; this is for nothing but a missed edge.
constexpr Duration kTurn = std::chrono::seconds(1);

void Wake(int fd) {
  const uint64_t one = 1;
  // EAGAIN: so many wake-ups are pending that one more says nothing.
  [[maybe_unused]] const ssize_t n = write(fd, &one, sizeof one);
}

void Drain(int fd) {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t n = read(fd, &count, sizeof count);
}

}  // namespace

EngineThread::EngineThread(std::unique_ptr<Engine> engine, int wake)
    : engine_(std::move(engine)), wake_owner_(wake) {}

EngineThread::~EngineThread() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  Wake(wake_thread_.get());
  thread_.join();
}

Status EngineThread::Start() {
  wake_thread_ = UniqueFd(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake_thread_.valid()) return ErrnoStatus("eventfd", errno);
  HARK_RETURN_IF_ERROR(
      engine_->Watch(wake_thread_.get(), [fd = wake_thread_.get()] { Drain(fd); }));
  thread_ = std::thread([this] { Run(); });
  return Status::Ok();
}

void EngineThread::Give(EngineOrder order) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = orders_.empty();
    given_knocks_ += std::holds_alternative<KnockOrder>(order) ? 1 : 0;
    given_visits_ += std::holds_alternative<VisitOrder>(order) ? 1 : 0;
    orders_.push_back(std::move(order));
  }
  if (first) Wake(wake_thread_.get());
}

void EngineThread::Nudge() {
  Wake(wake_thread_.get());
}

void EngineThread::TakeResults(std::vector<EngineResult>* out) {
  const std::lock_guard lock(mutex_);
  std::move(results_.begin(), results_.end(), std::back_inserter(*out));
  results_.clear();
}

EngineStats EngineThread::Look() const {
  const std::lock_guard lock(mutex_);
  EngineStats stats = stats_;
  stats.queued_knocks += given_knocks_;
  stats.ready_visits += given_visits_;
  stats.visits += given_visits_;
  return stats;
}

void EngineThread::Run() {
  for (;;) {
    TakeOrders();
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    // Before it sleeps the room it has made is told, after it what came of it.
    engine_->BeginTurn();
    Publish();
    engine_->EndTurn(kTurn);
    Publish();
  }
}

void EngineThread::TakeOrders() {
  std::vector<EngineOrder> orders;
  {
    const std::lock_guard lock(mutex_);
    orders.swap(orders_);
    // Still counted by Look until the turn has made them the engine's own.
    stats_.queued_knocks += std::exchange(given_knocks_, 0);
    stats_.ready_visits += given_visits_;
    stats_.visits += std::exchange(given_visits_, 0);
  }
  for (EngineOrder& order : orders) Obey(std::move(order));
}

void EngineThread::Obey(EngineOrder order) {
  if (auto* knock = std::get_if<KnockOrder>(&order)) {
    engine_->Knock(knock->policy, knock->address, knock->port,
                   [this, done = std::move(knock->done)](KnockResult result) mutable {
                     finished_.push_back(KnockDone{std::move(done), result});
                   });
  } else if (auto* visit = std::get_if<VisitOrder>(&order)) {
    VisitRequest& request = visit->request;
    engine_->Visit(request.policy, request.address, std::move(request.ports),
                   [this, done = std::move(request.done)](VisitResult result) mutable {
                     finished_.push_back(VisitDone{std::move(done), std::move(result)});
                   });
  } else if (auto* recall = std::get_if<RecallOrder>(&order)) {
    engine_->SetPermission(recall->policy, recall->permission);
    Publish();
    recall->obeyed->count_down();
  } else {
    const AbortOrder& abort = std::get<AbortOrder>(order);
    engine_->Abort(abort.filter);
    Publish();
    abort.obeyed->count_down();
  }
}

void EngineThread::Publish() {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    stats_ = engine_->stats();
    first = results_.empty() && !finished_.empty();
    std::move(finished_.begin(), finished_.end(), std::back_inserter(results_));
  }
  finished_.clear();
  if (first) Wake(wake_owner_);
}

}  // namespace hark

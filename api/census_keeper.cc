#include "api/census_keeper.h"

namespace hark {

template <typename Tally>
KeptTally<Tally>::~KeptTally() {
  stop_ = true;
  if (background_.joinable()) background_.join();
}

// Counts without the lock, and tells those who wait.
template <typename Tally>
Result<typename KeptTally<Tally>::Pointer> KeptTally<Tally>::Make(
    const ApiView& view, std::unique_lock<std::mutex>& lock) {
  making_ = true;
  lock.unlock();
  const SystemClock clock;
  const MonoTime begin = clock.Now();
  Result<Tally> tally = count_(*view.history, stop_);
  lock.lock();
  making_ = false;
  made_.notify_all();
  if (!tally.ok()) return tally.status();
  made_at_ = clock.Now();
  took_ = made_at_ - begin;
  generation_ = view.generation;
  tally_ = std::make_shared<const Tally>(std::move(*tally));
  return tally_;
}

// A failure leaves the old tally, and the next question tries again.
template <typename Tally>
void KeptTally<Tally>::MakeInBackground(std::shared_ptr<const ApiView> view) {
  if (background_.joinable()) background_.join();  // it has ended: making_ was false
  making_ = true;
  background_ = std::thread([this, view = std::move(view)] {
    std::unique_lock lock(mutex_);
    static_cast<void>(Make(*view, lock).ok());
  });
}

template <typename Tally>
Result<typename KeptTally<Tally>::Pointer> KeptTally<Tally>::Get(
    const std::shared_ptr<const ApiView>& view, HttpLane lane) {
  std::unique_lock lock(mutex_);
  if (tally_ && generation_ == view->generation) return tally_;
  if (tally_ && took_ >= kSoonMade) {
    const bool rested = SystemClock().Now() - made_at_ >= kRests * took_;
    if (!making_ && rested && generation_ < view->generation) MakeInBackground(view);
    return tally_;
  }
  if (lane == HttpLane::kQuick) return Pointer();
  made_.wait(lock, [&] { return !making_; });
  if (tally_ && generation_ >= view->generation) return tally_;
  return Make(*view, lock);
}

CensusKeeper::~CensusKeeper() {
  hosts.Stop();
  banners.Stop();
  algorithms.Stop();
  keys.Stop();
  if (maker_.joinable()) maker_.join();
}

// A failure is told to those who ask.
void CensusKeeper::MakeAll(ViewSource view) {
  maker_ = std::thread([this, view = std::move(view)] {
    const auto make = [&](auto& tally) {
      static_cast<void>(tally.Get(view(), HttpLane::kPatient).ok());
    };
    make(algorithms);
    make(banners);
    make(hosts);
    make(keys);
  });
}

template class KeptTally<HostTally>;
template class KeptTally<BannerTally>;
template class KeptTally<AlgorithmTally>;
template class KeptTally<KeyTally>;

}  // namespace hark

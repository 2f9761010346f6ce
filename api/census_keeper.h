#pragma once

// Keeps the tallies of the store (api/census.h). The first question for one waits until it is made;
// when the store has changed since, a tally that takes long is made anew in the background, not too
// often, and the one at hand answers meanwhile; one that is quickly made is made at once.
//
// Threads: all functions may be called by several threads at once.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "api/api_context.h"
#include "api/census.h"
#include "api/http.h"
#include "base/status.h"
#include "base/time.h"

namespace hark {

template <typename Tally>
class KeptTally {
 public:
  using Count = std::function<Result<Tally>(const HistoryReader&, const StopSign&)>;
  using Pointer = std::shared_ptr<const Tally>;

  explicit KeptTally(Count count) : count_(std::move(count)) {}
  ~KeptTally();
  KeptTally(const KeptTally&) = delete;
  KeptTally& operator=(const KeptTally&) = delete;

  // In kQuick a null pointer where it would have to be waited for.
  Result<Pointer> Get(const std::shared_ptr<const ApiView>& view, HttpLane lane);
  // Whoever counts now ends early, and whoever waits for him gets kInterrupted. For good.
  void Stop() { stop_ = true; }

 private:
  // A tally that took less is made anew on the spot.
  static constexpr Duration kSoonMade = std::chrono::milliseconds(100);
  // One that takes longer rests this many times as long as it took: a store that a scan writes to
  // is another one every few seconds, and counting may not take more than a tenth of a processor.
  static constexpr int kRests = 9;

  Result<Pointer> Make(const ApiView& view, std::unique_lock<std::mutex>& lock);
  void MakeInBackground(std::shared_ptr<const ApiView> view);

  const Count count_;
  StopSign stop_ = false;
  std::mutex mutex_;
  std::condition_variable made_;
  Pointer tally_;  // null: none yet
  uint64_t generation_ = 0;
  Duration took_{};
  MonoTime made_at_{};
  bool making_ = false;
  std::thread background_;
};

class CensusKeeper {
 public:
  using ViewSource = std::function<std::shared_ptr<const ApiView>()>;

  CensusKeeper() = default;
  ~CensusKeeper();

  // Makes all of them in the background, the quickest first, so that nobody has to wait for one.
  // At most once.
  void MakeAll(ViewSource view);

  KeptTally<HostTally> hosts{TallyHosts};
  KeptTally<BannerTally> banners{TallyBanners};
  KeptTally<AlgorithmTally> algorithms{TallyAlgorithms};
  KeptTally<KeyTally> keys{TallyKeys};

 private:
  std::thread maker_;
};

}  // namespace hark

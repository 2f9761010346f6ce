#pragma once

// The rates of one run, shared by all its jobs and all engine threads: connection attempts a second
// in all, to any one /24 (IPv6: /48), and to any one AS. Every attempt takes from all three or from
// none, so each ceiling holds over any window: at most rate × w + max(1, rate × 10 ms) in w
// seconds.
//
//   Take says  | because                         | the target
//   go         | all buckets had a token         | is contacted now
//   run waits  | the run's share is used up      | stays first in line
//   place waits | its prefix or its AS had enough | stands aside until then, others go on
//
// Memory: one entry for every prefix and AS contacted within the last 1/rate seconds, kMaxPlaces at
// most; when they are all taken new places wait.
//
// Threads: any number.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/address.h"
#include "base/as_table.h"
#include "base/time.h"
#include "base/token_bucket.h"

namespace hark {

struct PaceLimits {
  double per_second = 0;  // 0 = nothing is sent
  double per_prefix = 0;  // 0 = no ceiling
  double per_as = 0;      // 0 = no ceiling

  bool operator==(const PaceLimits&) const = default;
};

class RunPacer {
 public:
  // About 13 MiB a run.
  static constexpr size_t kMaxPlaces = size_t{1} << 18;

  using Place = uint64_t;  // a prefix or an AS
  struct Answer {
    enum class Kind : uint8_t { kGo, kRunWaits, kPlaceWaits };
    Kind kind = Kind::kGo;
    MonoTime when{};  // not before; kNever: not at the present rate
    Place place = 0;  // kPlaceWaits
  };

  // Nothing is sent before SetLimits.
  explicit RunPacer(MonoTime now) : run_(0, now) {}

  void SetLimits(const PaceLimits& limits, MonoTime now);
  // No ceiling of the run's own: for coordinators that know none.
  void SetUnlimited(MonoTime now);
  // Without one nothing is known of ASes and per_as is idle.
  void SetAsTable(std::shared_ptr<const AsTable> table);

  Answer Take(const Address& address, MonoTime now);
  // The same in two steps, for bursts of SYNs: first so many of the run's tokens, `leave` of them
  // stay for others; then, if there are ceilings of places, for each target those of its places
  // (never kRunWaits). What was not used of the first goes back.
  struct Allowance {
    size_t attempts = 0;
    bool ask_places = false;
  };
  Allowance TakeRun(size_t most, size_t leave, MonoTime now);
  Answer TakePlaces(const Address& address, MonoTime now);
  void ReturnRun(size_t attempts);
  // Of a target that TakePlaces let go and that did not leave.
  void ReturnPlaces(const Address& address);

  // When n of the run's tokens will be there (fewer if the bucket holds fewer).
  MonoTime WhenRun(double seconds_worth, MonoTime now) const;
  // When the place will have a token.
  MonoTime WhenPlace(Place place, MonoTime now) const;
  double rate() const;
  size_t places() const;
  // No place is in debt: a new pacer would do as well.
  bool OwesNothing(MonoTime now);
  // The run is over; engines may forget it.
  void Retire() { retired_ = true; }
  bool retired() const { return retired_; }
  // Grows whenever limits change: what stands aside is worth another look.
  uint64_t changes() const { return changes_; }

  // What waits for it in all engines: in line, and aside for a place. For whoever decides how much
  // more to begin.
  struct Line {
    std::atomic<size_t> knocks{0};
    std::atomic<size_t> visits{0};
    std::atomic<size_t> knocks_aside{0};
    std::atomic<size_t> visits_aside{0};
  };
  Line line;

 private:
  // Of one kind of place; next: when the first token after those taken is earned.
  struct Ceiling {
    Duration interval{0};  // 1 / rate; 0 = no ceiling
    Duration burst{0};     // how far ahead of the rate it may be
  };
  static Ceiling CeilingOf(double per_second);
  MonoTime FreeFrom(Place place, const Ceiling& ceiling) const;
  void Charge(Place place, const Ceiling& ceiling, MonoTime now);
  Place PrefixPlace(const Address& address) const;
  Place AsPlace(const Address& address) const;
  Answer TakePlacesLocked(const Address& address, MonoTime now);
  bool HasRoom(MonoTime now);
  void ForgiveBeyond(MonoTime now);
  const Ceiling& CeilingAt(Place place) const;

  std::atomic<uint64_t> changes_{0};
  std::atomic<bool> retired_{false};
  mutable std::mutex mutex_;
  bool unlimited_ = false;  // under mutex_, as is all that follows
  PaceLimits limits_;
  TokenBucket run_;
  Ceiling prefix_;
  Ceiling as_;
  std::shared_ptr<const AsTable> as_table_;
  std::unordered_map<Place, MonoTime> earned_;  // a place that is not there has all its tokens
  size_t sweep_at_ = 0;
  MonoTime sweep_after_{};
};

using PacerPtr = std::shared_ptr<RunPacer>;

}  // namespace hark

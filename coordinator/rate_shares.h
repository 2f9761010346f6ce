#pragma once

// Who may send how fast: the ceiling of all runs together and each run's own ceilings, divided over
// the workers that are there. Pure; nothing here is sent, the owner tells the workers.
//
// The one rule: whatever is on its way, what all workers may be obeying never sums to more than a
// ceiling. A worker may be obeying anything it was told and has not superseded, so
//
//   granted   what it is to be told, or was told last
//   taken     the most of granted and of everything told since what it says it obeys
//   target    what it would have if everybody obeyed at once
//
// a share falls to its target at once, and grows only into what the sum of `taken` leaves. A worker
// that has vanished keeps what it had taken until its leases must have ended. After a restart of
// the coordinator the shares of those that hold leases are not known: no share grows until all of
// them have said HELLO, or their leases must have ended. What those who have said it leave of the
// ceiling is no measure: one that was cut off when the ceiling fell says more than it was reckoned
// with.
//
// Ceilings per network are divided in the proportion of the rate: a worker's share of them is that
// of the run's rate.
//
// Cost: Divide is O(workers × runs); everything else is of one worker.

#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"

namespace hark {

inline constexpr double kUnlimited = std::numeric_limits<double>::infinity();

// A part of a run's ceilings; per network kUnlimited where the run has no such ceiling.
struct RateShare {
  double pps = 0;
  double per_prefix = 0;
  double per_as = 0;

  bool operator==(const RateShare&) const = default;
};

inline constexpr double RateShare::*kShareParts[] = {&RateShare::pps, &RateShare::per_prefix,
                                                     &RateShare::per_as};

class RateShares {
 public:
  using Shares = std::map<uint32_t, RateShare>;  // by run; one that is not there is nothing

  // expected_workers: the rate is divided by at least this many, so that those who come first need
  // not give back what the next ones wait for.
  RateShares(double ceiling, size_t expected_workers)
      : ceiling_(ceiling), expected_workers_(expected_workers) {}

  struct Run {
    double weight = 1;
    double pps = kUnlimited;  // its own ceiling
    double per_prefix = kUnlimited;
    double per_as = kUnlimited;
    bool open = true;  // else it takes nothing

    bool operator==(const Run&) const = default;
  };
  void SetCeiling(double pps);
  void SetRun(uint32_t run, const Run& terms);
  void DropRun(uint32_t run);

  struct Worker {
    double max_pps = kUnlimited;  // over all runs
    std::set<uint32_t> runs;      // it may work on

    bool operator==(const Worker&) const = default;
  };
  // The worker is there, anew perhaps. applies: what it goes on with until it is told otherwise,
  // which it must be once, whether Divide names it or not. lent: this was kept for it, as taken or
  // reserved. Else others may have it already, and it gets its first share of what is left.
  void Join(const std::string& worker, Worker terms, const Shares& applies, bool lent = true);
  void SetTerms(const std::string& worker, Worker terms);
  // It may go on until then; a time that is over: it has stopped.
  void Leave(const std::string& worker, MonoTime until, MonoTime now);
  // After a restart: these may be at work with shares nobody here knows. Adds to those of before.
  void Reserve(const std::set<std::string>& holders, MonoTime until);
  bool Reserves(const std::string& holder) const { return holders_.contains(holder); }
  // It is known to be at work no longer.
  void Forget(const std::string& holder);

  // Something has changed, or time has: Divide may give other shares.
  bool Due(MonoTime now) const { return dirty_ || next_end_ <= now; }
  // New shares. Those whose share has changed are to be told.
  std::vector<std::string> Divide(MonoTime now);
  // What it may have now, told or about to be.
  const Shares& Granted(const std::string& worker) const;
  // It is being told what is granted, under this version; versions grow.
  void Told(const std::string& worker, uint64_t version);
  // It obeys what it was told under this version, and nothing of before.
  void Obeyed(const std::string& worker, uint64_t version);

  // It obeys what is granted and nothing else: there is nothing to tell it.
  bool Settled(const std::string& worker) const;
  // The most it may be obeying.
  const Shares& Taken(const std::string& worker) const;
  double ceiling() const { return ceiling_; }
  double TargetOf(uint32_t run) const;                // its part of the ceiling, as divided last
  double reserved() const;                            // for those of before a restart
  size_t holders() const { return holders_.size(); }  // of them that have not said HELLO

 private:
  struct Telling {
    uint64_t version;
    Shares shares;
  };
  struct Member {
    Worker terms;
    bool present = false;
    bool lent = true;  // what it may be obeying was kept for it
    MonoTime until{};  // not present: its shares stay taken
    Shares target, granted, taken;
    std::deque<Telling> told;  // the first is what it last said it obeys
  };
  struct Raise;

  void Retake(Member& member);
  void DropWhatIsOver(MonoTime now);
  std::map<uint32_t, double> RunRates() const;
  void SetTargets(const std::map<uint32_t, double>& rates);
  void FillRun(uint32_t run, double rate, const std::map<uint32_t, double>& rates, bool rest);
  std::vector<Raise> Lower();
  void ScaleRaises(std::vector<Raise>& raises) const;
  RateShare TakenOf(uint32_t run) const;
  double AbsentWorkers() const;  // expected and not there

  double ceiling_;
  const size_t expected_workers_;
  std::map<uint32_t, Run> runs_;
  std::map<uint32_t, double> target_of_run_;
  std::map<std::string, Member> members_;
  std::set<std::string> holders_;  // of before a restart, not heard of yet
  MonoTime reserved_until_{};
  bool dirty_ = false;
  MonoTime next_end_ = kNever;  // of what a vanished worker or the reserve takes, at the earliest
};

}  // namespace hark

#pragma once

// --adapt: how fast one run may go so that few answers are lost. The rechecks of all its workers
// say how many listeners stayed among the silent; when it grows, the run goes slower, and faster
// again when it is gone. Pure; nothing here is sent, the owner gives limit() to the division of
// rates.
//
//   state    | on                                   | does                          | next
//   free     | enough found again, loss above high  | limit = what got through      | settling
//   settling | all that was sent before is known    | forgets what it counted       | watching
//   watching | enough found again, loss above high  | limit = what got through      | settling
//   watching | enough asked again, loss below low   | limit × kGrowth, if it may    | settling,
//            |                                      |                               | free at the
//            ceiling
//   watching | enough asked again, loss between     | counts anew                   | watching
//
// "What got through": with a line that is too narrow the share that is not lost is the share of the
// rate that fits. kMargin less than that, and not less than kDeepestCut in one step; never below
// kFloor of the ceiling, since some loss is not of our making and would else stop the run.
//
// "If it may": the rate at which answers were lost last is remembered for kMemory. Until then the
// limit stays kMargin below it, so that it does not swing between too fast and slow.
//
// Counting: of the targets asked again, found/rechecked are listeners; of those that answered at
// first there were answered for each silent one. So lost : answered is found : rechecked × answered
// / silent, whatever share of the silent was asked again.

#include <cstdint>

#include "base/time.h"
#include "proto/store.pb.h"

namespace hark {

class RateAdapter {
 public:
  static constexpr double kHighLoss = 0.05;  // of all listeners
  static constexpr double kLowLoss = 0.02;
  static constexpr double kMargin = 0.9;
  static constexpr double kDeepestCut = 0.3;
  static constexpr double kGrowth = 1.25;
  static constexpr double kFloor = 1.0 / 16;
  // Found again, to go slower: of a Poisson count of 4 the true mean is above 1.3 with 95 %.
  static constexpr double kEnoughFound = 4;
  // Listeners among those asked again, had none of them been heard at first. None found of 60
  // means a loss below 5 % with 95 %; going faster is the lesser mistake to wait with.
  static constexpr double kEnoughAsked = 60;
  static constexpr Duration kMemory = std::chrono::minutes(5);

  enum class State : uint8_t { kFree, kSettling, kWatching };

  // What was accepted of a sweep.
  void Count(const proto::Tally& sweep);
  // has: what the run may do now, within ceiling, in SYNs a second. settle: in so long everything
  // sent at the rate of before is known. True: limit() is another.
  bool Review(double has, double ceiling, Duration settle, MonoTime now);

  State state() const { return state_; }
  // SYNs a second; 0: as much as it may.
  double limit() const { return limit_; }
  // The share of the listeners that was lost when it was last judged; -1: never.
  double loss() const { return loss_; }

 private:
  struct Counts {
    double answered = 0, silent = 0, rechecked = 0, found = 0;
  };

  // Lost listeners for each that answered.
  double Odds() const;
  double Asked() const;
  void Lower(double has, double ceiling);
  bool Raise(double ceiling, MonoTime now);

  State state_ = State::kFree;
  Counts counts_;
  double limit_ = 0;
  double loss_ = -1;
  MonoTime settled_at_{};
  double lost_at_ = 0;  // the rate; 0: none that is remembered
  MonoTime lost_until_{};
};

const char* RateAdapterStateName(RateAdapter::State state);

}  // namespace hark

#pragma once

// Peers that talk without getting on: they may hold 5 % of the slots, no more. Beyond that the one
// that has held its slot longest loses it.
//
// A conversation is slow when its peer has sent something, but for kTarpitAfter nothing that made
// us answer. One that has said nothing yet is not: a mail server's greeting may take its 30 s.

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include "base/time.h"

namespace hark {

// Longer than the slowest honest greeting in pieces (postscreen: 6 s between its first line and the
// rest) and shorter than the silence a probe allows after a question (10 s).
inline constexpr Duration kTarpitAfter = std::chrono::seconds(8);
inline constexpr size_t kSlotsPerTarpit = 20;

class SlowTalk {
 public:
  virtual ~SlowTalk() = default;
  // Ends it, keeping what was learnt.
  virtual void GiveUp(MonoTime now) = 0;

 private:
  friend class Tarpits;
  MonoTime slow_since_ = kNever;
};

class Tarpits {
 public:
  // How many a share of the slots allows. One at least, or a single slow host could never be heard
  // to its end by a worker with few slots.
  static size_t Most(size_t slots) { return std::max<size_t>(1, slots / kSlotsPerTarpit); }

  // since: when it last got on. Does nothing for one that is there.
  void Add(SlowTalk* talk, MonoTime since) {
    if (talk->slow_since_ != kNever) return;
    talk->slow_since_ = since;
    talks_.emplace(since, talk);
  }
  // It has got on, or is over.
  void Remove(SlowTalk* talk) {
    if (talk->slow_since_ == kNever) return;
    talks_.erase({std::exchange(talk->slow_since_, kNever), talk});
  }
  // The one to be given up; nullptr while there are at most `most`.
  SlowTalk* Excess(size_t most) const {
    return talks_.size() > most ? talks_.begin()->second : nullptr;
  }
  size_t size() const { return talks_.size(); }

 private:
  std::set<std::pair<MonoTime, SlowTalk*>> talks_;
};

}  // namespace hark

#pragma once

// A stretch of neighbouring indices of a sweep, knocked on by SYN: what is known of each target,
// and in which round it stands. Pure.
//
//   phase   | on                                  | next
//   growing | full, old, or nothing more to add   | sending (round 0 goes on)
//   sending | the round's last SYN has left       | resting
//   resting | spacing over, rounds left           | sending the next round to who is silent
//   resting | cooldown and recheck_after over, in | sending to who is silent once more
//           | the sample, not rechecked yet       |
//   resting | cooldown over, no round left        | closed
//
// A target's answer counts from its first SYN until the stretch is closed; the best one is kept:
// answered before refused before unreachable. Time, for all of this, is until when all replies
// have been heard: on a machine that is late nobody is silent for our slowness.
//
// Memory: one byte a target.

#include <cstdint>
#include <vector>

#include "base/time.h"
#include "worker/engine/prober.h"
#include "worker/engine/syn_channel.h"

namespace hark {

// How a run knocks by SYN.
struct SynTerms {
  int probes = 1;                                    // SYNs to a target that stays silent
  Duration spacing = std::chrono::seconds(1);        // between two of them, at least
  Duration cooldown = std::chrono::seconds(4);       // after the last
  double recheck = 0;                                // share of the targets in the sample
  Duration recheck_after = std::chrono::seconds(3);  // after the cooldown
};

class SynStretch {
 public:
  // So many targets at most, begun within so long: what a crash costs beside the cooldown, and how
  // soon listeners are told of. Shorter ones would not help: the batches wait as long.
  static constexpr size_t kMaxTargets = 8192;
  static constexpr Duration kMaxAge = std::chrono::milliseconds(250);

  // sample: who stays silent is asked once more, later.
  SynStretch(uint64_t from, const SynTerms& terms, bool sample, MonoTime now)
      : terms_(terms), from_(from), sample_(sample), begun_(now) {}

  uint64_t from() const { return from_; }
  uint64_t to() const { return from_ + states_.size(); }
  size_t size() const { return states_.size(); }
  bool growing() const { return growing_ && states_.size() < kMaxTargets; }
  bool sample() const { return sample_; }
  // The last round, of a sample.
  bool rechecking() const { return rechecking_; }
  // A new target: index to(), whose first SYN is about to be asked for. Its offset.
  uint32_t Grow();
  // No more targets come.
  void Seal() { growing_ = false; }

  // Enters the next round when it is due, or closes. heard: until when all replies are known.
  void Progress(MonoTime heard);
  // When Progress will find something; kNever while a round is being sent, and when closed.
  MonoTime WhenDue() const;
  // The next target of a round but the first, whose SYN is to be sent now; false: none.
  bool NextRepeat(uint32_t* offset);
  // How many of this round's it may still give.
  size_t repeats_left() const { return states_.size() - next_; }
  bool closed() const { return closed_; }
  // Not all SYNs of this round have left.
  bool sending() const { return growing_ || waiting_ > 0 || next_ < states_.size(); }

  // What became of a target that Grow or NextRepeat gave.
  void Sent(uint32_t offset, MonoTime now);
  void Excluded(uint32_t offset);
  void OnReply(uint32_t offset, SynReply::Kind kind);
  // Its answer was cut off by an opt-out.
  void Drop(uint32_t offset) {
    if (states_[offset] != State::kUnsent) states_[offset] = State::kExcluded;
  }

  KnockResult ResultOf(uint32_t offset) const;
  // It was silent when the rounds before were over, and was asked once more.
  bool rechecked(uint32_t offset) const { return rechecking_ && rechecked_targets_[offset]; }

 private:
  // In the order in which one replaces another.
  enum class State : uint8_t { kUnsent, kSilent, kUnreachable, kRefused, kAnswered, kExcluded };
  enum class Then : uint8_t { kRepeat, kRecheck, kClose };

  Then AfterRound() const;

  SynTerms terms_;
  uint64_t from_;
  bool sample_;
  MonoTime begun_;
  std::vector<State> states_;
  std::vector<bool> rechecked_targets_;  // once it is rechecking
  bool growing_ = true;
  bool rechecking_ = false;
  bool closed_ = false;
  int round_ = 0;
  size_t next_ = 0;     // offset this round has come to
  size_t waiting_ = 0;  // given out and neither sent nor excluded
  MonoTime last_sent_{};
};

}  // namespace hark

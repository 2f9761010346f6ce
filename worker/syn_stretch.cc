#include "worker/syn_stretch.h"

#include <algorithm>

namespace hark {

uint32_t SynStretch::Grow() {
  states_.push_back(State::kUnsent);
  next_ = states_.size();
  ++waiting_;
  return static_cast<uint32_t>(states_.size() - 1);
}

SynStretch::Then SynStretch::AfterRound() const {
  if (rechecking_) return Then::kClose;
  if (round_ + 1 < terms_.probes) return Then::kRepeat;
  return sample_ ? Then::kRecheck : Then::kClose;
}

MonoTime SynStretch::WhenDue() const {
  if (growing_) return begun_ + kMaxAge;
  if (sending() || closed_) return kNever;
  switch (AfterRound()) {
    case Then::kRepeat:
      return last_sent_ + terms_.spacing;
    case Then::kRecheck:
      return last_sent_ + terms_.cooldown + terms_.recheck_after;
    case Then::kClose:
      break;
  }
  return last_sent_ + terms_.cooldown;
}

void SynStretch::Progress(MonoTime heard) {
  if (growing_ && (states_.size() >= kMaxTargets || heard >= begun_ + kMaxAge)) growing_ = false;
  if (sending() || heard < WhenDue()) return;
  switch (AfterRound()) {
    case Then::kRepeat:
      ++round_;
      next_ = 0;
      return;
    case Then::kRecheck:
      rechecking_ = true;
      rechecked_targets_.resize(states_.size());
      next_ = 0;
      return;
    case Then::kClose:
      closed_ = true;
      return;
  }
}

bool SynStretch::NextRepeat(uint32_t* offset) {
  if (round_ == 0 && !rechecking_) return false;
  while (next_ < states_.size()) {
    const auto at = static_cast<uint32_t>(next_++);
    if (states_[at] != State::kSilent) continue;
    ++waiting_;
    *offset = at;
    return true;
  }
  return false;
}

void SynStretch::Sent(uint32_t offset, MonoTime now) {
  --waiting_;
  last_sent_ = std::max(last_sent_, now);
  if (states_[offset] == State::kUnsent) states_[offset] = State::kSilent;
  if (rechecking_) rechecked_targets_[offset] = true;
}

void SynStretch::Excluded(uint32_t offset) {
  --waiting_;
  states_[offset] = State::kExcluded;
}

void SynStretch::OnReply(uint32_t offset, SynReply::Kind kind) {
  State state = State::kUnreachable;
  switch (kind) {
    case SynReply::Kind::kAnswered:
      state = State::kAnswered;
      break;
    case SynReply::Kind::kRefused:
      state = State::kRefused;
      break;
    case SynReply::Kind::kUnreachable:
      break;
  }
  // A reply to a SYN of an earlier lease of this range: ours has yet to leave.
  if (states_[offset] == State::kUnsent || state <= states_[offset]) return;
  states_[offset] = state;
}

KnockResult SynStretch::ResultOf(uint32_t offset) const {
  switch (states_[offset]) {
    case State::kUnsent:
      break;
    case State::kSilent:
      return KnockResult::kSilent;
    case State::kUnreachable:
      return KnockResult::kUnreachable;
    case State::kRefused:
      return KnockResult::kRefused;
    case State::kAnswered:
      return KnockResult::kAnswered;
    case State::kExcluded:
      return KnockResult::kExcluded;
  }
  return KnockResult::kNotSent;
}

}  // namespace hark

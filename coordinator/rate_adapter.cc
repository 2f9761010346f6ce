#include "coordinator/rate_adapter.h"

#include <algorithm>

namespace hark {
namespace {

// Steps smaller than this are not worth a message to everybody.
constexpr double kWorthIt = 1.02;

}  // namespace

const char* RateAdapterStateName(RateAdapter::State state) {
  switch (state) {
    case RateAdapter::State::kFree:
      return "free";
    case RateAdapter::State::kSettling:
      return "settling";
    case RateAdapter::State::kWatching:
      return "watching";
  }
  return "";
}

void RateAdapter::Count(const proto::Tally& sweep) {
  // Those found again answered, but not at first.
  const auto found = static_cast<double>(sweep.found_again());
  counts_.answered += std::max(0.0, static_cast<double>(sweep.answered()) - found);
  counts_.silent += static_cast<double>(sweep.silent()) + found;
  counts_.rechecked += static_cast<double>(sweep.rechecked());
  counts_.found += found;
}

double RateAdapter::Asked() const {
  return counts_.silent > 0 ? counts_.rechecked * counts_.answered / counts_.silent : 0;
}

double RateAdapter::Odds() const {
  const double asked = Asked();
  if (counts_.found == 0) return 0;
  return asked > 0 ? counts_.found / asked : 1 / kDeepestCut;  // none was heard at first
}

bool RateAdapter::Review(double has, double ceiling, Duration settle, MonoTime now) {
  if (state_ == State::kSettling) {
    if (now < settled_at_) return false;
    counts_ = Counts();
    state_ = State::kWatching;
    return false;
  }
  if (has <= 0) return false;  // it waits: nothing is to be learnt of its rate
  const double odds = Odds();
  const double loss = odds / (1 + odds);
  const bool enough_found = counts_.found >= kEnoughFound && loss > kHighLoss;
  if (!enough_found && Asked() < kEnoughAsked) return false;
  loss_ = loss;
  const double before = limit_;
  if (enough_found) {
    lost_at_ = has;
    lost_until_ = now + kMemory;
    Lower(has, ceiling);
  } else if (loss >= kLowLoss || !Raise(ceiling, now)) {
    counts_ = Counts();
    return false;
  }
  counts_ = Counts();
  settled_at_ = now + settle;
  state_ = limit_ == 0 ? State::kFree : State::kSettling;
  return limit_ != before;
}

void RateAdapter::Lower(double has, double ceiling) {
  const double cut = std::max(kDeepestCut, (1 - loss_) * kMargin);
  limit_ = std::min(has, std::max(has * cut, ceiling * kFloor));
}

bool RateAdapter::Raise(double ceiling, MonoTime now) {
  if (limit_ == 0) return false;
  if (now >= lost_until_) lost_at_ = 0;
  const double most = lost_at_ > 0 ? lost_at_ * kMargin : ceiling;
  const double next = std::min(limit_ * kGrowth, most);
  if (next < limit_ * kWorthIt && next < ceiling) return false;
  limit_ = next >= ceiling ? 0 : next;
  return true;
}

}  // namespace hark

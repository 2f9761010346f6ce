#include "analysis/pair_counter.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace hark {
namespace {

constexpr size_t kLeastWaiting = 1'000'000;

uint64_t Packed(const PairCount& pair) {
  return uint64_t{pair.a} << 32 | pair.b;
}

}  // namespace

void PairCounter::Add(uint32_t a, uint32_t b) {
  waiting_.push_back(uint64_t{a} << 32 | b);
  // Waiting for as many as are counted keeps the work per occurrence constant.
  if (waiting_.size() >= std::max(kLeastWaiting, counted_.size())) Count();
}

void PairCounter::Count() {
  std::sort(waiting_.begin(), waiting_.end());
  std::vector<PairCount> merged;
  merged.reserve(counted_.size());
  size_t old = 0;
  for (size_t i = 0; i < waiting_.size();) {
    const uint64_t pair = waiting_[i];
    for (; old < counted_.size() && Packed(counted_[old]) < pair; ++old) {
      merged.push_back(counted_[old]);
    }
    PairCount next{static_cast<uint32_t>(pair >> 32), static_cast<uint32_t>(pair), 0};
    if (old < counted_.size() && Packed(counted_[old]) == pair) next = counted_[old++];
    for (; i < waiting_.size() && waiting_[i] == pair; ++i) ++next.count;
    merged.push_back(next);
  }
  merged.insert(merged.end(), counted_.begin() + static_cast<ptrdiff_t>(old), counted_.end());
  counted_ = std::move(merged);
  waiting_.clear();
}

std::vector<PairCount> PairCounter::Finish() && {
  Count();
  return std::move(counted_);
}

}  // namespace hark

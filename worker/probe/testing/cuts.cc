#include "worker/probe/testing/cuts.h"

#include <algorithm>

#include "base/random.h"

namespace hark {

std::vector<std::string_view> Cuts::Cut(std::string_view bytes) const {
  hark::Random random(seed);
  std::vector<std::string_view> pieces;
  while (!bytes.empty()) {
    size_t size = bytes.size();
    if (kind == Kind::kBytes) size = 1;
    // Mostly small pieces, so that short transcripts are cut too.
    if (kind == Kind::kRandom) size = std::min<size_t>(size, 1 + random.Below(24));
    pieces.push_back(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return pieces;
}

Cuts FineCuts(size_t size) {
  constexpr size_t kAffordable = 1024;
  return size <= kAffordable ? Cuts::Bytes() : Cuts::Random(size);
}

std::vector<Cuts> AllCuts() {
  std::vector<Cuts> all = {Cuts::Whole(), Cuts::Bytes()};
  for (uint64_t seed = 1; seed <= 8; ++seed) all.push_back(Cuts::Random(seed));
  return all;
}

}  // namespace hark

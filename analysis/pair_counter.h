#pragma once

// Counts how often pairs of numbers occur: 8 bytes an occurrence not yet counted, 16 a pair, and
// never more of the former than of the latter or a million. Sorting beats a hash table here: pairs
// come in runs and are wanted in order. Threads: none.

#include <cstdint>
#include <vector>

namespace hark {

struct PairCount {
  uint32_t a = 0;
  uint32_t b = 0;
  uint64_t count = 0;
};

class PairCounter {
 public:
  void Add(uint32_t a, uint32_t b);
  // Every pair added, by (a, b).
  std::vector<PairCount> Finish() &&;

 private:
  void Count();

  std::vector<uint64_t> waiting_;  // a in the upper half, b in the lower
  std::vector<PairCount> counted_;
};

}  // namespace hark

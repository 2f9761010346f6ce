#pragma once

// The construction of base/permutation.h with any number of rounds and any split, to show in tests
// and benches what fewer rounds would do.

#include <cstdint>

#include "base/random.h"

namespace hark {

// x, n: x < n. a: about the root of n.
inline uint64_t RadixFeistel(uint64_t n, uint64_t a, int rounds, uint64_t x) {
  const uint64_t b = (n + a - 1) / a;
  do {
    uint64_t left = x / b, right = x % b;
    for (int round = 0; round < rounds; ++round) {
      const auto key = static_cast<uint64_t>(round);
      if (round % 2 == 0) {
        left = (left + Mix64(key ^ Mix64(right)) % a) % a;
      } else {
        right = (right + Mix64(key ^ Mix64(left)) % b) % b;
      }
    }
    x = left * b + right;
  } while (x >= n);
  return x;
}

}  // namespace hark

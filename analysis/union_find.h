#pragma once

// Disjoint sets over 0..n-1 (Tarjan 1975): union by size with path halving, so any m operations
// take O(m α(n)). 8 bytes an element. Which element represents a set depends on the order of the
// calls; the sets themselves do not. Threads: none.

#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

namespace hark {

class UnionFind {
 public:
  explicit UnionFind(uint32_t n) : parent_(n), size_(n, 1) {
    std::iota(parent_.begin(), parent_.end(), uint32_t{0});
  }

  uint32_t Find(uint32_t x) {
    while (parent_[x] != x) {
      parent_[x] = parent_[parent_[x]];
      x = parent_[x];
    }
    return x;
  }

  // Gives whether the two were apart.
  bool Union(uint32_t a, uint32_t b) {
    a = Find(a);
    b = Find(b);
    if (a == b) return false;
    if (size_[a] < size_[b]) std::swap(a, b);
    parent_[b] = a;
    size_[a] += size_[b];
    return true;
  }

  uint32_t SizeOf(uint32_t x) { return size_[Find(x)]; }

 private:
  std::vector<uint32_t> parent_;
  std::vector<uint32_t> size_;  // of the set, valid at its representative
};

}  // namespace hark

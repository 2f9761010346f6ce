#include "base/permutation.h"

#include <algorithm>
#include <cmath>

#include "base/log.h"
#include "base/random.h"

namespace hark {
namespace {

uint64_t CeilSqrt(uint64_t n) {
  auto root = static_cast<uint64_t>(std::sqrt(static_cast<double>(n)));
  while (root * root < n) ++root;
  while (root > 1 && (root - 1) * (root - 1) >= n) --root;
  return std::max<uint64_t>(root, 1);
}

}  // namespace

Permutation::Permutation(uint64_t n, uint64_t key) : n_(n), a_(CeilSqrt(n)), b_((n + a_ - 1) / a_) {
  HARK_CHECK(n >= 1 && n <= uint64_t{1} << 48);
  for (int i = 0; i < 4; ++i)
    round_keys_[i] = Mix64(key + static_cast<uint64_t>(i) * 0x632be59bd9b4e019);
}

uint64_t Permutation::Round(int round, uint64_t half) const {
  return Mix64(round_keys_[round] ^ Mix64(half));
}

// Even rounds change the left half (modulo a), odd rounds the right half (modulo b).
uint64_t Permutation::Encrypt(uint64_t x) const {
  uint64_t left = x / b_;
  uint64_t right = x % b_;
  for (int round = 0; round < 4; ++round) {
    if (round % 2 == 0) {
      left = (left + Round(round, right) % a_) % a_;
    } else {
      right = (right + Round(round, left) % b_) % b_;
    }
  }
  return left * b_ + right;
}

uint64_t Permutation::Decrypt(uint64_t y) const {
  uint64_t left = y / b_;
  uint64_t right = y % b_;
  for (int round = 3; round >= 0; --round) {
    if (round % 2 == 0) {
      left = (left + a_ - Round(round, right) % a_) % a_;
    } else {
      right = (right + b_ - Round(round, left) % b_) % b_;
    }
  }
  return left * b_ + right;
}

uint64_t Permutation::At(uint64_t index) const {
  uint64_t x = Encrypt(index);
  while (x >= n_) x = Encrypt(x);
  return x;
}

uint64_t Permutation::IndexOf(uint64_t value) const {
  uint64_t x = Decrypt(value);
  while (x >= n_) x = Decrypt(x);
  return x;
}

}  // namespace hark

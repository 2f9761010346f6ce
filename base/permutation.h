#pragma once

// The order in which a run visits its targets: a keyed bijection of [0, n) with random access, so a
// job is two integers and any restart continues at a cursor (docs/decisions/0003).
//
// Construction, version 1: a 4-round Feistel network over Z_a x Z_b with a = ceil(sqrt(n)),
// b = ceil(n / a), cycle-walked into [0, n) (a*b exceeds n by less than a, so a walk is almost
// always one step; Black and Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA 2002). Three
// rounds are visibly uneven over /16s, four are as even as random. The round function is Mix64 of
// key, round and half. Changing any of this is a new version: a run stores the one it was planned
// with.

#include <cstdint>

namespace hark {

inline constexpr uint32_t kPermutationVersion = 1;

class Permutation {
 public:
  // n >= 1.
  Permutation(uint64_t n, uint64_t key);

  uint64_t size() const { return n_; }
  uint64_t At(uint64_t index) const;       // index < n
  uint64_t IndexOf(uint64_t value) const;  // the inverse of At

 private:
  uint64_t Encrypt(uint64_t x) const;
  uint64_t Decrypt(uint64_t y) const;
  uint64_t Round(int round, uint64_t half) const;

  uint64_t n_;
  uint64_t a_;
  uint64_t b_;
  uint64_t round_keys_[4];
};

}  // namespace hark

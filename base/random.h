#pragma once

// Random numbers: Random is a small seeded generator (xoshiro256**) for jitter, simulation and
// identifiers; SecureBytes is the kernel's generator for secrets.

#include <cstdint>
#include <string>

namespace hark {

// One step of SplitMix64: a good 64-bit mixer of any counter or key.
constexpr uint64_t Mix64(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// Not thread-safe; not for secrets.
class Random {
 public:
  explicit Random(uint64_t seed);
  uint64_t Next();
  // Uniform in [0, n), n > 0, without modulo bias.
  uint64_t Below(uint64_t n);
  // Uniform in [0, 1).
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }

 private:
  uint64_t s_[4];
};

// n bytes of the kernel's generator. Aborts if the kernel has none: no secret is better than a bad
// one.
std::string SecureBytes(size_t n);
uint64_t SecureU64();

}  // namespace hark

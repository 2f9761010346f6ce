#include "base/random.h"

#include <sys/random.h>

#include <bit>
#include <cstdlib>
#include <cstring>

namespace hark {

Random::Random(uint64_t seed) {
  for (uint64_t& word : s_) word = Mix64(seed++);
}

uint64_t Random::Next() {
  const uint64_t result = std::rotl(s_[1] * 5, 7) * 9;
  const uint64_t t = s_[1] << 17;
  s_[2] ^= s_[0];
  s_[3] ^= s_[1];
  s_[1] ^= s_[2];
  s_[0] ^= s_[3];
  s_[2] ^= t;
  s_[3] = std::rotl(s_[3], 45);
  return result;
}

uint64_t Random::Below(uint64_t n) {
  const uint64_t limit = ~uint64_t{0} - ~uint64_t{0} % n;
  uint64_t x = Next();
  while (x >= limit) x = Next();
  return x % n;
}

std::string SecureBytes(size_t n) {
  std::string out(n, '\0');
  size_t have = 0;
  while (have < n) {
    const ssize_t got = getrandom(out.data() + have, n - have, 0);
    if (got < 0) std::abort();
    have += static_cast<size_t>(got);
  }
  return out;
}

uint64_t SecureU64() {
  uint64_t value;
  const std::string bytes = SecureBytes(sizeof value);
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

}  // namespace hark

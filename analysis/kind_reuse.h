#pragma once

// HARK by kind of key: hosts with a key of this algorithm or of this algorithm and length, whether
// they show it by SSH or by TLS, and those of them where another host has one of *these* keys, too.

#include <array>
#include <cstddef>
#include <cstdint>

#include "analysis/key_kinds.h"
#include "analysis/risk.h"

namespace hark {

// Rows of kKeyKindNames that are one algorithm, a half-open range.
struct KeyFamily {
  const char* name;
  size_t begin;
  size_t end;

  bool has_lengths() const { return end - begin > 1; }
};
inline constexpr std::array<KeyFamily, 7> kKeyFamilies = {{{"RSA", 0, 15},
                                                           {"DSA", 15, 18},
                                                           {"ECDSA", 18, 23},
                                                           {"Ed25519", 23, 24},
                                                           {"Ed448", 24, 25},
                                                           {"FIDO security key", 25, 26},
                                                           {"other or unreadable", 26, 27}}};
static_assert(kKeyFamilies.back().end == kKeyKindRows);

struct KindReuse {
  std::array<ReuseCount, kKeyFamilies.size()> families{};
  std::array<ReuseCount, kKeyKindRows> kinds{};
};

// The keys of one host: a bit a row.
struct HostKinds {
  uint32_t seen = 0;
  uint32_t reused = 0;

  void Add(size_t row, bool is_reused) {
    seen |= uint32_t{1} << row;
    if (is_reused) reused |= uint32_t{1} << row;
  }
};
static_assert(kKeyKindRows <= 32);

void CountHost(const HostKinds& host, KindReuse& out);

}  // namespace hark

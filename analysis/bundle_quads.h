#pragma once

// Addresses of others in decimal octets: the dotted quads of a text, its ranges and names of
// reverse DNS (bundle_addresses.h); and what reading addresses out of texts takes.

#include <cstdint>
#include <optional>
#include <string_view>

#include "analysis/bundle_addresses.h"

namespace hark {

std::optional<BundleAddresses::Found> FindQuad(const BundleAddresses& addresses,
                                               std::string_view text);

// The bytes the other way round.
inline uint32_t ReversedV4(uint32_t v4) {
  return __builtin_bswap32(v4);
}

inline bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
// Its value, -1 for what is none.
inline int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}
inline bool IsAlnum(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// A run of digits at `at`: its value, and `at` behind it. Nothing when longer than max digits.
std::optional<uint64_t> TakeNumber(std::string_view text, size_t& at, size_t max);

}  // namespace hark

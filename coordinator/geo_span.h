#pragma once

// The parts a GeoTable (coordinator/geo.h) is made of: what is known of a network, and where it
// lies. Facts are kept once and named by a number, so that a span of IPv4 is 12 bytes: a million
// of them are 12 MB.

#include <array>
#include <compare>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/address.h"

namespace hark {

using AddressNumber = unsigned __int128;  // an IPv6 address, or an IPv4 one in the low 32 bits

// An IPv6 address in memory: the number itself would be aligned to 16 bytes.
struct WideAddress {
  uint64_t high = 0;
  uint64_t low = 0;

  auto operator<=>(const WideAddress&) const = default;
};

inline AddressNumber NumberOf(uint32_t v4) {
  return v4;
}
inline AddressNumber NumberOf(const WideAddress& v6) {
  return AddressNumber{v6.high} << 64 | v6.low;
}
inline AddressNumber NumberOf(AddressNumber number) {
  return number;
}
// Takes the low bits.
template <typename N>
N FromNumber(AddressNumber number);
template <>
inline uint32_t FromNumber<uint32_t>(AddressNumber number) {
  return static_cast<uint32_t>(number);
}
template <>
inline WideAddress FromNumber<WideAddress>(AddressNumber number) {
  return {static_cast<uint64_t>(number >> 64), static_cast<uint64_t>(number)};
}
// Of either family, as its number.
AddressNumber NumberOf(const Address& address);
inline Address AddressOf(uint32_t v4) {
  return Address::V4(v4);
}
Address AddressOf(const WideAddress& v6);

// Sorted and disjoint in a table. N: uint32_t (host byte order) or WideAddress.
template <typename N>
struct GeoSpan {
  N first{};
  N last{};  // inclusive
  uint32_t place = 0;
};

template <typename N>
bool SameKind(const GeoSpan<N>& a, const GeoSpan<N>& b) {
  return a.place == b.place;
}

// First and last address of one family.
struct GeoRange {
  bool v6 = false;
  AddressNumber first = 0;
  AddressNumber last = 0;
};

inline bool SameKind(const GeoRange& a, const GeoRange& b) {
  return a.v6 == b.v6;
}

// Of sorted, disjoint spans those that touch and are of the same kind become one: half of what a
// country database holds.
template <typename Span>
void MergeNeighbours(std::vector<Span>& spans) {
  size_t kept = 0;
  for (const Span& span : spans) {
    const bool goes_on = kept > 0 && SameKind(spans[kept - 1], span) &&
                         NumberOf(spans[kept - 1].last) + 1 == NumberOf(span.first);
    if (goes_on) {
      spans[kept - 1].last = span.last;
    } else {
      spans[kept++] = span;
    }
  }
  spans.resize(kept);
  // Which copies: where next to nothing became one it takes more for a moment than it ever saves.
  if (spans.capacity() > spans.size() + spans.size() / 4) spans.shrink_to_fit();
}

using CountryLetters = std::array<char, 2>;  // zeros: unknown

inline std::string_view LettersOf(const CountryLetters& code) {
  return code[0] == '\0' ? std::string_view() : std::string_view(code.data(), code.size());
}

// What a source says of a network. 0 and "" = it does not say.
struct GeoFacts {
  CountryLetters country{};     // where the address is used
  CountryLetters registered{};  // where its holder registered
  uint32_t asn = 0;
  uint32_t region = 0;  // a text: ISO 3166-2 without the country ("TA"), or a name
  uint32_t city = 0;    // a text

  bool operator==(const GeoFacts&) const = default;
};

// Facts and texts by number; 0 is "nothing known" and "". Numbers are never given back.
class GeoPlaces {
 public:
  GeoPlaces();
  GeoPlaces(GeoPlaces&&) = default;
  GeoPlaces& operator=(GeoPlaces&&) = default;

  uint32_t Add(const GeoFacts& facts);
  uint32_t AddText(std::string_view text);

  const GeoFacts& facts(uint32_t place) const { return facts_[place]; }
  std::string_view text(uint32_t number) const { return texts_[number]; }
  uint32_t size() const { return static_cast<uint32_t>(facts_.size()); }

 private:
  struct Hash {
    size_t operator()(const GeoFacts& facts) const;
  };

  std::vector<GeoFacts> facts_;
  std::unordered_map<GeoFacts, uint32_t, Hash> numbers_;
  std::deque<std::string> texts_;  // never move: the keys below point into them
  std::unordered_map<std::string_view, uint32_t> text_numbers_;
};

}  // namespace hark

#include "coordinator/geo_span.h"

#include <cstring>

#include "base/bytes.h"

namespace hark {

AddressNumber NumberOf(const Address& address) {
  AddressNumber number = 0;
  for (const char byte : address.bytes()) number = number << 8 | static_cast<uint8_t>(byte);
  return number;
}

Address AddressOf(const WideAddress& v6) {
  ByteWriter bytes;
  bytes.U64(v6.high);
  bytes.U64(v6.low);
  return *Address::FromBytes(bytes.str());
}

size_t GeoPlaces::Hash::operator()(const GeoFacts& facts) const {
  uint32_t letters = 0;
  std::memcpy(&letters, facts.country.data(), 2);
  letters <<= 16;
  std::memcpy(&letters, facts.registered.data(), 2);
  // FNV-1a over words: the facts are an operator's file, not a stranger's choice.
  uint64_t hash = 14695981039346656037U;
  for (const uint64_t word : {letters, facts.asn, facts.region, facts.city}) {
    hash = (hash ^ word) * 1099511628211U;
  }
  return hash ^ (hash >> 32);
}

GeoPlaces::GeoPlaces() {
  Add(GeoFacts());
  AddText("");
}

uint32_t GeoPlaces::Add(const GeoFacts& facts) {
  const auto [it, added] = numbers_.emplace(facts, size());
  if (added) facts_.push_back(facts);
  return it->second;
}

uint32_t GeoPlaces::AddText(std::string_view text) {
  if (const auto it = text_numbers_.find(text); it != text_numbers_.end()) return it->second;
  const auto number = static_cast<uint32_t>(texts_.size());
  text_numbers_.emplace(texts_.emplace_back(text), number);
  return number;
}

}  // namespace hark

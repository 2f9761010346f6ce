#pragma once

// Writes small MaxMind databases for tests: networks with records of texts and numbers, in nodes of
// 24, 28 or 32 bits, and the damage that tests ask for.

#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/geo_span.h"

namespace hark {

// A value of the format's data section, encoded.
inline std::string MmdbHead(unsigned type, size_t size) {
  std::string out(1, static_cast<char>(type < 8 ? type << 5 | size : size));
  if (type >= 8) out += static_cast<char>(type - 7);
  return out;
}
inline std::string MmdbText(const std::string& text) {
  if (text.size() < 29) return MmdbHead(2, text.size()) + text;
  return MmdbHead(2, 29) + static_cast<char>(text.size() - 29) + text;  // below 285
}
inline std::string MmdbUint(unsigned type, uint64_t number) {
  std::string digits;
  for (; number != 0; number >>= 8) digits.insert(digits.begin(), static_cast<char>(number));
  return MmdbHead(type, digits.size()) + digits;
}
inline std::string MmdbMap(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::string out = MmdbHead(7, pairs.size());
  for (const auto& [key, value] : pairs) out += MmdbText(key) + value;
  return out;
}
inline std::string MmdbArray(const std::vector<std::string>& values) {
  std::string out = MmdbHead(11, values.size());
  for (const std::string& value : values) out += value;
  return out;
}

class MmdbWriter {
 public:
  MmdbWriter(unsigned ip_version, unsigned record_bits)
      : ip_version_(ip_version), record_bits_(record_bits), nodes_(1) {}

  // prefix: left-aligned as an address of the tree's version is, IPv4 of an IPv6 tree at ::/96.
  void Add(AddressNumber prefix, unsigned length, const std::string& record) {
    const auto [it, added] = offsets_.emplace(record, data_.size());
    if (added) data_ += record;
    *SlotOf(prefix, length) = {Slot::kData, it->second};
  }
  // Makes the branch lead where another network's node is.
  void Alias(AddressNumber prefix, unsigned length, AddressNumber to, unsigned to_length) {
    const Slot target = *SlotOf(to, to_length);
    *SlotOf(prefix, length) = target;
  }
  void AddRaw(AddressNumber prefix, unsigned length, uint64_t record) {
    *SlotOf(prefix, length) = {Slot::kRaw, record};
  }
  void SetDescription(const std::string& type, const std::string& text) {
    type_ = type;
    description_ = text;
  }
  // Appended to the metadata's map, e.g. a number that contradicts the file.
  void SetNodeCount(uint64_t claimed) { claimed_nodes_ = claimed; }
  size_t nodes() const { return nodes_.size(); }

  std::string Finish() const {
    std::string out;
    for (const auto& node : nodes_) out += Node(Record(node[0]), Record(node[1]));
    out += std::string(16, '\0') + data_ + "\xab\xcd\xefMaxMind.com";
    const uint64_t count = claimed_nodes_ == 0 ? nodes_.size() : claimed_nodes_;
    return out + MmdbMap({{"binary_format_major_version", MmdbUint(5, 2)},
                          {"binary_format_minor_version", MmdbUint(5, 0)},
                          {"build_epoch", MmdbUint(9, 1'781'715'000)},
                          {"database_type", MmdbText(type_)},
                          {"description", MmdbMap({{"en", MmdbText(description_)}})},
                          {"ip_version", MmdbUint(5, ip_version_)},
                          {"languages", MmdbArray({MmdbText("en")})},
                          {"node_count", MmdbUint(6, count)},
                          {"record_size", MmdbUint(5, record_bits_)}});
  }

 private:
  struct Slot {
    enum Kind { kEmpty, kNode, kData, kRaw } kind = kEmpty;
    uint64_t value = 0;
  };

  Slot* SlotOf(AddressNumber prefix, unsigned length) {
    const unsigned bits = ip_version_ == 6 ? 128 : 32;
    size_t node = 0;
    for (unsigned depth = 0;; ++depth) {
      const size_t side = (prefix >> (bits - 1 - depth) & 1) != 0 ? 1 : 0;
      if (depth + 1 == length) return &nodes_[node][side];
      if (nodes_[node][side].kind != Slot::kNode) {
        nodes_[node][side] = {Slot::kNode, nodes_.size()};
        nodes_.emplace_back();
      }
      node = nodes_[node][side].value;
    }
  }
  uint64_t Record(const Slot& slot) const {
    if (slot.kind == Slot::kEmpty) return nodes_.size();
    return slot.kind == Slot::kData ? nodes_.size() + 16 + slot.value : slot.value;
  }
  std::string Node(uint64_t left, uint64_t right) const {
    std::string out;
    const auto add = [&](uint64_t number, unsigned bytes) {
      for (unsigned i = bytes; i-- > 0;) out += static_cast<char>(number >> (8 * i));
    };
    if (record_bits_ == 28) {  // the high four bits of both share the middle byte
      add(left, 3);
      add((left >> 24 & 15) << 4 | (right >> 24 & 15), 1);
      add(right, 3);
    } else {
      add(left, record_bits_ / 8);
      add(right, record_bits_ / 8);
    }
    return out;
  }

  unsigned ip_version_;
  unsigned record_bits_;
  std::vector<std::array<Slot, 2>> nodes_;
  std::string data_;
  std::map<std::string, uint64_t> offsets_;
  std::string type_ = "Test-Country";
  std::string description_;
  uint64_t claimed_nodes_ = 0;
};

}  // namespace hark

#pragma once

// From the first 64 bits of a SHA-256 to a small number: open addressing, 12 bytes a slot, at most
// three quarters of the slots taken. Two of ten million different hashes agree in their first 64
// bits with a chance of one in 400,000. Threads: none.

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/random.h"

namespace hark {

// The key of a hash in a PrefixMap.
inline uint64_t HashPrefix(std::string_view sha256) {
  uint64_t prefix = 0;
  std::memcpy(&prefix, sha256.data(),
              sha256.size() < sizeof prefix ? sha256.size() : sizeof prefix);
  return prefix;
}

class PrefixMap {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;  // no value may be this

  uint32_t Find(uint64_t prefix) const { return values_.empty() ? kNone : values_[SlotOf(prefix)]; }

  // The value already there, or `value`, which then is.
  uint32_t FindOrInsert(uint64_t prefix, uint32_t value) {
    if (values_.size() * 3 <= (size_ + 1) * 4) Grow();
    const size_t slot = SlotOf(prefix);
    if (values_[slot] != kNone) return values_[slot];
    prefixes_[slot] = prefix;
    values_[slot] = value;
    ++size_;
    return value;
  }

  size_t size() const { return size_; }
  void Clear() { *this = PrefixMap(); }

 private:
  size_t SlotOf(uint64_t prefix) const {
    const size_t mask = values_.size() - 1;
    size_t slot = Mix64(prefix) & mask;
    while (values_[slot] != kNone && prefixes_[slot] != prefix) slot = (slot + 1) & mask;
    return slot;
  }

  void Grow() {
    constexpr size_t kFirst = 64;
    std::vector<uint64_t> prefixes = std::move(prefixes_);
    std::vector<uint32_t> values = std::move(values_);
    const size_t slots = values.empty() ? kFirst : values.size() * 2;
    prefixes_.assign(slots, 0);
    values_.assign(slots, kNone);
    for (size_t i = 0; i < values.size(); ++i) {
      if (values[i] == kNone) continue;
      const size_t slot = SlotOf(prefixes[i]);
      prefixes_[slot] = prefixes[i];
      values_[slot] = values[i];
    }
  }

  std::vector<uint64_t> prefixes_;
  std::vector<uint32_t> values_;
  size_t size_ = 0;
};

}  // namespace hark

#pragma once

// Which hashes were written already. Grows to kMaxRemembered of them and then learns no more, so
// that memory has an end whatever is exported.

#include <array>
#include <cstddef>
#include <string_view>
#include <unordered_set>

#include "exchange/ndjson_format.h"

namespace hark {

class HashMemory {
 public:
  explicit HashMemory(size_t most = kMaxRemembered) : most_(most) {}

  // hash: 16 bytes or more of one, of which 16 are looked at. True: it was remembered before;
  // otherwise it is now, if there is room.
  bool Note(std::string_view hash);

 private:
  using Prefix = std::array<char, 16>;
  struct Hasher {
    size_t operator()(const Prefix& prefix) const;
  };

  size_t most_;
  std::unordered_set<Prefix, Hasher> seen_;
};

}  // namespace hark

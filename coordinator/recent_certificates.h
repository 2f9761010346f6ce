#pragma once

// Which certificates were put into the store a moment ago. A CA's certificate comes with every host
// it has signed for; a row of a kilobyte for each of them would be most of what is written.

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace hark {

// Remembers the last hash of each of 65,536 places: 2 MiB whatever comes. Not thread-safe.
class RecentCertificates {
 public:
  // sha256: 32 bytes. True if it was noted before and nothing has taken its place; noted now. What
  // is noted must be written before anything that is noted later, or with it.
  bool Note(std::string_view sha256) {
    Hash& place = places_[PlaceOf(sha256)];
    if (std::memcmp(place.data(), sha256.data(), place.size()) == 0) return true;
    std::memcpy(place.data(), sha256.data(), place.size());
    return false;
  }

 private:
  using Hash = std::array<char, 32>;
  static size_t PlaceOf(std::string_view sha256) {
    return static_cast<size_t>(static_cast<uint8_t>(sha256[0])) << 8 |
           static_cast<uint8_t>(sha256[1]);
  }

  std::vector<Hash> places_ = std::vector<Hash>(65536);
};

}  // namespace hark

#pragma once

// Looks at encoded values of the MaxMind DB format 2.0 before libmaxminddb does. Debian 12's 1.7.1
// believes what a file claims in places: nesting without end overflows its stack, a map of pointers
// to maps of pointers takes exponential time, sizes are computed in 32 bits. What passes here it
// reads in bounded time and memory (docs/decisions/0038-what-geo-data-says.md).

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "base/status.h"

namespace hark {

class MmdbGuard {
 public:
  // MaxMind's own records nest five deep.
  static constexpr unsigned kMaxDepth = 12;
  // Values of one record outside pointers; GeoLite2 City has a hundred.
  static constexpr unsigned kMaxValues = 4096;
  // Values of all records together: a city database has 30 million, which take a second.
  static constexpr uint64_t kMaxWork = uint64_t{300'000'000};

  // section: what offsets count from. Metadata has no pointers, and only texts in its lists.
  MmdbGuard(std::string_view section, bool pointers) : section_(section), pointers_(pointers) {}

  // kInvalidInput unless a whole, sane value begins there.
  Status Check(uint64_t offset);
  // Of the map the section begins with: the whole number it has under a name. The first of equal
  // names counts, as for the library.
  std::optional<uint64_t> NumberNamed(std::string_view name) const;

 private:
  struct Value {
    unsigned type = 0;
    uint32_t size = 0;    // bytes, pairs or elements
    uint64_t target = 0;  // of a pointer
    uint64_t next = 0;    // offset behind the head; behind a pointer
  };

  Result<Value> Head(uint64_t offset) const;
  Result<Value> Pointer(unsigned control, uint64_t at) const;
  // height: of what is below. Gives the offset behind the value.
  Result<uint64_t> Walk(uint64_t offset, unsigned depth, unsigned* height);
  Result<uint64_t> WalkInside(const Value& value, unsigned depth, unsigned* height);
  Status Follow(uint64_t target, unsigned depth, unsigned* height);
  // Big-endian; nullopt beyond the end.
  std::optional<uint64_t> Number(uint64_t at, unsigned bytes) const;

  std::string_view section_;
  bool pointers_;
  unsigned values_ = 0;  // of the record being checked
  uint64_t work_ = 0;
  std::unordered_map<uint64_t, unsigned> heights_;  // of what pointers led to and was found sane
};

// Where the search tree and the metadata lie, as the file itself claims; checked against its size.
struct MmdbShape {
  uint64_t node_count = 0;
  unsigned record_bits = 0;  // 24, 28 or 32
  unsigned ip_version = 0;   // 4 or 6
  uint64_t metadata_size = 0;
};
// tail: the last bytes of the file, at most kMmdbMetadataMax. kInvalidInput says what is wrong.
inline constexpr size_t kMmdbMetadataMax = 128 << 10;  // of the format
Result<MmdbShape> CheckMmdbShape(std::string_view tail, uint64_t file_size);
bool HasMmdbMarker(std::string_view tail);

}  // namespace hark

#pragma once

// Where addresses are: country and AS by longest prefix, from a simple CSV
// (`prefix,country,asn`, one prefix, range or address a line, `#` comments, an optional header).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/as_table.h"
#include "base/range_set.h"
#include "base/status.h"

namespace hark {

struct Place {
  std::string_view country;  // two upper-case letters, "" unknown; valid as long as the table
  uint32_t asn = 0;          // 0 unknown
};

class GeoTable {
 public:
  GeoTable() = default;  // knows nothing

  // Errors name `path` and the line.
  static Result<GeoTable> Parse(std::string_view csv, const std::string& path);
  static Result<GeoTable> Load(const std::string& path);

  Place Find(uint32_t address) const;
  // All addresses of a country (two letters, upper case).
  RangeSet Country(std::string_view country) const;
  // The ASes of these addresses; those nobody knows are in no span.
  Result<AsTable> AsesOf(const RangeSet& addresses) const;
  bool empty() const { return spans_.empty(); }
  // The countries there are, sorted, e.g. for an error message.
  std::vector<std::string> Countries() const;

 private:
  // Disjoint and sorted: nesting is resolved while building.
  struct Span {
    uint32_t first;
    uint32_t last;
    char country[3];
    uint32_t asn;
  };

  std::vector<Span> spans_;
};

}  // namespace hark

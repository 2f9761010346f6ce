#pragma once

// What every fuzz target of geo data asks of a file, whatever is in it.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/log.h"
#include "coordinator/geo.h"

namespace hark {

// Refused with a reason, or a table whose countries are disjoint and found where they are said to
// be.
inline void CheckGeoFile(const uint8_t* data, size_t size) {
  const Result<GeoTable> geo = GeoTable::Parse({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!geo.ok()) {
    HARK_CHECK(!geo.status().message().empty());
    return;
  }
  uint64_t sum = 0;
  RangeSet all;
  for (const auto& [code, country] : geo->ByCountry()) {
    sum += country.ipv4.size();
    all = all.Union(country.ipv4);
    for (const Range& range : country.ipv4.ranges()) {
      HARK_CHECK(geo->Find(range.first).country == code);
      HARK_CHECK(geo->Find(range.last).country == code);
    }
    for (const GeoRange& range : country.ipv6) HARK_CHECK(range.first <= range.last);
  }
  HARK_CHECK(all.size() == sum);
  HARK_CHECK(geo->AsesOf(all).ok());
}

}  // namespace hark

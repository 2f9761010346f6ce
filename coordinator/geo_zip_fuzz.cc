// A zip of GeoLite2 CSV files: refused, or a table whose countries are disjoint and found where
// they are said to be.

#include <cstddef>
#include <cstdint>

#include "base/log.h"
#include "coordinator/geo.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const hark::Result<hark::GeoTable> geo =
      hark::GeoTable::Parse({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!geo.ok()) {
    HARK_CHECK(!geo.status().message().empty());
    return 0;
  }
  uint64_t sum = 0;
  hark::RangeSet all;
  for (const auto& [code, country] : geo->ByCountry()) {
    sum += country.ipv4.size();
    all = all.Union(country.ipv4);
    for (const hark::Range& range : country.ipv4.ranges()) {
      HARK_CHECK(geo->Find(range.first).country == code);
      HARK_CHECK(geo->Find(range.last).country == code);
    }
    for (const hark::GeoRange& range : country.ipv6) HARK_CHECK(range.first <= range.last);
  }
  HARK_CHECK(all.size() == sum);
  HARK_CHECK(geo->AsesOf(all).ok());
  return 0;
}

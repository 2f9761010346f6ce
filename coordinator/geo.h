#pragma once

// Where addresses are: country, AS, region and city, from files that others make
// (docs/geo-data.md). A file is recognised by its content (coordinator/geo_load.h); several files
// fill what those before them leave open. Immutable once made; any number of threads may read it.
//
// Country means the one an address is used in. A source may name another that its holder registered
// it in; that is kept apart and never takes its place (docs/decisions/0038-what-geo-data-says.md).

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/address_set.h"
#include "base/as_table.h"
#include "base/range_set.h"
#include "base/status.h"
#include "coordinator/geo_span.h"
#include "proto/store.pb.h"

namespace hark {

// Valid as long as the table.
struct Place {
  std::string_view country;     // two upper-case letters, "" unknown
  uint32_t asn = 0;             // 0 unknown
  std::string_view registered;  // as country
  std::string_view region;      // ISO 3166-2 without the country, e.g. "D"; or a name; "" unknown
  std::string_view city;        // as the file spells it; "" unknown
};

// Which addresses of a table are meant. "" and empty: any.
struct GeoSelection {
  std::string country;  // two upper-case letters
  std::string region;   // letter case does not count, nor in city
  std::string city;
  std::vector<uint32_t> asns;  // one of them

  bool empty() const { return country.empty() && region.empty() && city.empty() && asns.empty(); }
};

struct GeoCountry {
  RangeSet ipv4;
  std::vector<GeoRange> ipv6;    // sorted, merged
  uint64_t registered_ipv4 = 0;  // addresses whose holder registered here, wherever they are used
};

class GeoTable {
 public:
  GeoTable() = default;  // knows nothing

  // One source. path: for messages and for what sources() says. Errors name it, and the line.
  static Result<GeoTable> Parse(std::string_view bytes, const std::string& path);
  // paths: with commas between them. The first that knows a thing of an address says it.
  static Result<GeoTable> Load(const std::string& paths);

  Place Find(uint32_t address) const;
  // An IPv4 address written as IPv6 (::ffff:0:0/96) is that IPv4 address.
  Place Find(const Address& address) const;
  // All IPv4 addresses of a country (two letters, upper case).
  RangeSet Country(std::string_view country) const;
  RangeSet Select(const GeoSelection& selection) const;
  // The ASes of these addresses; those nobody knows are in no span.
  Result<AsTable> AsesOf(const RangeSet& addresses) const;
  // The networks of each of these ASes, of both families; an AS nobody knows is not in it.
  std::map<uint32_t, AddressSet> NetworksOf(const std::set<uint32_t>& asns) const;
  bool empty() const { return v4_.empty() && v6_.empty(); }
  // The countries there are, sorted, e.g. for an error message.
  std::vector<std::string> Countries() const;
  // The regions or, in a region, the cities of a country, sorted, without repeats.
  std::vector<std::string> Regions(std::string_view country) const;
  std::vector<std::string> Cities(std::string_view country, std::string_view region) const;
  std::map<std::string, GeoCountry> ByCountry() const;
  size_t CountAses() const;
  size_t spans() const { return v4_.size() + v6_.size(); }

  // In the order they were given: what a run records of them.
  const std::vector<proto::GeoSource>& sources() const { return sources_; }

 private:
  friend class GeoBuilder;

  // What `other` knows and this table does not.
  void Fill(const GeoTable& other);
  Place PlaceOf(uint32_t place) const;
  std::vector<bool> Matching(const GeoSelection& selection) const;

  GeoPlaces places_;
  std::vector<GeoSpan<uint32_t>> v4_;  // disjoint and sorted: nesting is resolved while building
  std::vector<GeoSpan<WideAddress>> v6_;
  std::vector<proto::GeoSource> sources_;
};

}  // namespace hark

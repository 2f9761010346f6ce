#pragma once

// The words that files of geo data are made of: addresses, country codes, AS numbers, dates.

#include <optional>
#include <string_view>

#include "base/status.h"
#include "coordinator/geo_span.h"

namespace hark {

// An address, or a number as some range files write it. A number is of IPv6 when it does not fit
// into 32 bits; is_number tells, since a small one may be of either.
struct GeoEnd {
  bool v6 = false;
  bool is_number = false;
  AddressNumber number = 0;
};
std::optional<GeoEnd> ParseGeoEnd(std::string_view text);

// "10.0.0.0/8", "2001:db8::/32", "10.0.0.7" or "10.0.0.1-10.0.0.9". The message says what is wrong,
// without the text itself.
Result<GeoRange> ParseGeoRange(std::string_view text);

// first and length of a prefix whose host bits are zero; nullopt when they are not.
std::optional<GeoRange> RangeOfPrefix(bool v6, AddressNumber first, unsigned length);

// nullopt: no country code. "", "-", "ZZ" and "None" are the unknown country, zeros.
std::optional<CountryLetters> ParseCountryLetters(std::string_view text);
// As ParseAsn; "" and "-" are 0, too.
std::optional<uint32_t> ParseGeoAsn(std::string_view text);
// "20261122" at 00:00 UTC.
std::optional<int64_t> ParseDay(std::string_view text);

}  // namespace hark

#include "coordinator/geo_words.h"

#include <algorithm>
#include <ctime>

#include "base/address_set.h"
#include "base/as_table.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr size_t kMostDigits = 39;  // of 2^128 - 1

std::optional<AddressNumber> ParseWideNumber(std::string_view text) {
  if (text.empty() || text.size() > kMostDigits) return std::nullopt;
  AddressNumber number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<unsigned>(c - '0');
    if (number > (~AddressNumber{0} - digit) / 10) return std::nullopt;
    number = number * 10 + digit;
  }
  return number;
}

}  // namespace

std::optional<GeoEnd> ParseGeoEnd(std::string_view text) {
  if (text.find_first_of(".:") == text.npos) {
    const std::optional<AddressNumber> number = ParseWideNumber(text);
    if (!number) return std::nullopt;
    return GeoEnd{*number > UINT32_MAX, true, *number};
  }
  const std::optional<Address> address = Address::Parse(text);
  if (!address) return std::nullopt;
  return GeoEnd{!address->is_v4(), false, NumberOf(*address)};
}

std::optional<GeoRange> RangeOfPrefix(bool v6, AddressNumber first, unsigned length) {
  const unsigned bits = v6 ? 128 : 32;
  if (length > bits) return std::nullopt;
  const unsigned host = bits - length;
  const AddressNumber mask =
      host == 128 ? ~AddressNumber{0} : (AddressNumber{1} << host) - AddressNumber{1};
  if ((first & mask) != 0) return std::nullopt;
  return GeoRange{v6, first, first | mask};
}

Result<GeoRange> ParseGeoRange(std::string_view text) {
  HARK_ASSIGN_OR_RETURN(const AddressSpan span, ParseSpan(text));
  return GeoRange{!span.first.is_v4(), NumberOf(span.first), NumberOf(span.last)};
}

std::optional<CountryLetters> ParseCountryLetters(std::string_view text) {
  if (text.empty() || text == "-" || text == "None") return CountryLetters{};
  if (text.size() != 2) return std::nullopt;
  const std::string upper = AsciiUpper(text);
  const bool letters =
      std::all_of(upper.begin(), upper.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (!letters) return std::nullopt;
  if (upper == "ZZ") return CountryLetters{};
  return CountryLetters{upper[0], upper[1]};
}

std::optional<uint32_t> ParseGeoAsn(std::string_view text) {
  return text.empty() || text == "-" ? 0 : ParseAsn(text);
}

std::optional<int64_t> ParseDay(std::string_view text) {
  const std::optional<uint64_t> day = text.size() == 8 ? ParseUint(text) : std::nullopt;
  if (!day) return std::nullopt;
  std::tm utc{};
  utc.tm_year = static_cast<int>(*day / 10000) - 1900;
  utc.tm_mon = static_cast<int>(*day / 100 % 100) - 1;
  utc.tm_mday = static_cast<int>(*day % 100);
  if (utc.tm_mon < 0 || utc.tm_mon > 11 || utc.tm_mday < 1 || utc.tm_mday > 31) {
    return std::nullopt;
  }
  return int64_t{timegm(&utc)} * 1000;
}

}  // namespace hark

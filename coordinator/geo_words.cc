#include "coordinator/geo_words.h"

#include <algorithm>
#include <ctime>

#include "base/range_set.h"
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

Result<GeoRange> ParsePrefix6(const Address& address, std::string_view length_text) {
  const std::optional<uint64_t> length = ParseUint(length_text);
  if (!length || *length > 128) return InvalidInput("prefix length must be 0 to 128");
  const auto range = RangeOfPrefix(true, NumberOf(address), static_cast<unsigned>(*length));
  if (!range) return InvalidInput("host bits are set");
  return *range;
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
  if (text.find(':') == text.npos) {
    HARK_ASSIGN_OR_RETURN(const Range range, ParseRange(text));
    return GeoRange{false, range.first, range.last};
  }
  const size_t slash = text.find('/');
  const size_t dash = text.find('-');
  const std::optional<Address> first = Address::Parse(Trim(text.substr(0, std::min(slash, dash))));
  if (!first) return InvalidInput("not an IP address, prefix or range");
  if (slash != text.npos) return ParsePrefix6(*first, text.substr(slash + 1));
  const std::optional<Address> last =
      dash == text.npos ? first : Address::Parse(Trim(text.substr(dash + 1)));
  if (!last || last->is_v4() != first->is_v4()) {
    return InvalidInput("not an IP address, prefix or range");
  }
  if (*last < *first) return InvalidInput("the range ends before it begins");
  return GeoRange{true, NumberOf(*first), NumberOf(*last)};
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

std::optional<uint32_t> ParseAsn(std::string_view text) {
  if (text.empty() || text == "-") return 0;
  if (StartsWithIgnoreCase(text, "AS")) text.remove_prefix(2);
  const std::optional<uint64_t> asn = ParseUint(text);
  if (!asn || *asn > UINT32_MAX) return std::nullopt;
  return static_cast<uint32_t>(*asn);
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

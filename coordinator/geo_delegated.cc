// The five registries' "delegated-extended" files: a version line, summary lines, and records
//
//   registry|cc|type|start|value|date|status|opaque-id[|…]
//
// For IPv4 the value is a count of addresses, neither a power of two nor aligned by rule; for IPv6
// it is a prefix length. Only space that somebody holds (allocated, assigned) has a country: the
// one its holder registered in, which is all these files know.

#include <algorithm>

#include "base/strings.h"
#include "coordinator/geo_text.h"
#include "coordinator/geo_words.h"

namespace hark {
namespace {

constexpr size_t kVersionFields = 7;     // version|registry|serial|records|start|end|offset
constexpr size_t kRecordFields = 7;      // and the opaque id in the extended format
constexpr size_t kSummaryFields = 6;     // registry|*|type|*|count|summary
constexpr size_t kMaxDescription = 120;  // all five registries in one file, and no endless list

bool IsVersion(const std::vector<std::string_view>& fields) {
  return fields.size() >= kVersionFields && !fields[0].empty() && fields[0][0] >= '0' &&
         fields[0][0] <= '9';
}

Status TakeVersion(const std::vector<std::string_view>& fields, proto::GeoSource& source) {
  if (fields[0].substr(0, fields[0].find('.')) != "2") {
    return InvalidInput(
        StrCat("version '", EscapeForDisplay(fields[0]), "' is unknown; 2 is known"));
  }
  const std::optional<int64_t> end = ParseDay(fields[5]);
  if (end && *end > source.built_unix_ms()) source.set_built_unix_ms(*end);
  const std::string registry = EscapeForDisplay(fields[1]);
  std::string& text = *source.mutable_description();
  if (text.size() < kMaxDescription) {
    text += StrCat(text.empty() ? "delegated statistics of " : ", ", registry);
  }
  source.set_attribution("registration statistics of the Regional Internet Registries (NRO)");
  return Status::Ok();
}

Result<GeoRange> Range4(std::string_view start, std::string_view value) {
  const std::optional<Address> first = Address::Parse(start);
  const std::optional<uint64_t> count = ParseUint(value);
  if (!first || !first->is_v4()) return InvalidInput("the start is no IPv4 address");
  if (!count || *count == 0 || *count > (uint64_t{1} << 32) - first->v4()) {
    return InvalidInput("that many addresses do not follow the start");
  }
  return GeoRange{false, first->v4(), first->v4() + *count - 1};
}

Result<GeoRange> Range6(std::string_view start, std::string_view value) {
  const std::optional<Address> first = Address::Parse(start);
  const std::optional<uint64_t> length = ParseUint(value);
  if (!first || first->is_v4()) return InvalidInput("the start is no IPv6 address");
  const auto range = length && *length <= 128
                         ? RangeOfPrefix(true, NumberOf(*first), static_cast<unsigned>(*length))
                         : std::nullopt;
  if (!range) return InvalidInput("the start and its prefix length do not go together");
  return *range;
}

bool IsHeld(std::string_view status) {
  const std::string upper = AsciiUpper(status);
  return upper == "ALLOCATED" || upper == "ASSIGNED";
}

Status TakeRecord(const std::vector<std::string_view>& fields, uint64_t line, GeoBuilder& builder) {
  if (fields.size() < kRecordFields) return InvalidInput("a record has seven fields or more");
  const bool v4 = fields[2] == "ipv4";
  if (!v4 && fields[2] != "ipv6") return Status::Ok();  // an AS: no address is in it
  if (!IsHeld(fields[6])) return Status::Ok();
  HARK_ASSIGN_OR_RETURN(const GeoRange range,
                        v4 ? Range4(fields[3], fields[4]) : Range6(fields[3], fields[4]));
  const std::optional<CountryLetters> country = ParseCountryLetters(fields[1]);
  if (!country) {
    return InvalidInput(StrCat("'", EscapeForDisplay(fields[1]), "' is not a two-letter country"));
  }
  GeoFacts facts;
  facts.country = facts.registered = *country;
  return builder.Add(range, builder.places().Add(facts), line);
}

}  // namespace

Status ReadDelegated(GeoLines& lines, std::string_view first, GeoBuilder& builder,
                     proto::GeoSource& source) {
  for (std::string_view line = first;;) {
    const std::vector<std::string_view> fields = Split(line, '|');
    const bool summary = fields.size() >= kSummaryFields && fields[5] == "summary";
    Status status;
    if (IsVersion(fields)) {
      status = TakeVersion(fields, source);
    } else if (!summary) {
      status = TakeRecord(fields, lines.number(), builder);
    }
    if (!status.ok()) return lines.Wrong(status.message());
    HARK_ASSIGN_OR_RETURN(const bool more, lines.NextFull(&line));
    if (!more) return Status::Ok();
  }
}

}  // namespace hark

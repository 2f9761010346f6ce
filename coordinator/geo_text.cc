#include "coordinator/geo_text.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "coordinator/geo_words.h"

namespace hark {
namespace {

constexpr size_t kFewestDelegated = 6;  // a summary line

enum class TextKind { kNone, kPrefixes, kRanges, kDelegated };

// How the first column of a table of networks is called, in the files known.
bool IsHeader(std::string_view first_field) {
  static constexpr std::array<std::string_view, 10> kNames = {
      "prefix",  "network", "cidr",           "start",       "start_ip",
      "ip_from", "first",   "ip_range_start", "range_start", "ip_start"};
  return std::any_of(kNames.begin(), kNames.end(), [&](std::string_view name) {
    return name.size() == first_field.size() && StartsWithIgnoreCase(first_field, name);
  });
}

char SeparatorOf(std::string_view line) {
  return line.find('\t') != line.npos ? '\t' : ',';
}

TextKind KindOf(std::string_view line) {
  if (Split(line, '|').size() >= kFewestDelegated) return TextKind::kDelegated;
  std::vector<std::string_view> fields;
  std::vector<std::string> unquoted;
  if (!SplitFields(line, SeparatorOf(line), &fields, &unquoted)) return TextKind::kNone;
  if (fields.size() >= 3 && ParseGeoEnd(fields[0]) && ParseGeoEnd(fields[1])) {
    return TextKind::kRanges;
  }
  const bool like_address =
      fields[0].find_first_of(".:") != fields[0].npos &&
      fields[0].find_first_not_of("0123456789abcdefABCDEF.:/- ") == fields[0].npos;
  return like_address ? TextKind::kPrefixes : TextKind::kNone;
}

Status Unknown(const GeoLines& lines, std::string_view line) {
  constexpr size_t kShown = 40;
  return lines.Wrong(StrCat("'", EscapeForDisplay(line.substr(0, kShown)),
                            "' begins no geo data that hark knows; see docs/geo-data.md"));
}

Result<GeoFacts> PrefixFacts(const std::vector<std::string_view>& fields) {
  GeoFacts facts;
  const std::optional<CountryLetters> country = ParseCountryLetters(Trim(fields[1]));
  if (!country) {
    return InvalidInput(StrCat("'", EscapeForDisplay(fields[1]), "' is not a two-letter country"));
  }
  facts.country = *country;
  if (fields.size() == 3) {
    const std::optional<uint32_t> asn = ParseGeoAsn(Trim(fields[2]));
    if (!asn) {
      return InvalidInput(StrCat("'", EscapeForDisplay(fields[2]), "' is not an AS number"));
    }
    facts.asn = *asn;
  }
  return facts;
}

Status AddPrefixLine(std::string_view line, uint64_t number, GeoBuilder& builder) {
  const std::vector<std::string_view> fields = Split(line, ',');
  if (fields.size() < 2 || fields.size() > 3) {
    return InvalidInput("expected prefix,country,asn");
  }
  const Result<GeoRange> range = ParseGeoRange(Trim(fields[0]));
  if (!range.ok()) {
    return InvalidInput(
        StrCat("'", EscapeForDisplay(Trim(fields[0])), "': ", range.status().message()));
  }
  HARK_ASSIGN_OR_RETURN(const GeoFacts facts, PrefixFacts(fields));
  return builder.Add(*range, builder.places().Add(facts), number);
}

}  // namespace

Status ReadGeoPrefixes(GeoLines& lines, std::string_view first, GeoBuilder& builder) {
  for (std::string_view line = first;;) {
    line = Trim(line.substr(0, line.find('#')));
    const Status status = AddPrefixLine(line, lines.number(), builder);
    if (!status.ok()) return lines.Wrong(status.message());
    HARK_ASSIGN_OR_RETURN(const bool more, lines.NextFull(&line));
    if (!more) return Status::Ok();
  }
}

Status ReadGeoText(GeoLines& lines, GeoBuilder& builder, proto::GeoSource& source) {
  std::string_view line;
  HARK_ASSIGN_OR_RETURN(bool more, lines.NextFull(&line));
  if (!more) return Status::Ok();
  TextKind kind = KindOf(line);
  if (kind == TextKind::kNone) {
    const std::string_view name = line.substr(0, line.find_first_of(",\t"));
    if (!IsHeader(name.starts_with('"') ? name.substr(1, name.size() - 2) : name)) {
      return Unknown(lines, line);
    }
    HARK_ASSIGN_OR_RETURN(more, lines.NextFull(&line));
    if (!more) return Status::Ok();
    kind = KindOf(line);
  }
  switch (kind) {
    case TextKind::kNone:
      return Unknown(lines, line);
    case TextKind::kPrefixes:
      source.set_kind("prefixes");
      return ReadGeoPrefixes(lines, line, builder);
    case TextKind::kRanges:
      source.set_kind("ranges");
      builder.SetOverlap(GeoOverlap::kLaterCounts);
      return ReadGeoRanges(lines, line, builder);
    case TextKind::kDelegated:
      source.set_kind("rir-delegated");
      builder.SetOverlap(GeoOverlap::kLaterCounts);
      return ReadDelegated(lines, line, builder, source);
  }
  return Unknown(lines, line);
}

}  // namespace hark

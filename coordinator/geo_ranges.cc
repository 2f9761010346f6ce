// Files of ranges: start and end first, then what is known of the addresses between. The columns
// after them differ between the makers of such files, few of which write a header; they are told
// apart by their content, row by row:
//
//   start end CC [anything]                     country files of many makers
//   start end ASN [name]                        ip-location-db and DB-IP AS files
//   start end ASN CC name                       iptoasn with countries
//   start end CC region place city and more     ip-location-db city files: nine columns or more
//   start end continent CC region city lat lon  DB-IP city

#include <algorithm>
#include <array>

#include "base/as_table.h"
#include "base/strings.h"
#include "coordinator/geo_text.h"
#include "coordinator/geo_words.h"

namespace hark {
namespace {

constexpr size_t kDbIpCityColumns = 8;
constexpr size_t kFewestCityColumns = 9;

bool IsContinent(std::string_view text) {
  static constexpr std::array<std::string_view, 7> kContinents = {"AF", "AN", "AS", "EU",
                                                                  "NA", "OC", "SA"};
  return std::find(kContinents.begin(), kContinents.end(), text) != kContinents.end() ||
         text == "ZZ";
}

struct Row {
  std::vector<std::string_view> fields;
  std::vector<std::string> unquoted;
};

Result<GeoRange> RangeOf(const Row& row) {
  const std::optional<GeoEnd> first = ParseGeoEnd(row.fields[0]);
  const std::optional<GeoEnd> last = ParseGeoEnd(row.fields[1]);
  if (!first || !last || first->is_number != last->is_number) {
    return InvalidInput("the first two fields are no range of addresses");
  }
  // The two ends of a range of numbers may look like one family each; then it is IPv6.
  if (!first->is_number && first->v6 != last->v6) {
    return InvalidInput("the range begins in one family and ends in another");
  }
  if (last->number < first->number) return InvalidInput("the range ends before it begins");
  return GeoRange{last->v6, first->number, last->number};
}

Result<GeoFacts> PlaceOf(std::string_view country, std::string_view region, std::string_view city,
                         GeoPlaces& places) {
  GeoFacts facts;
  const std::optional<CountryLetters> letters = ParseCountryLetters(country);
  if (!letters) {
    return InvalidInput(StrCat("'", EscapeForDisplay(country),
                               "' is neither a two-letter country nor an AS number"));
  }
  facts.country = *letters;
  facts.region = places.AddText(region);
  facts.city = places.AddText(city);
  return facts;
}

Result<GeoFacts> FactsOf(const Row& row, GeoPlaces& places) {
  const std::vector<std::string_view>& fields = row.fields;
  if (fields.size() == kDbIpCityColumns && IsContinent(fields[2]) &&
      ParseCountryLetters(fields[3])) {
    return PlaceOf(fields[3], fields[4], fields[5], places);
  }
  const std::optional<uint32_t> asn = ParseAsn(fields[2]);
  if (!asn) {
    const bool city = fields.size() >= kFewestCityColumns;
    return PlaceOf(fields[2], city ? fields[3] : "", city ? fields[5] : "", places);
  }
  GeoFacts facts;
  facts.asn = *asn;
  // A name of two letters is no country: only files that have both columns say one.
  if (fields.size() >= 5) facts.country = ParseCountryLetters(fields[3]).value_or(CountryLetters{});
  return facts;
}

}  // namespace

Status ReadGeoRanges(GeoLines& lines, std::string_view first, GeoBuilder& builder) {
  const char separator = first.find('\t') != first.npos ? '\t' : ',';
  Row row;
  for (std::string_view line = first;;) {
    if (!SplitFields(line, separator, &row.fields, &row.unquoted)) {
      return lines.Wrong("a quote is not closed");
    }
    if (row.fields.size() < 3) return lines.Wrong("expected start,end and what lies between");
    const Result<GeoRange> range = RangeOf(row);
    if (!range.ok()) return lines.Wrong(range.status().message());
    const Result<GeoFacts> facts = FactsOf(row, builder.places());
    if (!facts.ok()) return lines.Wrong(facts.status().message());
    HARK_RETURN_IF_ERROR(builder.Add(*range, builder.places().Add(*facts), lines.number()));
    HARK_ASSIGN_OR_RETURN(const bool more, lines.NextFull(&line));
    if (!more) return Status::Ok();
  }
}

}  // namespace hark

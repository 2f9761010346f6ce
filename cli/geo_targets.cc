#include "cli/geo_targets.h"

#include <algorithm>

#include "base/as_table.h"
#include "base/strings.h"
#include "cli/flags.h"
#include "coordinator/countries.h"

namespace hark {
namespace {

constexpr size_t kMaxCountries = 300;  // more than there are codes
constexpr size_t kMostSuggested = 60;  // regions of a country: more than nearly all have

Result<std::string> CodeOf(std::string_view name) {
  if (name.empty()) return InvalidInput("--country has an empty entry");
  std::optional<std::string> code = CountryCode(name);
  if (code) return std::move(*code);
  const std::string nearest = NearestWord(std::string(name), CountryNames());
  return InvalidInput(StrCat("--country: no country is called '", EscapeForDisplay(name), "'",
                             nearest.empty() ? "" : StrCat("; did you mean ", nearest, "?")));
}

Result<std::string> CodesOf(const std::string& names) {
  std::vector<std::string> codes;
  for (const std::string_view name : Split(names, ',')) {
    HARK_ASSIGN_OR_RETURN(std::string code, CodeOf(Trim(name)));
    if (std::find(codes.begin(), codes.end(), code) == codes.end()) codes.push_back(code);
  }
  if (codes.size() > kMaxCountries) return InvalidInput("--country: too many");
  return Join(codes, ",");
}

Status SplitRegion(PlanWishes& w) {
  const size_t dash = w.region.find('-');
  if (dash != 2 || dash + 1 == w.region.size()) {
    return InvalidInput("--region is a country code, '-' and the region, e.g. IE-D");
  }
  HARK_ASSIGN_OR_RETURN(const std::string country, CodeOf(w.region.substr(0, dash)));
  if (w.country.empty()) w.country = country;
  if (w.country == country) return Status::Ok();
  return InvalidInput(
      StrCat("--region=", EscapeForDisplay(w.region), " is not in --country=", w.country));
}

Result<std::vector<uint32_t>> AsnsOf(const std::string& text) {
  std::vector<uint32_t> asns;
  if (text.empty()) return asns;
  for (const std::string_view piece : Split(text, ',')) {
    const std::optional<uint32_t> asn = ParseAsn(Trim(piece));
    if (!asn || *asn == 0) {
      return InvalidInput(StrCat("--asn: '", EscapeForDisplay(piece), "' is not an AS number"));
    }
    asns.push_back(*asn);
  }
  return asns;
}

std::string_view RegionOf(const PlanWishes& w) {
  return w.region.empty() ? std::string_view() : std::string_view(w.region).substr(3);
}

std::string Some(std::vector<std::string> names) {
  const bool more = names.size() > kMostSuggested;
  names.resize(std::min(names.size(), kMostSuggested));
  return EscapeForDisplay(Join(names, " ")) + (more ? " …" : "");
}

// Why nothing is selected: the first of the flags that the data know nothing for.
Status NothingOf(const PlanWishes& w, const std::string& country, const GeoTable& geo) {
  if (!country.empty() && geo.Country(country).empty()) {
    return InvalidInput(StrCat("--country: no '", EscapeForDisplay(country), "' in ", w.geo,
                               "; it has ", Join(geo.Countries(), " ")));
  }
  const std::vector<std::string> regions = geo.Regions(country);
  const std::vector<std::string> cities = geo.Cities(country, RegionOf(w));
  GeoSelection in_region;
  in_region.country = country;
  in_region.region = RegionOf(w);
  if (!w.region.empty() && geo.Select(in_region).empty()) {
    return InvalidInput(StrCat("--region: ", w.geo,
                               regions.empty() ? " has no regions of " : " has of ", country,
                               regions.empty() ? "" : ": " + Some(regions)));
  }
  if (!w.city.empty() && cities.empty()) {
    return InvalidInput(StrCat("--city: ", w.geo, " has no cities of ", country));
  }
  if (!w.city.empty()) {
    const std::string nearest = NearestWord(w.city, cities);
    return InvalidInput(StrCat("--city: no '", EscapeForDisplay(w.city), "' there in ", w.geo,
                               nearest.empty() ? "" : "; did you mean " + nearest + "?"));
  }
  return InvalidInput(StrCat("--asn: ", w.geo, " has no address of it there"));
}

}  // namespace

bool AsksGeo(const PlanWishes& w) {
  return !w.country.empty() || !w.region.empty() || !w.city.empty() || !w.asn.empty();
}

Status CheckGeoTargets(PlanWishes& w) {
  const bool list = !w.from.targets.empty() || !w.from.from_run.empty();
  if (list == AsksGeo(w)) {
    return InvalidInput("give either --targets or --country (or --asn)");
  }
  if (!AsksGeo(w)) return Status::Ok();
  if (!w.country.empty()) {
    HARK_ASSIGN_OR_RETURN(w.country, CodesOf(w.country));
  }
  if (!w.region.empty()) HARK_RETURN_IF_ERROR(SplitRegion(w));
  if (!w.city.empty() && w.country.empty()) return InvalidInput("--city needs its --country");
  const bool several = w.country.find(',') != w.country.npos;
  if (several && !w.city.empty()) return InvalidInput("--city is of one --country");
  HARK_RETURN_IF_ERROR(AsnsOf(w.asn).status());
  if (!w.geo.empty()) return Status::Ok();
  return InvalidInput(
      StrCat(w.country.empty() ? "--asn" : "--country", " needs --geo=FILE to know its addresses"));
}

std::vector<std::string> CountriesOf(const PlanWishes& w) {
  std::vector<std::string> codes;
  for (const std::string_view code : Split(w.country, ',')) codes.emplace_back(code);
  return codes;
}

Result<RangeSet> GeoTargets(const PlanWishes& w, const std::string& country, const GeoTable& geo) {
  GeoSelection selection;
  selection.country = country;
  selection.region = RegionOf(w);
  selection.city = w.city;
  HARK_ASSIGN_OR_RETURN(selection.asns, AsnsOf(w.asn));
  RangeSet selected = geo.Select(selection);
  if (selected.empty()) return NothingOf(w, country, geo);
  return selected;
}

std::string GeoTargetsText(const PlanWishes& w, const std::string& country) {
  std::vector<std::string> parts;
  if (!country.empty()) parts.push_back(StrCat("country ", country));
  if (!w.region.empty()) parts.push_back(StrCat("region ", EscapeForDisplay(RegionOf(w))));
  if (!w.city.empty()) parts.push_back(StrCat("city ", EscapeForDisplay(w.city)));
  for (const uint32_t asn : AsnsOf(w.asn).ok() ? *AsnsOf(w.asn) : std::vector<uint32_t>()) {
    parts.push_back(StrCat("AS", asn));
  }
  return Join(parts, ", ");
}

}  // namespace hark

#include "cli/geo_command.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "analysis/report_tables.h"
#include "base/bytes.h"
#include "base/strings.h"
#include "cli/exit_code.h"
#include "cli/flags.h"
#include "cli/geo_json.h"
#include "cli/output.h"
#include "cli/render_text.h"
#include "coordinator/countries.h"
#include "coordinator/geo.h"
#include "keys/key_id.h"

namespace hark {
namespace {

constexpr char kName[] = "hark geo info";
using Json = nlohmann::ordered_json;

uint64_t CountIpv4(const std::map<std::string, GeoCountry>& countries) {
  uint64_t sum = 0;
  for (const auto& [code, country] : countries) sum += country.ipv4.size();
  return sum;
}

// As RangeSet::Encode, with 16 bytes an address: two files that say the same have one hash.
std::string EncodeIpv6(const std::vector<GeoRange>& ranges) {
  ByteWriter out;
  for (const GeoRange& range : ranges) {
    for (const AddressNumber end : {range.first, range.last}) {
      out.U64(static_cast<uint64_t>(end >> 64));
      out.U64(static_cast<uint64_t>(end));
    }
  }
  return out.Take();
}

Json CountryJson(const std::string& code, const GeoCountry& country) {
  return {{"name", CountryName(code)},
          {"ipv4_addresses", country.ipv4.size()},
          {"ipv4_ranges", country.ipv4.ranges().size()},
          {"ipv6_ranges", country.ipv6.size()},
          {"registered_ipv4_addresses", country.registered_ipv4},
          {"ipv4_set", HexEncode(Sha256(country.ipv4.Encode()))},
          {"ipv6_set", HexEncode(Sha256(EncodeIpv6(country.ipv6)))}};
}

std::string AsJson(const GeoTable& geo) {
  const std::map<std::string, GeoCountry> countries = geo.ByCountry();
  Json out = {{"sources", GeoSourcesJson(geo.sources())},
              {"ases", geo.CountAses()},
              {"ipv4_addresses", CountIpv4(countries)},
              {"countries", Json::object()}};
  for (const auto& [code, country] : countries) {
    out["countries"][code] = CountryJson(code, country);
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string SourceText(const proto::GeoSource& source, const TextStyle& style) {
  std::string out = style.Heading(source.file()) + "\n";
  const auto line = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) out += StrCat("  ", name, std::string(14 - name.size(), ' '), value, "\n");
  };
  line("kind", source.kind());
  line("description", source.description());
  line("built", FormatUtc(source.built_unix_ms()) +
                    (source.built_is_file_time() ? " (when the file was written)" : ""));
  line("SHA-256", HexEncode(source.sha256()));
  line("attribution", source.attribution().empty() ? "not in the file; see where it came from"
                                                   : source.attribution());
  line("networks", WithThousands(source.networks()));
  return out;
}

Table CountriesTable(const std::map<std::string, GeoCountry>& countries) {
  Table table{"countries", "Countries, most IPv4 addresses first", {}, {}, true, {}};
  table.columns = {{"code", false}, {"name", false}, {"IPv4 addresses"},
                   {"IPv4 ranges"}, {"IPv6 ranges"}, {"registered there"}};
  std::vector<std::pair<std::string, const GeoCountry*>> order;
  for (const auto& [code, country] : countries) order.emplace_back(code, &country);
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return a.second->ipv4.size() > b.second->ipv4.size();
  });
  uint64_t ipv4 = 0, ranges4 = 0, ranges6 = 0, registered = 0;
  const auto add = [&](const std::string& code, std::string_view name, uint64_t a, uint64_t r4,
                       uint64_t r6, uint64_t reg) {
    table.rows.push_back({TextCell(code), TextCell(std::string(name)), CountCell(a), CountCell(r4),
                          CountCell(r6), CountCell(reg)});
  };
  for (const auto& [code, country] : order) {
    const uint64_t r4 = country->ipv4.ranges().size();
    add(code, CountryName(code), country->ipv4.size(), r4, country->ipv6.size(),
        country->registered_ipv4);
    ipv4 += country->ipv4.size();
    ranges4 += r4;
    ranges6 += country->ipv6.size();
    registered += country->registered_ipv4;
  }
  add("all", StrCat(order.size(), " countries"), ipv4, ranges4, ranges6, registered);
  return table;
}

std::string AsText(const GeoTable& geo) {
  const TextStyle style = StyleOfStdout();
  std::string out;
  for (const proto::GeoSource& source : geo.sources()) out += SourceText(source, style);
  out += StrCat("  ASes          ", WithThousands(geo.CountAses()), "\n");
  const std::map<std::string, GeoCountry> countries = geo.ByCountry();
  if (!countries.empty()) out += "\n" + TableAsText(CountriesTable(countries), style);
  return out;
}

}  // namespace

int RunGeoInfo(const std::vector<std::string>& args) {
  std::string format = "text";
  bool json = false;
  FlagSet flags(kName, "what a file of geo data is, and the countries in it",
                {{"format", Choice(&format, {"text", "json"}), "how to print"},
                 {"json", Switch(&json), "the same as --format=json"}});
  flags.SetPositional({"FILE[,FILE]"});
  flags.SetExamples({"hark geo info GeoLite2-Country.mmdb",
                     "hark geo info --format=json country.csv.gz,asn.csv.gz"});
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(kName, parsed.status());
  if (parsed->help) return Fail(kName, WriteOutput("", flags.Help()));
  const Result<GeoTable> geo = GeoTable::Load(parsed->positional.front());
  if (!geo.ok()) return Fail(kName, geo.status());
  return Fail(kName, WriteOutput("", json || format == "json" ? AsJson(*geo) : AsText(*geo)));
}

}  // namespace hark

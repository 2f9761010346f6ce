#include "api/v1_query.h"

#include <algorithm>

#include "base/as_table.h"
#include "base/moment.h"
#include "base/strings.h"

namespace hark {
namespace {

// Longer lists are a mistake, or somebody trying what happens.
constexpr size_t kMaxListed = 1000;

std::string ValueOf(const QueryMap& query, const char* name) {
  const auto at = query.find(name);
  return at == query.end() ? std::string() : at->second;
}

Status Wrong(std::string_view name, std::string_view value, std::string_view what) {
  return InvalidInput(StrCat(name, "=", EscapeForDisplay(value.substr(0, 100)), ": ", what));
}

// Each piece of a list with commas, through `take`, which says what is wrong with it.
template <typename Take>
Status ForEachPiece(const QueryMap& query, const char* name, const Take& take) {
  const std::string value = ValueOf(query, name);
  if (value.empty()) return Status::Ok();
  const std::vector<std::string_view> pieces = Split(value, ',');
  if (pieces.size() > kMaxListed) return Wrong(name, value, "too many of them");
  for (const std::string_view piece : pieces) {
    const std::string wrong = take(Trim(piece));
    if (!wrong.empty()) return Wrong(name, piece, wrong);
  }
  return Status::Ok();
}

Status ReadPrefixes(const QueryMap& query, PlaceFilter& filter) {
  std::vector<AddressSpan> spans;
  HARK_RETURN_IF_ERROR(ForEachPiece(query, "prefix", [&](std::string_view text) {
    const Result<AddressSpan> span = ParseSpan(text);
    if (span.ok()) spans.push_back(*span);
    return span.status().message();
  }));
  if (!spans.empty()) filter.prefixes = AddressSet(spans);
  return Status::Ok();
}

Status ReadPorts(const QueryMap& query, PlaceFilter& filter) {
  return ForEachPiece(query, "port", [&](std::string_view text) -> std::string {
    const std::optional<uint64_t> port = ParseUint(text);
    if (!port || *port == 0 || *port > UINT16_MAX) return "no port from 1 to 65535";
    filter.ports.push_back(static_cast<uint16_t>(*port));
    return "";
  });
}

Status ReadCountries(const QueryMap& query, PlaceFilter& filter) {
  return ForEachPiece(query, "country", [&](std::string_view text) -> std::string {
    const std::string code = AsciiUpper(text);
    const auto letter = [](char c) { return c >= 'A' && c <= 'Z'; };
    if (code.size() != 2 || !letter(code[0]) || !letter(code[1])) {
      return "no country code of two letters, such as IE";
    }
    filter.countries.push_back(code);
    return "";
  });
}

Status ReadAsns(const QueryMap& query, PlaceFilter& filter) {
  return ForEachPiece(query, "as", [&](std::string_view text) -> std::string {
    const std::optional<uint32_t> asn = ParseAsn(text);
    if (!asn) return "no AS number, such as AS64496";
    filter.asns.push_back(*asn);
    return "";
  });
}

Status ReadSecond(const QueryMap& query, const char* name, int64_t& out) {
  const std::string value = ValueOf(query, name);
  if (value.empty()) return Status::Ok();
  const Result<int64_t> ms = ParseMoment(value);
  if (!ms.ok()) return ms.status().Prepend(name);
  out = *ms / 1000 - (*ms % 1000 < 0 ? 1 : 0);
  return Status::Ok();
}

template <typename T>
bool Listed(const std::vector<T>& list, const T& value) {
  return list.empty() || std::find(list.begin(), list.end(), value) != list.end();
}

}  // namespace

bool PlaceFilter::HasPort(uint16_t port) const {
  return Listed(ports, port);
}

bool PlaceFilter::HasHost(const HostId& host) const {
  return !prefixes || (host.is_address() && prefixes->Contains(host.address()));
}

bool PlaceFilter::HasPlace(const ApiPlace& place) const {
  return Listed(countries, place.country) && Listed(asns, place.asn);
}

Result<PlaceFilter> ReadPlaceFilter(const QueryMap& query) {
  PlaceFilter filter;
  HARK_RETURN_IF_ERROR(ReadPrefixes(query, filter));
  HARK_RETURN_IF_ERROR(ReadPorts(query, filter));
  HARK_RETURN_IF_ERROR(ReadCountries(query, filter));
  HARK_RETURN_IF_ERROR(ReadAsns(query, filter));
  HARK_RETURN_IF_ERROR(ReadSecond(query, "since", filter.window.since));
  HARK_RETURN_IF_ERROR(ReadSecond(query, "until", filter.window.until));
  filter.run = ValueOf(query, "run");
  return filter;
}

Result<PageWish> ReadPageWish(const QueryMap& query, size_t most) {
  PageWish wish;
  wish.cursor = ValueOf(query, "cursor");
  const std::string limit = ValueOf(query, "limit");
  if (limit.empty()) return wish;
  const std::optional<uint64_t> number = ParseUint(limit);
  if (!number || *number == 0 || *number > most) {
    return Wrong("limit", limit, StrCat("no number from 1 to ", most));
  }
  wish.limit = *number;
  return wish;
}

std::string CursorOf(const FactUse& place) {
  const char port[] = {static_cast<char>(place.port >> 8), static_cast<char>(place.port)};
  return HexEncode(place.host.SortKey() + std::string(port, sizeof port));
}

Result<FactUse> PlaceOfCursor(std::string_view cursor) {
  const std::optional<std::string> bytes = HexDecode(cursor);
  if (bytes && bytes->size() > 2) {
    const std::string_view all(*bytes);
    const auto host = HostId::FromSortKey(all.substr(0, all.size() - 2));
    const auto high = static_cast<uint8_t>(all[all.size() - 2]);
    const auto low = static_cast<uint8_t>(all[all.size() - 1]);
    if (host) return FactUse{*host, static_cast<uint16_t>(high << 8 | low)};
  }
  return Wrong("cursor", cursor, "not one that an answer gave");
}

std::optional<FactInterval> SpanIn(const Timeline& timeline, const Fact& fact,
                                   const TimeWindow& window) {
  if (window.everything()) return timeline.Span(fact);
  const std::vector<Fact>& facts = timeline.facts();
  const auto at = std::lower_bound(facts.begin(), facts.end(), fact);
  if (at == facts.end() || *at != fact) return std::nullopt;
  const auto position = static_cast<uint32_t>(at - facts.begin());
  std::optional<FactInterval> span;
  for (const Timeline::Visit& visit : timeline.Visits()) {
    if (!window.Has(visit.unix_s)) continue;
    if (!std::binary_search(visit.facts.begin(), visit.facts.end(), position)) continue;
    if (!span) span = FactInterval{fact, visit.unix_s, visit.unix_s, 0};
    span->last_unix_s = visit.unix_s;
    ++span->sightings;
  }
  return span;
}

}  // namespace hark

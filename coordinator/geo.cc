#include "coordinator/geo.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "base/strings.h"
#include "coordinator/geo_load.h"

namespace hark {
namespace {

template <typename N>
uint32_t FindPlace(const std::vector<GeoSpan<N>>& spans, const N& address) {
  const auto it = std::lower_bound(spans.begin(), spans.end(), address,
                                   [](const GeoSpan<N>& s, const N& a) { return s.last < a; });
  return it == spans.end() || it->first > address ? 0 : it->place;
}

// Of two tables' places the one that the first begins and the second completes; each pair once.
class Completer {
 public:
  Completer(GeoPlaces& first, const GeoPlaces& second) : first_(first), second_(second) {}

  uint32_t Of(uint32_t a, uint32_t b) {
    if (b == 0) return a;
    const auto [it, is_new] = known_.emplace(uint64_t{a} << 32 | b, 0);
    if (is_new) it->second = Complete(a, b);
    return it->second;
  }

 private:
  uint32_t Complete(uint32_t a, uint32_t b) {
    GeoFacts facts = first_.facts(a);
    const GeoFacts& more = second_.facts(b);
    if (facts.country[0] == '\0') facts.country = more.country;
    if (facts.registered[0] == '\0') facts.registered = more.registered;
    if (facts.asn == 0) facts.asn = more.asn;
    // A place in another country than the one the first source says would contradict it.
    if (facts.country == more.country && facts.region == 0 && facts.city == 0) {
      facts.region = first_.AddText(second_.text(more.region));
      facts.city = first_.AddText(second_.text(more.city));
    }
    return first_.Add(facts);
  }

  GeoPlaces& first_;
  const GeoPlaces& second_;
  std::unordered_map<uint64_t, uint32_t> known_;
};

// Both are sorted and disjoint; so is what comes out, cut where either is.
template <typename N>
std::vector<GeoSpan<N>> Overlay(const std::vector<GeoSpan<N>>& a, const std::vector<GeoSpan<N>>& b,
                                Completer& places) {
  std::vector<GeoSpan<N>> out;
  constexpr AddressNumber kEnd = ~AddressNumber{0};
  size_t i = 0, j = 0;
  AddressNumber at = 0;
  while (i < a.size() || j < b.size()) {
    const AddressNumber a_first = i < a.size() ? std::max(NumberOf(a[i].first), at) : kEnd;
    const AddressNumber b_first = j < b.size() ? std::max(NumberOf(b[j].first), at) : kEnd;
    const bool in_a = i < a.size() && (j == b.size() || a_first <= b_first);
    const bool in_b = j < b.size() && (i == a.size() || b_first <= a_first);
    const AddressNumber first = in_a ? a_first : b_first;
    AddressNumber last = in_a ? NumberOf(a[i].last) : NumberOf(b[j].last);
    if (in_a && in_b) last = std::min(NumberOf(a[i].last), NumberOf(b[j].last));
    // Alone only until the other one begins.
    if (in_a && !in_b && j < b.size()) last = std::min(last, b_first - 1);
    if (in_b && !in_a && i < a.size()) last = std::min(last, a_first - 1);
    const uint32_t place = places.Of(in_a ? a[i].place : 0, in_b ? b[j].place : 0);
    out.push_back({FromNumber<N>(first), FromNumber<N>(last), place});
    if (in_a && last == NumberOf(a[i].last)) ++i;
    if (in_b && last == NumberOf(b[j].last)) ++j;
    at = last + 1;
  }
  MergeNeighbours(out);
  return out;
}

}  // namespace

Result<GeoTable> GeoTable::Parse(std::string_view bytes, const std::string& path) {
  HARK_ASSIGN_OR_RETURN(const GeoFile file, GeoFile::Of(bytes, path));
  return LoadGeoFile(file);
}

Result<GeoTable> GeoTable::Load(const std::string& paths) {
  GeoTable all;
  for (const std::string_view path : Split(paths, ',')) {
    HARK_ASSIGN_OR_RETURN(const GeoFile file, GeoFile::Open(std::string(Trim(path))));
    HARK_ASSIGN_OR_RETURN(GeoTable one, LoadGeoFile(file));
    if (all.sources_.empty()) {
      all = std::move(one);
    } else {
      all.Fill(one);
    }
  }
  return all;
}

void GeoTable::Fill(const GeoTable& other) {
  Completer places(places_, other.places_);
  v4_ = Overlay(v4_, other.v4_, places);
  v6_ = Overlay(v6_, other.v6_, places);
  sources_.insert(sources_.end(), other.sources_.begin(), other.sources_.end());
}

Place GeoTable::PlaceOf(uint32_t place) const {
  const GeoFacts& facts = places_.facts(place);
  return {LettersOf(facts.country), facts.asn, LettersOf(facts.registered),
          places_.text(facts.region), places_.text(facts.city)};
}

Place GeoTable::Find(uint32_t address) const {
  return PlaceOf(FindPlace(v4_, address));
}

Place GeoTable::Find(const Address& address) const {
  if (address.is_v4()) return Find(address.v4());
  const AddressNumber number = NumberOf(address);
  if (number >> 32 == 0xffff) return Find(static_cast<uint32_t>(number));
  return PlaceOf(FindPlace(v6_, FromNumber<WideAddress>(number)));
}

std::vector<bool> GeoTable::Matching(const GeoSelection& wanted) const {
  std::vector<bool> matching(places_.size());
  for (uint32_t place = 1; place < places_.size(); ++place) {
    const Place is = PlaceOf(place);
    matching[place] = (wanted.country.empty() || is.country == wanted.country) &&
                      (wanted.region.empty() || EqualsIgnoreCase(is.region, wanted.region)) &&
                      (wanted.city.empty() || EqualsIgnoreCase(is.city, wanted.city)) &&
                      (wanted.asns.empty() || std::find(wanted.asns.begin(), wanted.asns.end(),
                                                        is.asn) != wanted.asns.end());
  }
  return matching;
}

RangeSet GeoTable::Select(const GeoSelection& selection) const {
  const std::vector<bool> matching = Matching(selection);
  std::vector<Range> ranges;
  for (const GeoSpan<uint32_t>& span : v4_) {
    if (matching[span.place]) ranges.push_back({span.first, span.last});
  }
  return RangeSet(std::move(ranges));
}

RangeSet GeoTable::Country(std::string_view country) const {
  GeoSelection selection;
  selection.country = country;
  return country.empty() ? RangeSet() : Select(selection);
}

// Both are sorted and disjoint: one walk over both.
Result<AsTable> GeoTable::AsesOf(const RangeSet& addresses) const {
  std::vector<AsSpan> out;
  auto span = v4_.begin();
  for (const Range& range : addresses.ranges()) {
    while (span != v4_.end() && span->last < range.first) ++span;
    for (auto it = span; it != v4_.end() && it->first <= range.last; ++it) {
      const uint32_t asn = places_.facts(it->place).asn;
      if (asn == 0) continue;
      out.push_back({std::max(it->first, range.first), std::min(it->last, range.last), asn});
    }
  }
  return AsTable::Make(std::move(out));
}

std::map<uint32_t, AddressSet> GeoTable::NetworksOf(const std::set<uint32_t>& asns) const {
  std::map<uint32_t, std::vector<AddressSpan>> spans;
  const auto take = [&](const auto& span) {
    const uint32_t asn = places_.facts(span.place).asn;
    if (asns.contains(asn)) spans[asn].push_back({AddressOf(span.first), AddressOf(span.last)});
  };
  std::for_each(v4_.begin(), v4_.end(), take);
  std::for_each(v6_.begin(), v6_.end(), take);
  std::map<uint32_t, AddressSet> out;
  for (const auto& [asn, of_it] : spans) out.emplace(asn, AddressSet(of_it));
  return out;
}

std::vector<std::string> GeoTable::Countries() const {
  std::set<std::string> names;
  for (uint32_t place = 1; place < places_.size(); ++place) {
    if (const Place is = PlaceOf(place); !is.country.empty()) names.emplace(is.country);
  }
  return {names.begin(), names.end()};
}

std::vector<std::string> GeoTable::Regions(std::string_view country) const {
  std::set<std::string> names;
  for (uint32_t place = 1; place < places_.size(); ++place) {
    const Place is = PlaceOf(place);
    if (is.country == country && !is.region.empty()) names.emplace(is.region);
  }
  return {names.begin(), names.end()};
}

std::vector<std::string> GeoTable::Cities(std::string_view country, std::string_view region) const {
  std::set<std::string> names;
  for (uint32_t place = 1; place < places_.size(); ++place) {
    const Place is = PlaceOf(place);
    const bool here =
        is.country == country && (region.empty() || EqualsIgnoreCase(is.region, region));
    if (here && !is.city.empty()) names.emplace(is.city);
  }
  return {names.begin(), names.end()};
}

std::map<std::string, GeoCountry> GeoTable::ByCountry() const {
  std::map<std::string, GeoCountry> out;
  std::map<std::string, std::vector<Range>> ranges;
  for (const GeoSpan<uint32_t>& span : v4_) {
    const Place is = PlaceOf(span.place);
    if (!is.country.empty()) ranges[std::string(is.country)].push_back({span.first, span.last});
    if (is.registered.empty()) continue;
    out[std::string(is.registered)].registered_ipv4 += uint64_t{span.last} - span.first + 1;
  }
  for (auto& [country, of_it] : ranges) out[country].ipv4 = RangeSet(std::move(of_it));
  for (const GeoSpan<WideAddress>& span : v6_) {
    const Place is = PlaceOf(span.place);
    if (is.country.empty()) continue;
    out[std::string(is.country)].ipv6.push_back({true, NumberOf(span.first), NumberOf(span.last)});
  }
  for (auto& [code, country] : out) MergeNeighbours(country.ipv6);
  return out;
}

size_t GeoTable::CountAses() const {
  std::unordered_set<uint32_t> asns;
  for (uint32_t place = 1; place < places_.size(); ++place) asns.insert(places_.facts(place).asn);
  asns.erase(0);
  return asns.size();
}

}  // namespace hark

#include "tests/lab/scenario.h"

#include <bit>
#include <set>

#include "base/strings.h"
#include "tests/lab/scenario_words.h"
#include "tests/lab/service_attributes.h"

namespace hark::lab {

const Prefix* LongestPrefix(const Scenario& scenario, const Address& where) {
  const Prefix* best = nullptr;
  if (!where.is_v4()) return best;
  const uint32_t address = where.v4();
  for (const Prefix& p : scenario.prefixes) {
    if (address < p.range.first || address > p.range.last) continue;
    if (best == nullptr || p.range.last - p.range.first < best->range.last - best->range.first) {
      best = &p;
    }
  }
  return best;
}

bool IsTarget(const RangeSet& targets, const Address& address) {
  return address.is_v4() && targets.Contains(address.v4());
}

RangeSet Targets(const Scenario& scenario) {
  std::vector<Range> ranges;
  for (const Prefix& p : scenario.prefixes) {
    if (p.target) ranges.push_back(p.range);
  }
  return RangeSet(std::move(ranges));
}

std::string CidrText(const Range& range) {
  const int host_bits = std::popcount(range.last - range.first);
  return StrCat(Address::V4(range.first).ToString(), '/', 32 - host_bits);
}

void Complete(Scenario& scenario) {
  std::set<std::string_view> tls;
  std::set<std::string_view> ssh;
  for (const Host& host : scenario.hosts) {
    for (const Service& service : host.services) {
      auto& users = service.protocol == Protocol::kSsh ? ssh : tls;
      users.insert(service.keys.begin(), service.keys.end());
      if (!service.ca.empty()) users.insert(service.ca);
    }
  }
  for (std::string_view name : tls) {
    scenario.key_types.try_emplace(std::string(name), KeyType::kEcdsaP256);
  }
  for (std::string_view name : ssh) {
    scenario.key_types.try_emplace(std::string(name), KeyType::kEd25519);
  }
  if (!scenario.prefixes.empty()) return;
  for (const Host& host : scenario.hosts) {
    if (!host.address.is_v4()) continue;
    const uint32_t address = host.address.v4();
    scenario.prefixes.push_back({{address, address}, host.asn, host.country, true});
  }
}

std::string FormatScenario(const Scenario& scenario) {
  std::string out =
      StrCat("run ", QuoteWord(scenario.run), "\ncountry ", QuoteWord(scenario.country), "\n\n");
  for (const Prefix& p : scenario.prefixes) {
    out += StrCat("prefix ", CidrText(p.range), " asn=", p.asn, " country=", p.country,
                  p.target ? "" : " target=no", "\n");
  }
  out += '\n';
  for (const auto& [name, type] : scenario.key_types) {
    out += StrCat("key ", QuoteWord(name), " type=", KeyTypeName(type), "\n");
  }
  for (const Host& host : scenario.hosts) {
    out += StrCat("\nhost ", host.address.ToString(), " asn=", host.asn, " country=", host.country,
                  "\n");
    for (const Service& service : host.services) {
      out += StrCat("  port ", service.port, ' ', ProtocolName(service.protocol),
                    FormatAttributes(service), '\n');
    }
  }
  return out;
}

}  // namespace hark::lab

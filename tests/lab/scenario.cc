#include "tests/lab/scenario.h"

#include <bit>
#include <set>

#include "base/address.h"
#include "base/strings.h"

namespace hark::lab {
namespace {

constexpr std::array<std::string_view, kKeyTypeCount> kKeyTypeNames = {
    "ed25519",  "ecdsa-p256", "ecdsa-p384", "ecdsa-p521",
    "rsa-1024", "rsa-2048",   "rsa-4096",   "dsa-1024"};

constexpr std::array<std::string_view, kBehaviourCount> kBehaviourNames = {"normal",
                                                                           "refuse",
                                                                           "silent",
                                                                           "accept-then-silent",
                                                                           "close-after-accept",
                                                                           "reset-after-accept",
                                                                           "garbage",
                                                                           "tarpit",
                                                                           "throttled",
                                                                           "no-starttls",
                                                                           "starttls-refused",
                                                                           "close-in-hello",
                                                                           "tls-alert",
                                                                           "bad-signature"};

template <typename Enum, size_t N>
std::optional<Enum> Find(const std::array<std::string_view, N>& names, std::string_view name) {
  for (size_t i = 0; i < N; ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

// Quoted, with \" \\ and \xNN inside, whenever a bare word would not read back.
std::string Quote(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c < 0x20 || c > 0x7e) {
      out += StrCat("\\x", HexEncode(std::string_view(&c, 1)));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string FormatService(const Service& s) {
  std::string out = StrCat("  port ", s.port, ' ', ProtocolName(s.protocol));
  if (s.protocol == Protocol::kSsh) {
    if (!s.keys.empty()) out += StrCat(" keys=", Join(s.keys, ","));
    if (s.ssh_version != "2.0") out += StrCat(" version=", s.ssh_version);
  } else if (!s.keys.empty()) {
    out += StrCat(" key=", s.keys.front(), " tls=1.", s.tls_min - kTls10);
    if (s.tls_max != s.tls_min) out += StrCat("-1.", s.tls_max - kTls10);
  }
  if (!s.was.empty()) out += StrCat(" was=", s.was);
  if (!s.banner.empty()) out += StrCat(" banner=", Quote(s.banner));
  if (s.behaviour != Behaviour::kNormal) {
    out += StrCat(" behaviour=", BehaviourName(s.behaviour));
  }
  return out + '\n';
}

}  // namespace

std::string_view KeyTypeName(KeyType type) {
  return kKeyTypeNames[static_cast<size_t>(type)];
}
std::optional<KeyType> ParseKeyType(std::string_view name) {
  return Find<KeyType>(kKeyTypeNames, name);
}
std::string_view BehaviourName(Behaviour behaviour) {
  return kBehaviourNames[static_cast<size_t>(behaviour)];
}
std::optional<Behaviour> ParseBehaviour(std::string_view name) {
  return Find<Behaviour>(kBehaviourNames, name);
}

std::string TlsVersionName(uint16_t version) {
  return StrCat("TLSv1.", version - kTls10);
}

bool Accepts(const Service& service) {
  return service.behaviour != Behaviour::kRefuse && service.behaviour != Behaviour::kSilent;
}

bool ShowsKeys(const Service& service) {
  return service.behaviour == Behaviour::kNormal && !service.keys.empty();
}

const Prefix* LongestPrefix(const Scenario& scenario, uint32_t address) {
  const Prefix* best = nullptr;
  for (const Prefix& p : scenario.prefixes) {
    if (address < p.range.first || address > p.range.last) continue;
    if (best == nullptr || p.range.last - p.range.first < best->range.last - best->range.first) {
      best = &p;
    }
  }
  return best;
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
    scenario.prefixes.push_back({{host.address, host.address}, host.asn, host.country, true});
  }
}

std::string FormatScenario(const Scenario& scenario) {
  std::string out = StrCat("run ", scenario.run, "\ncountry ", scenario.country, "\n\n");
  for (const Prefix& p : scenario.prefixes) {
    out += StrCat("prefix ", CidrText(p.range), " asn=", p.asn, " country=", p.country,
                  p.target ? "" : " target=no", "\n");
  }
  out += '\n';
  for (const auto& [name, type] : scenario.key_types) {
    out += StrCat("key ", name, " type=", KeyTypeName(type), "\n");
  }
  for (const Host& host : scenario.hosts) {
    out += StrCat("\nhost ", Address::V4(host.address).ToString(), " asn=", host.asn,
                  " country=", host.country, "\n");
    for (const Service& service : host.services) out += FormatService(service);
  }
  return out;
}

}  // namespace hark::lab

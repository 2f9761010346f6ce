// The scenario file, line by line:
//
//   line                                  | means
//   run NAME                              | name of the run in the truth
//   country CC                            | default country of what follows
//   prefix CIDR [asn=N country=CC target=yes|no]
//   key NAME type=TYPE
//   host ADDRESS [asn=N country=CC]       | asn and country default to the longest prefix's
//   port N PROTOCOL [attribute=value ...] | of the host above
//
// Words are separated by blanks; a value may be "quoted", with \" \\ \r \n \t and \xNN inside; a
// word that begins with # ends the line.

#include <algorithm>
#include <unordered_set>

#include "base/address.h"
#include "base/strings.h"
#include "tests/lab/scenario.h"
#include "tests/lab/scenario_words.h"
#include "tests/lab/service_attributes.h"

namespace hark::lab {
namespace {

Result<uint32_t> ParseNumber(std::string_view what, std::string_view text, uint64_t min,
                             uint64_t max) {
  const auto n = ParseUint(text);
  if (!n.has_value() || *n < min || *n > max) {
    return InvalidInput(StrCat(what, " \"", text, "\" is not a number from ", min, " to ", max));
  }
  return static_cast<uint32_t>(*n);
}

Result<std::string> ParseCountry(std::string_view text) {
  const auto capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (text.size() != 2 || !std::all_of(text.begin(), text.end(), capital)) {
    return InvalidInput(StrCat("country \"", text, "\" is not two capital letters"));
  }
  return std::string(text);
}

Result<Protocol> ParseProtocol(std::string_view text) {
  for (int i = 1; i < kProtocolCount; ++i) {
    if (ProtocolName(static_cast<Protocol>(i)) == text) return static_cast<Protocol>(i);
  }
  return InvalidInput(StrCat("unknown protocol \"", text, '"'));
}

bool IsRsa(KeyType type) {
  return type == KeyType::kRsa1024 || type == KeyType::kRsa2048 || type == KeyType::kRsa4096;
}

// What OpenSSL keeps one certificate of; any two differ enough for a client to ask for either.
int KindOf(KeyType type) {
  return IsRsa(type) ? 0 : type == KeyType::kEd25519 ? 1 : 2;
}

class Parser {
 public:
  Parser() { scenario_.country = "XX"; }

  Status Line(std::string_view line) {
    HARK_ASSIGN_OR_RETURN(const Words words, SplitWords(line));
    if (words.empty()) return Status::Ok();
    const std::string& verb = words[0];
    if (words.size() < 2) return InvalidInput(StrCat('"', verb, "\" needs something after it"));
    if (verb == "run") return Run(words);
    if (verb == "country") return Country(words);
    if (verb == "prefix") return PrefixLine(words);
    if (verb == "key") return Key(words);
    if (verb == "host") return HostLine(words);
    if (verb == "port") return Port(words);
    return InvalidInput(StrCat("unknown word \"", verb, '"'));
  }

  Result<Scenario> Finish() {
    Complete(scenario_);
    HARK_RETURN_IF_ERROR(CheckKeys());
    return std::move(scenario_);
  }

  // Where the key problem found at the end came from.
  int line_number = 0;

 private:
  Status Run(const Words& words) {
    scenario_.run = words[1];
    return Status::Ok();
  }

  Status Country(const Words& words) {
    HARK_ASSIGN_OR_RETURN(scenario_.country, ParseCountry(words[1]));
    return Status::Ok();
  }

  Status PrefixLine(const Words& words) {
    HARK_ASSIGN_OR_RETURN(const Range range, ParseRange(words[1]));
    const uint64_t size = uint64_t{range.last} - range.first + 1;
    if ((size & (size - 1)) != 0 || range.first % size != 0) {
      return InvalidInput(StrCat('"', words[1], "\" is not a CIDR prefix"));
    }
    Prefix prefix{range, 0, scenario_.country, true};
    for (const auto& [name, value] : NamedValues(words, 2)) {
      if (name == "asn") {
        HARK_ASSIGN_OR_RETURN(prefix.asn, ParseNumber("asn", value, 0, UINT32_MAX));
      } else if (name == "country") {
        HARK_ASSIGN_OR_RETURN(prefix.country, ParseCountry(value));
      } else if (name == "target" && (value == "yes" || value == "no")) {
        prefix.target = value == "yes";
      } else {
        return Unknown(name, value);
      }
    }
    scenario_.prefixes.push_back(std::move(prefix));
    return Status::Ok();
  }

  Status Key(const Words& words) {
    for (const auto& [name, value] : NamedValues(words, 2)) {
      const auto type = ParseKeyType(value);
      if (name != "type" || !type.has_value()) return Unknown(name, value);
      const auto [it, added] = scenario_.key_types.emplace(words[1], *type);
      if (!added && it->second != *type) {
        return InvalidInput(
            StrCat("key \"", words[1], "\" already has type ", KeyTypeName(it->second)));
      }
      return Status::Ok();
    }
    return InvalidInput(StrCat("key \"", words[1], "\" needs type="));
  }

  Status HostLine(const Words& words) {
    const auto address = Address::Parse(words[1]);
    if (!address.has_value()) {
      return InvalidInput(StrCat('"', words[1], "\" is not an IP address"));
    }
    if (!addresses_.insert(*address).second) {
      return InvalidInput(StrCat("host ", words[1], " is there already"));
    }
    Host host;
    host.address = *address;
    const Prefix* prefix = LongestPrefix(scenario_, host.address);
    host.asn = prefix == nullptr ? 0 : prefix->asn;
    host.country = prefix == nullptr ? scenario_.country : prefix->country;
    for (const auto& [name, value] : NamedValues(words, 2)) {
      if (name == "asn") {
        HARK_ASSIGN_OR_RETURN(host.asn, ParseNumber("asn", value, 0, UINT32_MAX));
      } else if (name == "country") {
        HARK_ASSIGN_OR_RETURN(host.country, ParseCountry(value));
      } else {
        return Unknown(name, value);
      }
    }
    scenario_.hosts.push_back(std::move(host));
    return Status::Ok();
  }

  Status Port(const Words& words) {
    if (scenario_.hosts.empty()) return InvalidInput("a port before any host");
    if (words.size() < 3) return InvalidInput("a port needs a number and a protocol");
    Service service;
    HARK_ASSIGN_OR_RETURN(const uint32_t port, ParseNumber("port", words[1], 1, 65535));
    service.port = static_cast<uint16_t>(port);
    HARK_ASSIGN_OR_RETURN(service.protocol, ParseProtocol(words[2]));
    for (const auto& [name, value] : NamedValues(words, 3)) {
      HARK_RETURN_IF_ERROR(SetAttribute(name, value, service));
    }
    HARK_RETURN_IF_ERROR(CheckService(service));
    for (const Service& other : scenario_.hosts.back().services) {
      if (other.port == service.port) {
        return InvalidInput(StrCat("port ", service.port, " of this host is there already"));
      }
    }
    for (const std::string& key : service.keys) uses_.push_back({key, service, line_number});
    if (!service.ca.empty()) uses_.push_back({service.ca, service, line_number});
    scenario_.hosts.back().services.push_back(std::move(service));
    return Status::Ok();
  }

  static Status CheckService(const Service& service) {
    if (!BehaviourFits(service.behaviour, service.protocol)) {
      return InvalidInput(StrCat(ProtocolName(service.protocol), " cannot have behaviour ",
                                 BehaviourName(service.behaviour)));
    }
    Service shown = service;
    shown.keys = {"any"};
    const bool needs_key = ShowsKeys(shown) && !IsMailWithStartTls(service.protocol);
    if (needs_key && service.keys.empty()) {
      return InvalidInput(StrCat(ProtocolName(service.protocol), " needs a key"));
    }
    if (service.protocol != Protocol::kSsh && service.keys.size() > 2) {
      return InvalidInput("TLS has one key or two");
    }
    return Status::Ok();
  }

  // Key types are known only at the end: a key line may follow the first use.
  Status CheckKeys() {
    for (const Use& use : uses_) {
      line_number = use.line;
      HARK_RETURN_IF_ERROR(CheckKey(use.key, use.service));
    }
    return Status::Ok();
  }

  Status CheckKey(const std::string& name, const Service& service) const {
    const KeyType type = scenario_.key_types.at(name);
    if (service.protocol == Protocol::kSsh) {
      const bool no_authority = name == service.ca && type == KeyType::kSkEd25519;
      return no_authority ? InvalidInput("a security key cannot sign certificates") : Status::Ok();
    }
    if (type == KeyType::kDsa1024 || type == KeyType::kSkEd25519) {
      return InvalidInput(StrCat("TLS with ", KeyTypeName(type), " keys is not served"));
    }
    if (type == KeyType::kEd25519 && service.tls_max < kTls10 + 2) {
      return InvalidInput(StrCat("TLS 1.0 and 1.1 have no Ed25519 signatures: key \"", name,
                                 "\" wants tls=1.2-1.3"));
    }
    if (service.raw != RawTls::kNo && (!IsRsa(type) || service.keys.size() != 1)) {
      return InvalidInput("SSLv3 and RC4 are served with one RSA key");
    }
    const bool two_kinds =
        service.keys.size() < 2 || KindOf(scenario_.key_types.at(service.keys[0])) !=
                                       KindOf(scenario_.key_types.at(service.keys[1]));
    return two_kinds ? Status::Ok()
                     : InvalidInput("two TLS keys are of two kinds: RSA, ECDSA, Ed25519");
  }

  static Status Unknown(std::string_view name, std::string_view value) {
    return InvalidInput(StrCat("cannot use ", name, '=', value, " here"));
  }

  struct Use {
    std::string key;
    Service service;
    int line;
  };

  Scenario scenario_;
  std::unordered_set<Address> addresses_;
  std::vector<Use> uses_;
};

}  // namespace

Result<Scenario> ParseScenario(std::string_view text, std::string_view file_name) {
  Parser parser;
  const auto where = [&] { return StrCat(file_name, ':', parser.line_number); };
  for (std::string_view line : Split(text, '\n')) {
    ++parser.line_number;
    const Status status = parser.Line(line);
    if (!status.ok()) return status.Prepend(where());
  }
  Result<Scenario> scenario = parser.Finish();
  if (!scenario.ok()) return scenario.status().Prepend(where());
  return scenario;
}

}  // namespace hark::lab

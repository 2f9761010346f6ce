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
#include <set>
#include <unordered_set>

#include "base/address.h"
#include "base/strings.h"
#include "tests/lab/scenario.h"

namespace hark::lab {
namespace {

constexpr size_t kMaxBanner = 4096;  // longer than any server's; tests want some too long for us

using Words = std::vector<std::string>;

Result<char> Unescape(std::string_view text, size_t* i) {
  if (*i >= text.size()) return InvalidInput("a backslash ends the line");
  const char c = text[(*i)++];
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'x': {
      const auto byte = HexDecode(text.substr(*i, 2));
      if (!byte.has_value() || byte->size() != 1) return InvalidInput("\\x wants two hex digits");
      *i += 2;
      return byte->front();
    }
    case '"':
    case '\\':
      return c;
  }
  return InvalidInput(StrCat("unknown escape \\", c));
}

Result<Words> SplitWords(std::string_view line) {
  Words words;
  size_t i = 0;
  while (true) {
    while (i < line.size() && (line[i] == ' ' || line[i] == '\t' || line[i] == '\r')) ++i;
    if (i == line.size() || line[i] == '#') return words;
    std::string word;
    bool quoted = false;
    while (i < line.size() && (quoted || (line[i] != ' ' && line[i] != '\t' && line[i] != '\r'))) {
      const char c = line[i++];
      if (c == '"') {
        quoted = !quoted;
      } else if (quoted && c == '\\') {
        HARK_ASSIGN_OR_RETURN(const char escaped, Unescape(line, &i));
        word += escaped;
      } else {
        word += c;
      }
    }
    if (quoted) return InvalidInput("a quote is not closed");
    words.push_back(std::move(word));
  }
}

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

Result<uint16_t> ParseTlsVersion(std::string_view text) {
  if (text.size() == 3 && text.substr(0, 2) == "1." && text[2] >= '0' && text[2] <= '3') {
    return static_cast<uint16_t>(kTls10 + (text[2] - '0'));
  }
  return InvalidInput(StrCat("TLS version \"", text, "\" is none of 1.0 1.1 1.2 1.3"));
}

Result<Protocol> ParseProtocol(std::string_view text) {
  for (int i = 1; i < kProtocolCount; ++i) {
    if (ProtocolName(static_cast<Protocol>(i)) == text) return static_cast<Protocol>(i);
  }
  return InvalidInput(StrCat("unknown protocol \"", text, '"'));
}

bool IsMailWithStartTls(Protocol p) {
  return p == Protocol::kSmtp || p == Protocol::kPop3 || p == Protocol::kImap;
}

class Parser {
 public:
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
    for (const auto& [name, value] : Attributes(words, 2)) {
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
    for (const auto& [name, value] : Attributes(words, 2)) {
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
    if (!address.has_value() || !address->is_v4()) {
      return InvalidInput(StrCat('"', words[1], "\" is not an IPv4 address"));
    }
    if (!addresses_.insert(address->v4()).second) {
      return InvalidInput(StrCat("host ", words[1], " is there already"));
    }
    Host host;
    host.address = address->v4();
    const Prefix* prefix = LongestPrefix(scenario_, host.address);
    host.asn = prefix == nullptr ? 0 : prefix->asn;
    host.country = prefix == nullptr ? scenario_.country : prefix->country;
    for (const auto& [name, value] : Attributes(words, 2)) {
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
    for (const auto& [name, value] : Attributes(words, 3)) {
      HARK_RETURN_IF_ERROR(Attribute(name, value, service));
    }
    HARK_RETURN_IF_ERROR(CheckService(service));
    for (const Service& other : scenario_.hosts.back().services) {
      if (other.port == service.port) {
        return InvalidInput(StrCat("port ", service.port, " of this host is there already"));
      }
    }
    for (const std::string& key : service.keys) uses_.push_back({key, service, line_number});
    scenario_.hosts.back().services.push_back(std::move(service));
    return Status::Ok();
  }

  static Status Attribute(const std::string& name, const std::string& value, Service& service) {
    const bool ssh = service.protocol == Protocol::kSsh;
    if (ssh && name == "keys") {
      for (std::string_view key : Split(value, ',')) service.keys.emplace_back(key);
    } else if (ssh && name == "version" && (value == "2.0" || value == "1.99")) {
      service.ssh_version = value;
    } else if (!ssh && name == "key") {
      service.keys = {value};
    } else if (!ssh && name == "tls") {
      const auto ends = Split(value, '-');
      HARK_ASSIGN_OR_RETURN(service.tls_min, ParseTlsVersion(ends.front()));
      HARK_ASSIGN_OR_RETURN(service.tls_max, ParseTlsVersion(ends.back()));
      if (ends.size() > 2 || service.tls_min > service.tls_max) return Unknown(name, value);
    } else if (!ssh && name == "was" && value == "SSLv3") {
      service.was = value;
    } else if (name == "banner" && value.size() <= kMaxBanner) {
      service.banner = value;
    } else if (name == "behaviour" && ParseBehaviour(value).has_value()) {
      service.behaviour = *ParseBehaviour(value);
    } else {
      return Unknown(name, value);
    }
    return Status::Ok();
  }

  static Status CheckService(const Service& service) {
    for (const std::string& key : service.keys) {
      if (key.empty()) return InvalidInput("a key without a name");
    }
    const bool needs_key =
        service.behaviour == Behaviour::kNormal && !IsMailWithStartTls(service.protocol);
    if (needs_key && service.keys.empty()) {
      return InvalidInput(StrCat(ProtocolName(service.protocol), " needs a key"));
    }
    const bool mail_only = service.behaviour == Behaviour::kNoStartTls ||
                           service.behaviour == Behaviour::kStartTlsRefused;
    const bool wrong =
        (mail_only && !IsMailWithStartTls(service.protocol)) ||
        (service.behaviour == Behaviour::kBadSignature && service.protocol != Protocol::kSsh) ||
        (service.behaviour == Behaviour::kTlsAlert && service.protocol == Protocol::kSsh);
    if (!wrong) return Status::Ok();
    return InvalidInput(StrCat(ProtocolName(service.protocol), " cannot have behaviour ",
                               BehaviourName(service.behaviour)));
  }

  // Key types are known only at the end: a key line may follow the first use.
  Status CheckKeys() {
    for (const Use& use : uses_) {
      line_number = use.line;
      const KeyType type = scenario_.key_types.at(use.key);
      if (use.service.protocol == Protocol::kSsh) continue;
      if (type == KeyType::kDsa1024) return InvalidInput("TLS with DSA keys is not served");
      if (type == KeyType::kEd25519 && use.service.tls_max < kTls10 + 2) {
        return InvalidInput(StrCat("TLS 1.0 and 1.1 have no Ed25519 signatures: key \"", use.key,
                                   "\" wants tls=1.2-1.3"));
      }
    }
    return Status::Ok();
  }

  static std::vector<std::pair<std::string, std::string>> Attributes(const Words& words,
                                                                     size_t from) {
    std::vector<std::pair<std::string, std::string>> out;
    for (size_t i = from; i < words.size(); ++i) {
      const size_t equals = words[i].find('=');
      out.emplace_back(words[i].substr(0, equals),
                       equals == std::string::npos ? "" : words[i].substr(equals + 1));
    }
    return out;
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
  std::unordered_set<uint32_t> addresses_;
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

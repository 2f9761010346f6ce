#include "analysis/suites.h"

#include <algorithm>
#include <set>

#include "analysis/shared_keys.h"
#include "base/distinct.h"
#include "base/strings.h"
#include "keys/tls_names.h"

namespace hark {
namespace {

constexpr std::string_view kPaperPolicy = R"(
bad prefix TLS_RSA
bad prefix SSL_
bad prefix TLS_PSK
bad contains NULL
bad contains EXPORT
bad contains anon
bad contains _DES_
bad contains RC4
bad contains EMPTY
bad contains FALLBACK
bad contains SRP
bad contains KRB
bad unknown
)";

// A policy is a page; this is somebody's mistake.
constexpr size_t kMaxRules = 10'000;
// Between two clean-ups of the list of keys with bad suites: 8 MB.
constexpr size_t kBadKeysSlack = size_t{1} << 20;

// TlsSuiteName gives the number of what has no name.
bool IsUnknown(std::string_view name) {
  return name.starts_with("0x");
}

std::optional<uint16_t> SuiteNumber(std::string_view text) {
  if (!text.starts_with("0x") || text.size() != 6) return std::nullopt;
  const std::optional<std::string> bytes = HexDecode(text.substr(2));
  if (!bytes) return std::nullopt;
  return static_cast<uint16_t>(static_cast<uint8_t>((*bytes)[0]) << 8 |
                               static_cast<uint8_t>((*bytes)[1]));
}

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words;
  for (const std::string_view word : Split(line, ' ')) {
    if (!Trim(word).empty()) words.push_back(Trim(word));
  }
  return words;
}

}  // namespace

SuitePolicy SuitePolicy::Paper() {
  SuitePolicy policy = *Parse(kPaperPolicy, "");
  policy.name_ = "the paper's rule";
  return policy;
}

Result<SuitePolicy::Rule> SuitePolicy::ParseRule(std::string_view line) {
  const std::vector<std::string_view> words = Words(line);
  const std::string_view match = words.size() > 1 ? words[1] : std::string_view();
  Rule rule;
  rule.bad = words[0] == "bad";
  if (!rule.bad && words[0] != "good") {
    return InvalidInput(StrCat("'", EscapeForDisplay(words[0]), "' is neither bad nor good"));
  }
  if (match == "unknown" && words.size() == 2) return rule;
  if (words.size() == 3 && (match == "prefix" || match == "contains")) {
    rule.match = match == "prefix" ? Match::kPrefix : Match::kContains;
    rule.text = std::string(words[2]);
    return rule;
  }
  const std::optional<uint16_t> suite =
      words.size() == 3 && match == "suite" ? SuiteNumber(words[2]) : std::nullopt;
  if (!suite) {
    return InvalidInput(
        "after bad or good comes prefix TEXT, contains TEXT, suite 0x1234 or unknown");
  }
  rule.match = Match::kSuite;
  rule.suite = *suite;
  return rule;
}

Result<SuitePolicy> SuitePolicy::Parse(std::string_view text, std::string_view file) {
  SuitePolicy policy;
  policy.name_ = std::string(file);
  size_t number = 0;
  for (std::string_view line : Split(text, '\n')) {
    ++number;
    line = Trim(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    const Result<Rule> rule = ParseRule(line);
    if (!rule.ok()) {
      return InvalidInput(StrCat(file, " line ", number, ": ", rule.status().message()));
    }
    policy.rules_.push_back(*rule);
    if (policy.rules_.size() > kMaxRules) return InvalidInput(StrCat(file, ": too many rules"));
  }
  if (policy.rules_.empty()) return InvalidInput(StrCat(file, ": no rule in it"));
  return policy;
}

bool SuitePolicy::IsBad(uint16_t suite) const {
  const std::string name = TlsSuiteName(suite);
  const auto matches = [&](const Rule& rule) {
    switch (rule.match) {
      case Match::kPrefix:
        return name.starts_with(rule.text);
      case Match::kContains:
        return name.find(rule.text) != name.npos;
      case Match::kSuite:
        return suite == rule.suite;
      case Match::kUnknown:
        return IsUnknown(name);
    }
    return false;
  };
  const auto at = std::find_if(rules_.begin(), rules_.end(), matches);
  return at != rules_.end() && at->bad;
}

const SuiteTraits& SuiteTally::Traits(uint16_t suite) {
  const auto [at, is_new] = traits_.try_emplace(suite);
  if (is_new) {
    SuiteTraits& traits = at->second;
    traits.name = TlsSuiteName(suite);
    traits.known = !IsUnknown(traits.name);
    traits.bad = policy_.IsBad(suite);
    traits.rc4 = traits.name.find("RC4") != traits.name.npos;
    // DHE and ECDHE; of TLS 1.3, whose names say nothing of it, the version tells.
    traits.forward_secret = traits.name.find("DHE") != traits.name.npos;
  }
  return at->second;
}

void SuiteTally::AddBad(uint32_t host, uint16_t suite, uint32_t shared_key) {
  if (host != last_bad_host_) ++counts_.bad_clustered_hosts;
  last_bad_host_ = host;
  if (shared_key == SharedKeys::kNone) return;
  bad_keys_.push_back(uint64_t{suite} << 32 | shared_key);
  if (bad_keys_.size() < 2 * distinct_bad_keys_ + kBadKeysSlack) return;
  MakeDistinct(bad_keys_);
  distinct_bad_keys_ = bad_keys_.size();
}

void SuiteTally::Add(uint32_t host, bool clustered, uint16_t suite, uint32_t shared_key) {
  SuiteCount& count = counts_.suites[suite];
  ++count.host_ports;
  ++counts_.host_ports;
  if (!clustered) return;
  ++count.clustered_host_ports;
  ++counts_.clustered_host_ports;
  const auto [last, first_time] = last_host_.try_emplace(suite, host);
  if (first_time || last->second != host) ++count.clustered_hosts;
  last->second = host;
  if (Traits(suite).bad) AddBad(host, suite, shared_key);
}

SuiteCounts SuiteTally::Finish() && {
  counts_.policy = policy_.name();
  MakeDistinct(bad_keys_);
  std::vector<uint32_t> keys;
  for (const uint64_t pair : bad_keys_) {
    ++counts_.suites[static_cast<uint16_t>(pair >> 32)].clustered_keys;
    keys.push_back(static_cast<uint32_t>(pair));
  }
  MakeDistinct(keys);
  counts_.bad_clustered_keys = keys.size();
  for (auto& [suite, count] : counts_.suites) {
    const SuiteTraits& traits = Traits(suite);
    count.name = traits.name;
    count.bad = traits.bad;
  }
  return std::move(counts_);
}

}  // namespace hark

#pragma once

// Which cipher suites servers chose, and which of them a policy calls bad: the paper's Table XIV
// (re-used keys with "less desirable" suites), exact where its script was one too low.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/status.h"

namespace hark {

// Rules over IANA names; the first that matches decides, and what none matches is not bad. As a
// file: docs/formats/suite-policy.md.
class SuitePolicy {
 public:
  // The paper's: bad are suites without forward secrecy by RSA key transport or a plain pre-shared
  // key, those with NULL, EXPORT, anonymous, single-DES, RC4, SRP or Kerberos parts, the signalling
  // values that are no suites, and every number without a name.
  static SuitePolicy Paper();
  // kInvalidInput names the file and the line.
  static Result<SuitePolicy> Parse(std::string_view text, std::string_view file);

  bool IsBad(uint16_t suite) const;
  const std::string& name() const { return name_; }

 private:
  enum class Match { kPrefix, kContains, kSuite, kUnknown };
  struct Rule {
    bool bad = true;
    Match match = Match::kUnknown;
    std::string text;
    uint16_t suite = 0;
  };

  static Result<Rule> ParseRule(std::string_view line);

  std::string name_;
  std::vector<Rule> rules_;
};

struct SuiteCount {
  std::string name;  // IANA's, or "0x1234"
  bool bad = false;
  uint64_t host_ports = 0;  // that chose it and showed a key
  // The paper's population: members of clusters.
  uint64_t clustered_host_ports = 0;
  uint64_t clustered_hosts = 0;
  uint64_t clustered_keys = 0;  // keys of two or more hosts, used with it; bad suites only

  bool operator==(const SuiteCount&) const = default;
};

struct SuiteCounts {
  std::string policy;
  std::map<uint16_t, SuiteCount> suites;  // those seen
  uint64_t host_ports = 0;                // TLS host/ports with a key
  uint64_t clustered_host_ports = 0;
  uint64_t bad_clustered_hosts = 0;  // distinct, over all bad suites
  uint64_t bad_clustered_keys = 0;   // likewise
};

// What is asked of a suite for every host/port: looked up once a code point.
struct SuiteTraits {
  std::string name;
  bool bad = false;
  bool rc4 = false;
  bool forward_secret = false;
  bool known = false;
};

class SuiteTally {
 public:
  explicit SuiteTally(SuitePolicy policy) : policy_(std::move(policy)) {}

  const SuiteTraits& Traits(uint16_t suite);
  // A host/port of a host that takes part, hosts one after another. shared_key: the number of the
  // key it showed, or SharedKeys::kNone.
  void Add(uint32_t host, bool clustered, uint16_t suite, uint32_t shared_key);
  SuiteCounts Finish() &&;

 private:
  static constexpr uint32_t kNoHost = UINT32_MAX;

  void AddBad(uint32_t host, uint16_t suite, uint32_t shared_key);

  SuitePolicy policy_;
  std::unordered_map<uint16_t, SuiteTraits> traits_;
  std::unordered_map<uint16_t, uint32_t> last_host_;  // counted for the suite
  uint32_t last_bad_host_ = kNoHost;
  std::vector<uint64_t> bad_keys_;  // suite and number of a shared key; made distinct now and then
  size_t distinct_bad_keys_ = 0;    // at the front of it, sorted
  SuiteCounts counts_;
};

}  // namespace hark

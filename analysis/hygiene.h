#pragma once

// How well TLS is looked after: six flags a host, their number its score. The index of 2026
// (RC4 and TLS hygiene), corrected: every TLS port counts, 443 included; TLS 1.3 has forward
// secrecy, and of a suite without a name nothing is said; dates are compared with the time of the
// grab.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "analysis/clusters.h"
#include "analysis/mail_software.h"
#include "analysis/superiority.h"

namespace hark {

// One for each that is true on any TLS port of the host.
enum class HygieneFlag : uint8_t {
  kRc4,               // an RC4 suite was chosen
  kLegacyTls,         // TLS 1.1 or older was
  kNoForwardSecrecy,  // a suite with neither DHE nor ECDHE, below TLS 1.3
  kSelfSigned,        // the certificate shown
  kExpired,           // likewise; not yet valid does not count
  kUntrusted,         // no chain to a trusted root, or out of its time
};
inline constexpr size_t kHygieneFlags = 6;
const char* HygieneFlagName(HygieneFlag flag);   // stable: "rc4", "legacy_tls" …
const char* HygieneFlagTitle(HygieneFlag flag);  // for people

using FlagCounts = std::array<uint64_t, kHygieneFlags>;       // by HygieneFlag
using ScoreCounts = std::array<uint64_t, kHygieneFlags + 1>;  // by score

// Scores of a group of hosts.
struct ScoreCount {
  ScoreCounts hosts_of_score{};
  // By the flags that an RC4 suite does not imply: without those of RC4 and forward secrecy.
  ScoreCounts hosts_of_rest{};
  FlagCounts flags{};
  uint64_t hosts = 0;
  uint64_t score_sum = 0;
  uint64_t other_sum = 0;  // of the flags but RC4

  double mean() const { return Mean(score_sum); }
  double mean_other() const { return Mean(other_sum); }
  double ratio_of(HygieneFlag flag) const { return Mean(flags[static_cast<size_t>(flag)]); }
  bool operator==(const ScoreCount&) const = default;

 private:
  double Mean(uint64_t sum) const {
    return hosts == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(hosts);
  }
};

struct AsHygiene {
  uint32_t asn = 0;
  uint64_t hosts = 0;  // with TLS
  uint64_t score_sum = 0;
  uint32_t max = 0;
  FlagCounts flags{};

  double mean() const { return static_cast<double>(score_sum) / static_cast<double>(hosts); }
  bool operator==(const AsHygiene&) const = default;
};

struct ClusterHygiene {
  std::string id;
  uint32_t hosts = 0;  // with TLS
  uint32_t ases = 0;
  uint32_t rc4 = 0;         // of the hosts, with the RC4 flag
  uint32_t rc4_partly = 0;  // of these, with another suite on some other port
  uint32_t max = 0;
  uint64_t score_sum = 0;

  double mean() const { return static_cast<double>(score_sum) / static_cast<double>(hosts); }
  bool operator==(const ClusterHygiene&) const = default;
};

struct HygieneCounts {
  // An AS with fewer hosts says nothing.
  static constexpr uint64_t kMinAsHosts = 5;
  // Clusters of that many hosts are counted apart from smaller ones.
  static constexpr size_t kLargeCluster = 5;
  // Clusters told of.
  static constexpr size_t kMostClusters = 20;

  uint64_t hosts = 0;  // that take part, with TLS or without
  FlagCounts flags{};
  ScoreCount all;  // hosts with a TLS handshake on some port
  ScoreCount rc4;
  ScoreCount not_rc4;
  ScoreCount in_large;  // members of clusters of kLargeCluster hosts or more, of smaller ones,
  ScoreCount in_small;  // and hosts in none
  ScoreCount alone;
  std::array<ScoreCount, kMailSoftwareCount> software{};  // by MailSoftware
  std::array<ScoreCount, kMailModelCount> models{};
  std::vector<AsHygiene> ases;  // with kMinAsHosts hosts or more: highest mean first, then number
  // Those with most flags in all, so where one hand mends most; then in the order of clusters.
  std::vector<ClusterHygiene> clusters;
  uint64_t rc4_clusters = 0;  // with a host with the RC4 flag
  uint64_t rc4_alone = 0;     // hosts with that flag in no cluster

  // Hosts with RC4 against those without, by what RC4 does not imply.
  Superiority rc4_superiority() const;
  // Members of clusters against hosts in none, by all flags.
  Superiority clustered_superiority() const;
};

// What is told of a host with TLS.
struct HostHygiene {
  uint32_t flags = 0;  // bit n = HygieneFlag n
  bool rc4_partly = false;
  uint32_t asn = 0;                      // 0: unknown, in no AS
  uint32_t cluster = Clustering::kNone;  // by number
  MailSoftware software = MailSoftware::kUnknown;
};

class HygieneTally {
 public:
  // Must outlive the tally.
  explicit HygieneTally(const Clustering& clustering);

  void AddHost(const HostHygiene& host);
  HygieneCounts Finish(uint64_t hosts) &&;

 private:
  struct OfCluster {
    uint32_t hosts = 0;
    uint32_t rc4 = 0;
    uint32_t rc4_partly = 0;
    uint32_t max = 0;
    uint64_t score_sum = 0;
  };

  ScoreCount& GroupOf(uint32_t cluster);
  void AddToAs(const HostHygiene& host, uint32_t score);
  void AddToCluster(const HostHygiene& host, uint32_t score);
  void RankClusters();

  const Clustering& clustering_;
  HygieneCounts counts_;
  std::map<uint32_t, AsHygiene> ases_;
  std::vector<OfCluster> clusters_;  // by number
};

}  // namespace hark

#pragma once

// Clusters of the paper's Tables XVI and XVIII–XX rebuilt: from a published row, hosts, ports and
// keys that give it. Where the text names how often keys occur, these are the multiplicities.

#include <algorithm>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/cluster_stats.h"
#include "analysis/fake_run_reader.h"
#include "base/strings.h"

namespace hark {

// A published row.
struct PaperCluster {
  std::string_view name;
  uint64_t hosts, ases, host_ports, ssh_ports, ssh_keys, tls_ports, tls_keys, trusted, wildcard,
      most;
  // How often each key occurs, most first; left out = `most` once, the rest as evenly as it goes.
  std::vector<uint64_t> tls_uses = {};
};

inline void PrintTo(const PaperCluster& row, std::ostream* out) {
  *out << "cluster " << row.name;
}

class PaperClusterBuilder {
 public:
  explicit PaperClusterBuilder(FakeRunReader& reader, uint32_t first_address = 0x0a000001)
      : reader_(reader), next_address_(first_address) {}

  // link: the name of the most used key of its kind, for clusters that share it.
  void Add(const PaperCluster& cluster, const std::string& link = "") {
    name_ = std::string(cluster.name);
    first_ = next_address_;
    for (uint64_t i = 0; i < cluster.hosts; ++i) {
      const auto asn = static_cast<uint32_t>(1 + std::min(i, cluster.ases - 1));
      proto::HostRow& row = reader_.AddHost(Address::V4(next_address_++), asn);
      row.set_started_unix_ms(1'521'200'000'000 + static_cast<int64_t>(i) * 1000);
      row.set_duration_ms(500);
    }
    const bool by_ssh = cluster.tls_ports == 0 || cluster.tls_uses.empty()
                            ? cluster.tls_ports == 0
                            : cluster.tls_uses[0] < 2;
    AddSsh(cluster, by_ssh && !link.empty() ? link : name_ + " ssh 0");
    AddTls(cluster, !by_ssh && !link.empty() ? link : name_ + " tls 0");
  }

  // The verdicts of Table XVI: the first `trusted` TLS ports, the first `wildcard` of these.
  LeafJudge Judge() const {
    return [verdicts = verdicts_](uint32_t, const proto::PortRow& row) -> Result<LeafVerdict> {
      const auto at = verdicts.find(row.observation().tls().chain_sha256(0));
      return at == verdicts.end() ? LeafVerdict() : at->second;
    };
  }

 private:
  static constexpr uint16_t kTlsPorts[] = {25, 443, 993, 587, 143, 110};

  static std::vector<uint64_t> Uses(uint64_t uses, uint64_t keys, uint64_t most) {
    std::vector<uint64_t> out;
    for (; keys > 0; --keys) {
      const uint64_t n = out.empty() && most > 0 ? std::min(most, uses) : (uses + keys - 1) / keys;
      out.push_back(n);
      uses -= n;
    }
    return out;
  }

  void AddSsh(const PaperCluster& cluster, const std::string& first_key) {
    const bool all_of_one = cluster.tls_ports == 0;
    const std::vector<uint64_t> uses =
        Uses(cluster.ssh_ports, cluster.ssh_keys, all_of_one ? cluster.most : 0);
    uint64_t slot = 0;
    for (size_t key = 0; key < uses.size(); ++key) {
      for (uint64_t i = 0; i < uses[key]; ++i, ++slot) {
        reader_.AddPort(Host(slot), 22, {key == 0 ? first_key : StrCat(name_, " ssh ", key)});
      }
    }
  }

  // Port by port over all hosts: every key goes on where the one before ended, so a key that is on
  // more hosts than are left of a round holds them together.
  void AddTls(const PaperCluster& cluster, const std::string& first_key) {
    const std::vector<uint64_t> uses =
        !cluster.tls_uses.empty() ? cluster.tls_uses
                                  : Uses(cluster.tls_ports, cluster.tls_keys, cluster.most);
    uint64_t slot = 0;
    for (size_t key = 0; key < uses.size(); ++key) {
      for (uint64_t i = 0; i < uses[key]; ++i, ++slot) {
        proto::PortRow& row =
            reader_.AddPort(Host(slot % cluster.hosts), kTlsPorts[slot / cluster.hosts],
                            {key == 0 ? first_key : StrCat(name_, " tls ", key)});
        const LeafVerdict verdict{slot < cluster.trusted, slot < cluster.wildcard};
        const std::string leaf =
            Sha256(StrCat(name_, " leaf ", key, verdict.trusted, verdict.wildcard));
        row.mutable_observation()->mutable_tls()->add_chain_sha256(leaf);
        verdicts_[leaf] = verdict;
      }
    }
  }

  Address Host(uint64_t i) const { return Address::V4(first_ + static_cast<uint32_t>(i)); }

  FakeRunReader& reader_;
  uint32_t next_address_;
  uint32_t first_ = 0;
  std::string name_;
  std::map<std::string, LeafVerdict> verdicts_;
};

inline std::vector<uint64_t> WithSingles(std::vector<uint64_t> uses, size_t singles) {
  uses.insert(uses.end(), singles, 1);
  return uses;
}

// Table XVI without the cells that contradict the text (clusters 9, 194, 3 and 111: the text's).
inline const std::vector<PaperCluster>& TableXvi() {
  static const auto* const kRows = new std::vector<PaperCluster>{
      {"3", 1991, 1, 1995, 0, 0, 1995, 2, 1991, 1991, 1991},
      {"665", 578, 5, 3405, 488, 310, 2917, 169, 517, 226, 1298},
      {"9", 249, 1, 1396, 248, 46, 1148, 137, 1052, 501, 911},
      {"52", 118, 1, 118, 0, 0, 118, 1, 118, 0, 118},
      {"32", 92, 1, 165, 0, 0, 165, 8, 74, 72, 70, {70, 60, 7, 7, 7, 7, 4, 3}},
      {"199", 48, 1, 285, 48, 1, 237, 7, 232, 0, 231},
      {"144", 26, 1, 125, 0, 0, 125, 17, 125, 0, 109},
      {"177", 26, 1, 128, 24, 1, 104, 2, 0, 0, 78, {78, 26}},
      {"103", 25, 1, 25, 25, 1, 0, 0, 0, 0, 25},
      {"194", 22, 1, 121, 21, 1, 100, 13, 96, 0, 88, WithSingles({88}, 12)},
      {"338", 21, 4, 138, 16, 6, 122, 18, 5, 1, 85},
      {"333", 21, 1, 135, 19, 19, 116, 17, 7, 1, 47, WithSingles({47, 26, 15, 10, 5, 2}, 11)},
      {"227", 15, 10, 20, 0, 0, 20, 2, 1, 0, 19},
      {"462", 14, 6, 16, 0, 0, 16, 2, 0, 0, 15},
      {"1227", 5, 1, 13, 5, 1, 8, 7, 3, 1, 5, WithSingles({2}, 6)},
      {"111", 5, 2, 31, 1, 1, 30, 1, 27, 17, 30},
      {"8", 4, 1, 9, 4, 4, 5, 2, 4, 4, 4},
      {"76", 3, 2, 3, 3, 1, 0, 0, 0, 0, 3},
      {"648", 2, 1, 2, 2, 1, 0, 0, 0, 0, 2},
      {"639", 2, 1, 10, 0, 0, 10, 2, 1, 0, 9},
  };
  return *kRows;
}

}  // namespace hark

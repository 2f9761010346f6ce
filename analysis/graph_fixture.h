#pragma once

// For tests: a small language for clusters. Keys go by name; hosts are numbered in the order they
// come and live at 192.0.2.n.
//
//   ClusterDetail c = GraphFixture().Host(1, {{22, "a"}}).Host(2, {{22, "a"}, {443, "b"}}).Done();

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "analysis/cluster_detail.h"
#include "analysis/fake_run_reader.h"

namespace hark {

class GraphFixture {
 public:
  GraphFixture& Host(uint32_t asn, const std::vector<std::pair<uint16_t, std::string>>& keys,
                     const std::string& banner = "") {
    Member member;
    member.address = Address::V4(0xc0000201 + static_cast<uint32_t>(detail_.members.size()));
    member.asn = asn;
    std::map<KeyId, std::set<uint16_t>> ports_of_key;
    for (const auto& [port, key] : keys) {
      MemberPort seen;
      seen.port = port;
      seen.outcome = Outcome::kOk;
      seen.keys = {KeyNamed(key)};
      seen.banner = banner;
      member.ports.push_back(seen);
      ports_of_key[KeyNamed(key)].insert(port);
    }
    for (const auto& [key, ports] : ports_of_key) {
      KeyCount& count = keys_[key];
      count.key = key;
      ++count.hosts;
      count.host_ports += ports.size();
    }
    detail_.members.push_back(std::move(member));
    return *this;
  }

  // n hosts in AS 1 that all show one key on one port.
  GraphFixture& Clique(size_t n, uint16_t port = 25) {
    for (size_t i = 0; i < n; ++i) Host(1, {{port, "clique"}});
    return *this;
  }

  ClusterDetail Done() {
    for (const auto& [id, count] : keys_) detail_.keys.push_back(count);
    std::stable_sort(
        detail_.keys.begin(), detail_.keys.end(),
        [](const KeyCount& a, const KeyCount& b) { return a.host_ports > b.host_ports; });
    return std::move(detail_);
  }

 private:
  ClusterDetail detail_;
  std::map<KeyId, KeyCount> keys_;
};

}  // namespace hark

// Reads key graphs as JSON from stdin and writes what the analysis makes of them, for an
// independent check (key_graphs_test.py). In: one graph a line, {"hosts": N, "uses": [[host, port,
// "key"], ...]} with hosts 0..N-1 and any order of uses. Out: one line a graph, the clusters as
// lists of hosts.

#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "analysis/clusters.h"
#include "analysis/fake_run_reader.h"

namespace hark {
namespace {

constexpr uint32_t kFirst = 0x0a000000;

Result<nlohmann::json> Components(const nlohmann::json& graph) {
  FakeRunReader reader;
  for (uint32_t host = 0; host < graph.at("hosts").get<uint32_t>(); ++host) {
    reader.AddHost(Address::V4(kFirst + host));
  }
  for (const auto& use : graph.at("uses")) {
    reader.AddPort(Address::V4(kFirst + use.at(0).get<uint32_t>()), use.at(1).get<uint16_t>(),
                   {use.at(2).get<std::string>()});
  }
  HARK_ASSIGN_OR_RETURN(const HostTable hosts, HostTable::Read(reader));
  HARK_ASSIGN_OR_RETURN(const Clustering clustering, FindClusters(reader, hosts));
  nlohmann::json out = nlohmann::json::array();
  for (const Cluster& cluster : clustering.clusters) {
    nlohmann::json& members = out.emplace_back(nlohmann::json::array());
    for (const uint32_t host : cluster.members)
      members.push_back(hosts.address(host).v4() - kFirst);
  }
  return out;
}

}  // namespace
}  // namespace hark

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const hark::Result<nlohmann::json> out = hark::Components(nlohmann::json::parse(line));
    if (!out.ok()) {
      std::cerr << out.status().message() << "\n";
      return 1;
    }
    std::cout << out->dump() << "\n";
  }
  return 0;
}

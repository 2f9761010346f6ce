#include "cli/cross_json.h"

#include <nlohmann/json.hpp>

#include "cli/compare_json.h"
#include "cli/facts_json.h"
#include "cli/stats_json.h"

namespace hark {
namespace {

using Json = nlohmann::ordered_json;

// What comparisons called by these names before there was more comes first.
Json StatsJson(const ClusterStats& stats) {
  Json out = {{"hosts", stats.hosts},           {"ases", stats.ases},
              {"host_ports", stats.host_ports}, {"ssh_ports", stats.ssh_ports},
              {"ssh_keys", stats.ssh_keys},     {"tls_ports", stats.tls_ports},
              {"tls_keys", stats.tls_keys},     {"most_reused", stats.most_reused.host_ports}};
  const Json all = ClusterStatsJson(stats);
  for (const auto& [name, value] : all.items()) {
    if (!out.contains(name)) out[name] = value;
  }
  return out;
}

// Names and counts of a super-cluster's parts.
class CrossJson {
 public:
  CrossJson(std::span<const ComparedRun* const> runs, const CrossLinks& links)
      : runs_(runs), links_(links) {}

  std::string Name(uint32_t node) const {
    const CrossNode& at = links_.nodes[node];
    return links_.NameOf(at, *runs_[at.run]);
  }

  Json Links(const SuperCluster& cluster) const {
    Json out = Json::array();
    for (const uint32_t i : cluster.links) {
      const CrossLink& link = links_.links[i];
      out.push_back({{"a", Name(link.a)},
                     {"b", Name(link.b)},
                     {"shared_keys", link.shared_keys},
                     {"shared_addresses", link.shared_addresses}});
    }
    return out;
  }

  Json Members(const SuperCluster& cluster) const {
    Json out = Json::array();
    for (size_t m = 0; m < cluster.nodes.size(); ++m) {
      const CrossNode& node = links_.nodes[cluster.nodes[m]];
      const ComparedRun& run = *runs_[node.run];
      Json member = {
          {"name", Name(cluster.nodes[m])},
          {"run", run.name()},
          {"id", node.lone() ? Json(nullptr) : Json(run.clustering.clusters[node.cluster].id)},
          {"first_member", run.hosts.address(node.host).ToString()}};
      member.update(StatsJson(cluster.members[m]));
      out.push_back(std::move(member));
    }
    return out;
  }

  Json LinkingKeys(const SuperCluster& cluster) const {
    Json out = Json::array();
    for (const LinkingKey& key : cluster.linking_keys) {
      Json names = Json::array();
      for (const uint32_t node : key.nodes) names.push_back(Name(node));
      out.push_back({{"key", key.key.ToHex()},
                     {"host_ports", key.host_ports},
                     {"clusters", std::move(names)}});
    }
    return out;
  }

  Json SuperClusterJson(const SuperCluster& cluster) const {
    return {{"name", cluster.name},
            {"additional", cluster.additional()},
            {"runs", cluster.runs},
            {"clusters", cluster.nodes.size()},
            {"sum", StatsJson(cluster.sum)},
            {"distinct", StatsJson(cluster.distinct)},
            {"linking_key_count", cluster.linking_key_count},
            {"linking_keys", LinkingKeys(cluster)},
            {"members", Members(cluster)},
            {"links", Links(cluster)}};
  }

 private:
  std::span<const ComparedRun* const> runs_;
  const CrossLinks& links_;
};

}  // namespace

std::string CrossAsJson(std::span<const ComparedRun* const> runs, const CrossLinks& links,
                        const SuperClusters& super, const CrossBasis& basis) {
  const CrossJson names(runs, links);
  Json of_runs = Json::array();
  for (size_t i = 0; i < runs.size(); ++i) {
    Json run = {{"label", links.labels[i]}};
    run.update(ComparedRunJson(*runs[i]));
    of_runs.push_back(std::move(run));
  }
  Json clusters = Json::array();
  for (const SuperCluster& cluster : super.clusters) {
    clusters.push_back(names.SuperClusterJson(cluster));
  }
  const Json out = {{"runs", std::move(of_runs)},
                    {"matrix", links.matrix},
                    {"links", links.links.size()},
                    {"linked_clusters", links.nodes.size()},
                    {"super_clusters", super.clusters.size()},
                    {"additional", super.additional},
                    {"hosts_sum", super.hosts_sum},
                    {"hosts_distinct", super.hosts_distinct},
                    {"components", std::move(clusters)},
                    {"scope", basis.scope},
                    {"trust", TrustJson(basis.trust)}};
  return out.dump(2) + "\n";
}

}  // namespace hark

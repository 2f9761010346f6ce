#include "analysis/super_clusters.h"

#include <algorithm>
#include <set>

#include "analysis/super_cluster_counts.h"
#include "analysis/union_find.h"

namespace hark {
namespace {

constexpr uint32_t kNone = Clustering::kNone;
using Runs = std::span<const ComparedRun* const>;

// The components of the links, in their final order, without counts.
std::vector<SuperCluster> FindComponents(const CrossLinks& links) {
  UnionFind sets(static_cast<uint32_t>(links.nodes.size()));
  for (const CrossLink& link : links.links) sets.Union(link.a, link.b);
  std::vector<uint32_t> number(links.nodes.size(), kNone);  // by root
  std::vector<SuperCluster> out;
  for (uint32_t node = 0; node < links.nodes.size(); ++node) {
    uint32_t& at = number[sets.Find(node)];
    if (at == kNone) {
      at = static_cast<uint32_t>(out.size());
      out.emplace_back();
    }
    out[at].nodes.push_back(node);
  }
  for (uint32_t i = 0; i < links.links.size(); ++i) {
    out[number[sets.Find(links.links[i].a)]].links.push_back(i);
  }
  std::sort(out.begin(), out.end(), [](const SuperCluster& x, const SuperCluster& y) {
    return x.nodes.size() != y.nodes.size() ? x.nodes.size() > y.nodes.size()
                                            : x.nodes[0] < y.nodes[0];
  });
  return out;
}

}  // namespace

Result<SuperClusters> FindSuperClusters(Runs runs, const CrossLinks& links,
                                        std::span<const LeafJudge> judges) {
  SuperClusters out;
  out.clusters = FindComponents(links);
  for (SuperCluster& cluster : out.clusters) {
    const CrossNode& first = links.nodes[cluster.nodes[0]];
    cluster.name = "SC" + links.NameOf(first, *runs[first.run]);
    std::set<uint32_t> of_runs;
    for (const uint32_t node : cluster.nodes) of_runs.insert(links.nodes[node].run);
    cluster.runs = static_cast<uint32_t>(of_runs.size());
    out.additional += cluster.additional() ? 1 : 0;
  }
  HARK_RETURN_IF_ERROR(CountMembers(runs, links, judges, out));
  return out;
}

}  // namespace hark

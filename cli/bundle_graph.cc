#include "cli/bundle_graph.h"

#include "analysis/graph_dot.h"
#include "analysis/graph_forces.h"
#include "analysis/graph_layout.h"
#include "analysis/graph_model.h"
#include "analysis/graph_svg.h"
#include "base/strings.h"

namespace hark {
namespace {

std::string PortFact(const BundleCluster& cluster, const BundlePort& port) {
  std::string out = std::to_string(port.port);
  if (port.outcome != Outcome::kOk) out += StrCat(" ", OutcomeName(port.outcome));
  if (!port.version.empty()) out += " " + port.version;
  std::vector<std::string> keys;
  for (const uint32_t key : port.keys) keys.push_back(cluster.keys[key].label);
  if (!keys.empty()) out += (keys.size() == 1 ? " key " : " keys ") + Join(keys, ", ");
  return out;
}

// A port that has several entries shows its keys once.
void AddUse(const GraphUse& use, std::vector<GraphUse>& uses) {
  const bool known = !uses.empty() && uses.back().host == use.host && uses.back().port == use.port;
  if (!known) uses.push_back(use);
}

// The keys two hosts or more share, and where they were seen.
void AddKeys(const BundleCluster& cluster, GraphParts& parts) {
  std::vector<std::vector<GraphUse>> uses(cluster.keys.size());
  for (uint32_t host = 0; host < cluster.members.size(); ++host) {
    for (const BundlePort& port : cluster.members[host].ports) {
      for (const uint32_t key : port.keys) AddUse({host, port.port}, uses[key]);
    }
  }
  for (size_t i = 0; i < cluster.keys.size(); ++i) {
    const BundleKey& key = cluster.keys[i];
    if (key.hosts < 2) continue;
    parts.keys.push_back({key.label, key.hosts, key.host_ports});
    parts.uses.push_back(std::move(uses[i]));
  }
}

GraphParts PartsOf(const BundleCluster& cluster) {
  GraphParts parts;
  parts.id = cluster.label;
  for (const BundleMember& member : cluster.members) {
    GraphHost& host = parts.hosts.emplace_back();
    host.name = member.label;
    host.asn = member.asn;
    host.ring = !member.own;
    for (const BundlePort& port : member.ports) host.facts.push_back(PortFact(cluster, port));
  }
  AddKeys(cluster, parts);
  return parts;
}

}  // namespace

// The places are our own placer's: the same bundle has the same pictures, whatever is installed.
std::vector<BundleFile> PaintBundleCluster(const BundleCluster& cluster) {
  const Result<ClusterGraph> graph = BuildGraph(PartsOf(cluster));
  if (!graph.ok()) return {};  // only when a form was asked for
  const GraphLayout layout = LayOut(*graph, PlaceByForces);
  return {{StrCat("graphs/", cluster.label, ".dot"), GraphAsDot(*graph)},
          {StrCat("graphs/", cluster.label, ".svg"), GraphAsSvg(*graph, layout)}};
}

}  // namespace hark

#include "analysis/graph_model.h"

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_map>

#include "base/strings.h"

namespace hark {
namespace {

// Enough of a banner to know the software, and of a key's id to tell a cluster's keys apart.
constexpr size_t kBannerShown = 64;
constexpr size_t kKeyShown = 12;

using HostPair = std::pair<uint32_t, uint32_t>;
using PairPorts = std::map<HostPair, std::set<PortPair>>;

std::string PortFact(const MemberPort& port) {
  std::string out = std::to_string(port.port);
  if (port.outcome != Outcome::kOk) out += StrCat(" ", OutcomeName(port.outcome));
  if (!port.version.empty()) out += " " + EscapeForDisplay(port.version);
  std::vector<std::string> keys;
  for (const KeyId& key : port.keys) keys.push_back(key.ToHex().substr(0, kKeyShown));
  if (!keys.empty()) out += (keys.size() == 1 ? " key " : " keys ") + Join(keys, ", ");
  // Cut before escaping: half of a \xNN is not what anybody sent.
  const std::string_view banner = std::string_view(port.banner).substr(0, kBannerShown);
  if (banner.empty()) return out;
  return StrCat(out, " ", EscapeForDisplay(banner),
                banner.size() < port.banner.size() ? "..." : "");
}

void ColourHosts(ClusterGraph& graph) {
  std::map<uint32_t, uint64_t> hosts_of_asn;
  for (const GraphHost& host : graph.hosts) ++hosts_of_asn[host.asn];
  graph.ases = ColourAses(hosts_of_asn);
  std::unordered_map<uint32_t, std::string> colours;
  for (const AsColour& as : graph.ases) colours[as.asn] = as.colour;
  for (GraphHost& host : graph.hosts) host.colour = colours[host.asn];
}

using KeyUses = std::vector<std::vector<GraphUse>>;

// Every pair of hosts with the ports it shares keys by; nothing when there are more than `most`.
std::optional<PairPorts> FindPairs(const KeyUses& uses, size_t most) {
  PairPorts pairs;
  for (const std::vector<GraphUse>& of_key : uses) {
    for (size_t i = 0; i < of_key.size(); ++i) {
      for (size_t j = i + 1; j < of_key.size(); ++j) {
        if (of_key[i].host == of_key[j].host) continue;
        pairs[{of_key[i].host, of_key[j].host}].insert({of_key[i].port, of_key[j].port});
        if (pairs.size() > most) return std::nullopt;
      }
    }
  }
  return pairs;
}

// The legend while it grows: a colour is one entry, however many labels it has.
class LegendMaker {
 public:
  explicit LegendMaker(LinkColouring colouring) : colouring_(colouring) {}

  // Ports the paper's tables do not know get their colours here, in ascending order of the pairs.
  void Add(const std::set<PortPair>& pairs) {
    for (const PortPair& pair : pairs) {
      LinkColour colour = ColourOfPair(pair, colouring_);
      if (colour.colour.empty()) colour.colour = SpareLinkColour(spares_++);
      const auto [it, is_new] = kind_of_colour_.try_emplace(colour.colour, kinds_.size());
      if (is_new) {
        kinds_.push_back({colour.label, colour.colour, 0});
        labels_.push_back({colour.label});
      } else if (labels_[it->second].insert(colour.label).second) {
        kinds_[it->second].label += ", " + colour.label;
      }
      kind_of_pair_[pair] = it->second;
    }
  }

  void Link(uint32_t from, uint32_t to, const std::set<PortPair>& ports, ClusterGraph& graph) {
    std::map<uint32_t, std::vector<PortPair>> by_kind;
    for (const PortPair& pair : ports) by_kind[kind_of_pair_.at(pair)].push_back(pair);
    for (auto& [kind, of_kind] : by_kind) {
      graph.links.push_back({from, to, kind, std::move(of_kind)});
      ++kinds_[kind].links;
    }
  }

  std::vector<LinkKind> Take() { return std::move(kinds_); }

 private:
  LinkColouring colouring_;
  std::vector<LinkKind> kinds_;
  std::vector<std::set<std::string>> labels_;  // of each kind
  std::map<std::string, uint32_t> kind_of_colour_;
  std::map<PortPair, uint32_t> kind_of_pair_;
  size_t spares_ = 0;
};

void LinkPairs(const PairPorts& pairs, ClusterGraph& graph) {
  const bool small = graph.hosts.size() <= kPairColourHosts;
  LegendMaker legend(small ? LinkColouring::kEachPair : LinkColouring::kMerged);
  std::set<PortPair> all;
  for (const auto& [hosts, ports] : pairs) all.insert(ports.begin(), ports.end());
  legend.Add(all);
  for (const auto& [hosts, ports] : pairs) legend.Link(hosts.first, hosts.second, ports, graph);
  graph.kinds = legend.Take();
}

void LinkHubs(const KeyUses& uses, ClusterGraph& graph) {
  std::set<PortPair> all;
  std::map<HostPair, std::set<PortPair>> links;  // (host, key)
  for (uint32_t key = 0; key < uses.size(); ++key) {
    for (const GraphUse& use : uses[key]) {
      links[{use.host, key}].insert({use.port, use.port});
      all.insert({use.port, use.port});
    }
  }
  LegendMaker legend(LinkColouring::kMerged);
  legend.Add(all);
  const auto hosts = static_cast<uint32_t>(graph.hosts.size());
  for (const auto& [ends, ports] : links) {
    legend.Link(ends.first, hosts + ends.second, ports, graph);
  }
  graph.kinds = legend.Take();
}

GraphParts PartsOf(const std::string& id, const ClusterDetail& detail) {
  GraphParts parts;
  parts.id = id;
  std::unordered_map<KeyId, size_t> number;
  for (const KeyCount& count : detail.keys) {
    if (count.hosts < 2) continue;
    number[count.key] = parts.keys.size();
    parts.keys.push_back({count.key.ToHex(), count.hosts, count.host_ports});
  }
  parts.uses.resize(parts.keys.size());
  for (uint32_t host = 0; host < detail.members.size(); ++host) {
    const Member& member = detail.members[host];
    parts.hosts.push_back({member.address.ToString(), member.asn, "", {}});
    for (const MemberPort& port : member.ports) {
      parts.hosts.back().facts.push_back(PortFact(port));
      for (const KeyId& key : port.keys) {
        const auto it = number.find(key);
        if (it != number.end()) parts.uses[it->second].push_back({host, port.port});
      }
    }
  }
  return parts;
}

}  // namespace

Result<ClusterGraph> BuildGraph(GraphParts parts, GraphFormChoice form) {
  ClusterGraph graph;
  graph.id = std::move(parts.id);
  graph.hosts = std::move(parts.hosts);
  ColourHosts(graph);
  if (form != GraphFormChoice::kHubs) {
    const bool forced = form == GraphFormChoice::kPairs;
    const auto pairs = FindPairs(parts.uses, forced ? kMostPairs : kMostPairsShown);
    if (pairs) {
      LinkPairs(*pairs, graph);
      return graph;
    }
    if (forced) {
      return InvalidInput(StrCat("cluster ", graph.id, " has more than ", WithThousands(kMostPairs),
                                 " pairs of hosts; draw it with its keys as hubs"));
    }
  }
  graph.form = GraphForm::kHubs;
  graph.keys = std::move(parts.keys);
  LinkHubs(parts.uses, graph);
  return graph;
}

Result<ClusterGraph> BuildClusterGraph(const std::string& id, const ClusterDetail& detail,
                                       GraphFormChoice form) {
  return BuildGraph(PartsOf(id, detail), form);
}

std::string LinkLabel(const ClusterGraph& graph, const GraphLink& link) {
  std::vector<std::string> out;
  for (const PortPair& pair : link.ports) {
    out.push_back(graph.is_key(link.to) ? StrCat("p", pair.low) : PortPairLabel(pair));
  }
  return Join(out, ", ");
}

}  // namespace hark

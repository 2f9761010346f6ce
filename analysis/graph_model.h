#pragma once

// One cluster as a graph: what a picture of it has to show, as plain values. A picture is made in
// three steps, each a pure function:
//
//   ClusterDetail --BuildClusterGraph--> ClusterGraph --LayOut--> GraphLayout --> SVG, DOT, …
//   GraphParts ----------BuildGraph----'   (a bundle's clusters, in which everybody has a
//   pseudonym)
//
// There are two forms. In the *pair* form hosts are joined to hosts, one line a host pair and
// colour. The lines of one key's n hosts are n(n-1)/2, so a large cluster takes the *hub* form:
// shared keys are nodes of their own and hosts are joined to the keys they show, at most as many
// lines as there are uses of shared keys. What is connected is the same in both.
//
// Every text in a graph is printable ASCII: what peers wrote is escaped when the graph is built.
// Formats still escape what is special to them.

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/cluster_detail.h"
#include "analysis/graph_colours.h"
#include "base/status.h"

namespace hark {

enum class GraphForm { kPairs, kHubs };

// How the form is chosen: kAuto takes pairs while there are at most kMostPairsShown host pairs.
enum class GraphFormChoice { kAuto, kPairs, kHubs };

// A clique of 49 hosts. On a picture a thousand dots wide more lines than that are one blot.
inline constexpr size_t kMostPairsShown = 1200;
// The pair form is refused beyond that many, asked for or not: a clique of 448 hosts.
inline constexpr size_t kMostPairs = 100'000;

struct GraphHost {
  std::string name;
  uint32_t asn = 0;
  std::string colour;              // its AS'
  std::vector<std::string> facts;  // a line a port: "443 TLSv1.2 key 0123abcd, 4567cdef"
  bool ring = false;               // drawn as a ring: somebody else's, in a bundle
};

struct GraphKey {
  std::string name;  // 64 hex digits, or a pseudonym
  uint64_t hosts = 0;
  uint64_t host_ports = 0;
};

// What the lines of one colour mean: an entry of the legend.
struct LinkKind {
  std::string label;
  std::string colour;  // a CSS and X11 name
  uint64_t links = 0;
};

// A line between two nodes. Nodes are numbered: hosts from 0 on, then keys.
struct GraphLink {
  uint32_t from = 0;
  uint32_t to = 0;
  uint32_t kind = 0;            // into ClusterGraph::kinds
  std::vector<PortPair> ports;  // ascending; between host and key: the host's port twice
};

struct ClusterGraph {
  std::string id;  // the cluster's
  GraphForm form = GraphForm::kPairs;
  std::vector<GraphHost> hosts;  // in address order
  std::vector<GraphKey> keys;    // hub form: those two members share, most used first
  std::vector<GraphLink> links;  // by (from, to, kind)
  std::vector<LinkKind> kinds;   // in order of their ports
  std::vector<AsColour> ases;    // most hosts first

  size_t nodes() const { return hosts.size() + keys.size(); }
  bool is_key(uint32_t node) const { return node >= hosts.size(); }
};

// Where a shared key was seen.
struct GraphUse {
  uint32_t host = 0;  // of GraphParts::hosts
  uint16_t port = 0;
};

// What a graph is made of, whoever the hosts are.
struct GraphParts {
  std::string id;
  std::vector<GraphHost> hosts;             // their colours are not looked at
  std::vector<GraphKey> keys;               // those two hosts or more share, most used first
  std::vector<std::vector<GraphUse>> uses;  // of each key, in the order of hosts
};

// kInvalidInput when pairs are asked for and there are more than kMostPairs.
Result<ClusterGraph> BuildGraph(GraphParts parts, GraphFormChoice form = GraphFormChoice::kAuto);
Result<ClusterGraph> BuildClusterGraph(const std::string& id, const ClusterDetail& detail,
                                       GraphFormChoice form = GraphFormChoice::kAuto);

// "p443-p25, p443-p443" of a line between hosts, "p25, p443" of one between host and key.
std::string LinkLabel(const ClusterGraph& graph, const GraphLink& link);

}  // namespace hark

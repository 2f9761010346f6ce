#include "analysis/graph_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "analysis/graph_picture.h"

namespace hark {
namespace {

using Json = nlohmann::ordered_json;

double Tenths(double value) {
  return std::isfinite(value) ? std::round(value * 10) / 10 : 0;
}

std::string_view FormName(GraphForm form) {
  switch (form) {
    case GraphForm::kPairs:
      return "pairs";
    case GraphForm::kHubs:
      return "hubs";
  }
  return "";
}

Json HostsJson(const ClusterGraph& graph, const GraphLayout& layout) {
  Json out = Json::array();
  for (size_t i = 0; i < graph.hosts.size(); ++i) {
    const GraphHost& host = graph.hosts[i];
    out.push_back({{"name", host.name},
                   {"asn", host.asn},
                   {"colour", host.colour},
                   {"facts", host.facts},
                   {"x", Tenths(layout.at[i].x)},
                   {"y", Tenths(layout.at[i].y)}});
  }
  return out;
}

Json KeysJson(const ClusterGraph& graph, const GraphLayout& layout) {
  Json out = Json::array();
  for (size_t i = 0; i < graph.keys.size(); ++i) {
    const GraphKey& key = graph.keys[i];
    const GraphPoint& at = layout.at[graph.hosts.size() + i];
    out.push_back({{"name", key.name},
                   {"hosts", key.hosts},
                   {"host_ports", key.host_ports},
                   {"x", Tenths(at.x)},
                   {"y", Tenths(at.y)}});
  }
  return out;
}

Json LinksJson(const ClusterGraph& graph) {
  Json out = Json::array();
  for (const GraphLink& link : graph.links) {
    out.push_back({{"from", link.from},
                   {"to", link.to},
                   {"kind", link.kind},
                   {"ports", LinkLabel(graph, link)}});
  }
  return out;
}

}  // namespace

std::string GraphAsJson(const ClusterGraph& graph, const GraphLayout& layout, int indent) {
  Json kinds = Json::array();
  for (const LinkKind& kind : graph.kinds) {
    kinds.push_back({{"label", kind.label}, {"colour", kind.colour}, {"links", kind.links}});
  }
  Json ases = Json::array();
  for (const AsColour& as : graph.ases) {
    ases.push_back({{"asn", as.asn}, {"hosts", as.hosts}, {"colour", as.colour}});
  }
  const Json out = {{"id", graph.id},
                    {"title", GraphTitle(graph)},
                    {"form", FormName(graph.form)},
                    {"layout", layout.by},
                    {"width", Tenths(layout.width)},
                    {"height", Tenths(layout.height)},
                    {"kinds", std::move(kinds)},
                    {"ases", std::move(ases)},
                    {"hosts", HostsJson(graph, layout)},
                    {"keys", KeysJson(graph, layout)},
                    {"links", LinksJson(graph)}};
  return out.dump(indent, ' ', true, Json::error_handler_t::replace) + "\n";
}

}  // namespace hark

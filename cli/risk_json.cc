#include "cli/risk_json.h"

#include <nlohmann/json.hpp>
#include <string>

namespace hark {
namespace {

using Json = nlohmann::ordered_json;

Json ReuseJson(const ReuseCount& count) {
  return {{"hosts", count.hosts}, {"reusing", count.reusing}, {"ratio", count.ratio()}};
}

Json QuantilesJson(const std::map<uint64_t, uint64_t>& things_of_size) {
  Json out = Json::object();
  for (const int percent : {25, 50, 75, 90, 95, 99, 100}) {
    out[std::to_string(percent)] = SizeQuantile(things_of_size, percent / 100.0);
  }
  return out;
}

void AddConcentration(Json& out, const Concentration& concentration) {
  out["things"] = concentration.things;
  out["largest"] = concentration.largest;
  out["gini"] = concentration.gini;
  out["top_percent_share"] = concentration.top_percent_share;
  out["lorenz"] = concentration.lorenz;
}

}  // namespace

Json HarkVariantsJson(const RiskReport& risk) {
  Json ports = Json::object();
  for (const auto& [port, count] : risk.by_port) ports[std::to_string(port)] = ReuseJson(count);
  return {{"without_possible_mh", ReuseJson(risk.without_possible)},
          {"possible_mh_as_one", ReuseJson(risk.possible_as_one)},
          {"ssh", ReuseJson(risk.ssh)},
          {"tls", ReuseJson(risk.tls)},
          {"ports", std::move(ports)}};
}

Json RiskJson(const RunReport& report) {
  const RiskReport& risk = report.reuse.risk;
  Json clusters = {{"squares", risk.cluster_squares}, {"per_host", risk.cluster_risk()}};
  AddConcentration(clusters, risk.groups);
  clusters["quantiles"] = QuantilesJson(report.sizes.clusters_of_size);
  Json keys = {{"squares", risk.key_squares}, {"per_host", risk.key_risk()}};
  AddConcentration(keys, risk.keys);
  keys["quantiles"] = QuantilesJson(risk.keys_of_hosts);
  return {{"hosts_lost_with_one", risk.hosts_lost_with_one()},
          {"clusters", std::move(clusters)},
          {"keys", std::move(keys)}};
}

}  // namespace hark

#include "cli/bundle_files.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "cli/render_text.h"

namespace hark {
namespace {

using Json = nlohmann::ordered_json;

uint64_t SharedKeys(const BundleCluster& cluster) {
  return static_cast<uint64_t>(std::count_if(cluster.keys.begin(), cluster.keys.end(),
                                             [](const BundleKey& key) { return key.hosts > 1; }));
}

Json PortJson(const BundleCluster& cluster, const BundlePort& port) {
  Json keys = Json::array();
  for (const uint32_t key : port.keys) keys.push_back(cluster.keys[key].label);
  return {{"port", port.port},
          {"outcome", OutcomeName(port.outcome)},
          {"version", port.version},
          {"keys", std::move(keys)}};
}

Json MemberJson(const BundleCluster& cluster, const BundleMember& member) {
  Json ports = Json::array();
  for (const BundlePort& port : member.ports) ports.push_back(PortJson(cluster, port));
  Json out = {{"host", member.label},
              {"yours", member.own},
              {"asn", member.asn},
              {"ports", std::move(ports)}};
  if (!member.own) return out;
  out["names"] = Json::array();
  for (const std::string& name : member.names) out["names"].push_back(EscapeForDisplay(name));
  out["names_withheld"] = member.names_withheld;
  out["names_more"] = member.names_more;
  return out;
}

Json ClusterJson(const BundleCluster& cluster) {
  Json keys = Json::array();
  for (const BundleKey& key : cluster.keys) {
    keys.push_back({{"key", key.label},
                    {"host_ports", key.host_ports},
                    {"hosts", key.hosts},
                    {"your_hosts", key.own_hosts}});
  }
  Json ases = Json::array();
  for (const auto& [asn, hosts] : cluster.hosts_of_as) {
    ases.push_back({{"asn", asn}, {"hosts", hosts}});
  }
  Json members = Json::array();
  for (const BundleMember& member : cluster.members) {
    members.push_back(MemberJson(cluster, member));
  }
  return {{"cluster", cluster.label},        {"hosts", cluster.members.size()},
          {"your_hosts", cluster.own_hosts}, {"ases", std::move(ases)},
          {"keys", std::move(keys)},         {"members", std::move(members)}};
}

std::string ClustersCsv(const Bundle& bundle) {
  std::string out = "cluster,hosts,your_hosts,ases,keys,shared_keys\n";
  for (const BundleCluster& cluster : bundle.clusters) {
    out += StrCat(cluster.label, ",", cluster.members.size(), ",", cluster.own_hosts, ",",
                  cluster.hosts_of_as.size(), ",", cluster.keys.size(), ",", SharedKeys(cluster),
                  "\n");
  }
  return out;
}

std::string KeysCsv(const Bundle& bundle) {
  std::string out = "cluster,key,host_ports,hosts,your_hosts\n";
  for (const BundleCluster& cluster : bundle.clusters) {
    for (const BundleKey& key : cluster.keys) {
      out += StrCat(cluster.label, ",", key.label, ",", key.host_ports, ",", key.hosts, ",",
                    key.own_hosts, "\n");
    }
  }
  return out;
}

std::string KeyLabels(const BundleCluster& cluster, const BundlePort& port) {
  std::vector<std::string> labels;
  for (const uint32_t key : port.keys) labels.push_back(cluster.keys[key].label);
  return Join(labels, " ");
}

// A line a port; the names of a host with its first one.
void AddMemberCsv(const BundleCluster& cluster, const BundleMember& member, std::string& out) {
  std::vector<std::string> names;
  for (const std::string& name : member.names) names.push_back(EscapeForDisplay(name));
  std::string shown = CsvField(Join(names, " "));
  for (const BundlePort& port : member.ports) {
    out += StrCat(cluster.label, ",", member.label, ",", member.own ? "yes" : "no", ",", member.asn,
                  ",", port.port, ",", OutcomeName(port.outcome), ",", port.version, ",",
                  KeyLabels(cluster, port), ",", shown, "\n");
    shown.clear();
  }
}

std::string MembersCsv(const Bundle& bundle) {
  std::string out = "cluster,host,yours,asn,port,outcome,version,keys,names\n";
  for (const BundleCluster& cluster : bundle.clusters) {
    for (const BundleMember& member : cluster.members) AddMemberCsv(cluster, member, out);
  }
  return out;
}

}  // namespace

std::string BundleAsJson(const Bundle& bundle, const BundleLetter& letter) {
  Json clusters = Json::array();
  for (const BundleCluster& cluster : bundle.clusters) clusters.push_back(ClusterJson(cluster));
  const Json out = {{"format", 1},
                    {"made", letter.date},
                    {"contact", letter.contact},
                    {"yours_are", bundle.holder},
                    {"country", bundle.country},
                    {"measured_from", bundle.from},
                    {"measured_until", bundle.until},
                    {"ports", bundle.ports},
                    {"scope", bundle.scope},
                    {"clusters", std::move(clusters)}};
  return out.dump(1) + "\n";
}

std::vector<BundleFile> BundleFiles(const Bundle& bundle, const BundleLetter& letter,
                                    const BundlePainter& paint) {
  std::vector<BundleFile> out = {{"README.md", BundleReadme(bundle, letter)},
                                 {"tables.md", BundleTables(bundle)},
                                 {"bundle.json", BundleAsJson(bundle, letter)},
                                 {"clusters.csv", ClustersCsv(bundle)},
                                 {"keys.csv", KeysCsv(bundle)},
                                 {"members.csv", MembersCsv(bundle)}};
  for (const BundleCluster& cluster : bundle.clusters) {
    for (BundleFile& file : paint(cluster)) out.push_back(std::move(file));
  }
  return out;
}

}  // namespace hark

#include "cli/cluster_render.h"

#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "cli/render_text.h"

namespace hark {
namespace {

using Json = nlohmann::ordered_json;

// Enough of a banner to know the software; the rest is in the JSON.
constexpr size_t kBannerShown = 56;
// Tells the keys of one cluster apart by eye; the list above has them whole.
constexpr size_t kKeyShown = 12;

std::vector<std::string> Hex(const std::vector<KeyId>& keys) {
  std::vector<std::string> out;
  out.reserve(keys.size());
  for (const KeyId& key : keys) out.push_back(key.ToHex());
  return out;
}

std::vector<std::string> Addresses(const HostTable& hosts, const Cluster& cluster) {
  std::vector<std::string> out;
  out.reserve(cluster.members.size());
  for (const uint32_t host : cluster.members) out.push_back(hosts.address(host).ToString());
  return out;
}

std::string AsnList(const Cluster& cluster, std::string_view separator) {
  std::vector<std::string> out;
  out.reserve(cluster.asns.size());
  for (const uint32_t asn : cluster.asns) out.push_back(std::to_string(asn));
  return Join(out, separator);
}

template <typename Visit>
void ForEachCluster(const RunAnalysis& analysis, uint64_t min_size, Visit visit) {
  for (const Cluster& cluster : analysis.clustering.clusters) {
    if (cluster.members.size() >= min_size) visit(cluster);
  }
}

std::string BannerText(const std::string& banner) {
  const std::string text = EscapeForDisplay(Trim(banner));
  return text.size() <= kBannerShown ? text : text.substr(0, kBannerShown - 3) + "...";
}

Table KeysTable(const ClusterDetail& detail) {
  Table table{
      "keys", "Keys, most used first", {{"key", false}, {"host/ports"}, {"hosts"}}, {}, false, {}};
  for (const KeyCount& count : detail.keys) {
    table.rows.push_back(
        {TextCell(count.key.ToHex()), CountCell(count.host_ports), CountCell(count.hosts)});
  }
  return table;
}

// A line a port, with the address on the first one of a member only.
Table MembersTable(const ClusterDetail& detail) {
  Table table{"members", "Members", {}, {}, false, {}};
  table.columns = {{"address", false}, {"AS"},          {"port"},         {"outcome", false},
                   {"version", false}, {"keys", false}, {"banner", false}};
  for (const Member& member : detail.members) {
    bool first = true;
    for (const MemberPort& port : member.ports) {
      std::vector<std::string> keys;
      for (const KeyId& key : port.keys) keys.push_back(key.ToHex().substr(0, kKeyShown));
      const std::string asn = member.asn == 0 ? "" : std::to_string(member.asn);
      table.rows.push_back(
          {TextCell(first ? member.address.ToString() : ""), TextCell(first ? asn : ""),
           TextCell(std::to_string(port.port)), TextCell(std::string(OutcomeName(port.outcome))),
           TextCell(port.version), TextCell(Join(keys, " ")), TextCell(BannerText(port.banner))});
      first = false;
    }
  }
  return table;
}

Json PortJson(const MemberPort& port) {
  return {{"port", port.port},
          {"outcome", OutcomeName(port.outcome)},
          {"version", port.version},
          {"keys", Hex(port.keys)},
          {"banner", EscapeForDisplay(port.banner)}};
}

Json MemberJson(const Member& member) {
  Json ports = Json::array();
  for (const MemberPort& port : member.ports) ports.push_back(PortJson(port));
  return {{"address", member.address.ToString()}, {"asn", member.asn}, {"ports", std::move(ports)}};
}

}  // namespace

std::string ScopeHeading(const std::string& run, const std::vector<std::string>& scope,
                         const std::string& format) {
  if (scope.empty() || format == "csv" || format == "json") return "";
  const std::string line = StrCat("run ", EscapeForDisplay(run), " (", Join(scope, "; "), ")");
  return format == "latex" ? StrCat("% ", line, "\n") : line + "\n\n";
}

Table ClusterKeysTable(const ClusterDetail& detail) {
  return KeysTable(detail);
}

// Every line has the address: lines of a CSV or of a paper stand alone.
Table ClusterMembersTable(const ClusterDetail& detail) {
  Table table = MembersTable(detail);
  size_t line = 0;
  for (const Member& member : detail.members) {
    for (const MemberPort& port : member.ports) {
      std::vector<Cell>& row = table.rows[line++];
      row[0] = TextCell(StrCat(member.address.ToString(), " ", port.port));
      row[1] = TextCell(member.asn == 0 ? "" : std::to_string(member.asn));
    }
  }
  return table;
}

Table ClustersTable(const RunAnalysis& analysis, uint64_t min_size) {
  Table table{"clusters", "Clusters, largest first", {}, {}, false, {}};
  table.columns = {
      {"id", false},        {"size"}, {"ASes"}, {"shared keys"}, {"first member", false},
      {"AS numbers", false}};
  constexpr size_t kAsesShown = 8;
  ForEachCluster(analysis, min_size, [&](const Cluster& cluster) {
    Cluster shown;
    const size_t n = std::min(kAsesShown, cluster.asns.size());
    shown.asns.assign(cluster.asns.begin(), cluster.asns.begin() + static_cast<ptrdiff_t>(n));
    table.rows.push_back({TextCell(cluster.id), CountCell(cluster.members.size()),
                          CountCell(cluster.asns.size()), CountCell(cluster.keys.size()),
                          TextCell(analysis.hosts.address(cluster.members[0]).ToString()),
                          TextCell(AsnList(shown, " ") + (n < cluster.asns.size() ? " ..." : ""))});
  });
  return table;
}

std::string ClustersAsJson(const RunAnalysis& analysis, uint64_t min_size) {
  Json out = Json::array();
  ForEachCluster(analysis, min_size, [&](const Cluster& cluster) {
    out.push_back({{"id", cluster.id},
                   {"size", cluster.members.size()},
                   {"members", Addresses(analysis.hosts, cluster)},
                   {"asns", cluster.asns},
                   {"keys", Hex(cluster.keys)}});
  });
  return out.dump(2) + "\n";
}

std::string ClustersAsCsv(const RunAnalysis& analysis, uint64_t min_size) {
  std::string out = "id,size,asns,keys,members\n";
  ForEachCluster(analysis, min_size, [&](const Cluster& cluster) {
    out += StrCat(cluster.id, ",", cluster.members.size(), ",", AsnList(cluster, " "), ",",
                  Join(Hex(cluster.keys), " "), ",", Join(Addresses(analysis.hosts, cluster), " "),
                  "\n");
  });
  return out;
}

std::string ClusterAsText(const Cluster& cluster, const ClusterDetail& detail, bool colour) {
  const TextStyle style{colour};
  std::string out = style.Heading(StrCat("cluster ", cluster.id)) + "\n";
  out += StrCat("  ", WithThousands(cluster.members.size()), " hosts, ",
                WithThousands(detail.keys.size()), " keys of which ",
                WithThousands(cluster.keys.size()), " shared, AS ",
                cluster.asns.empty() ? "unknown" : AsnList(cluster, " "), "\n\n");
  out += TableAsText(KeysTable(detail), style) + "\n";
  return out + TableAsText(MembersTable(detail), style);
}

std::string ClusterAsJson(const Cluster& cluster, const ClusterDetail& detail) {
  Json keys = Json::array();
  for (const KeyCount& count : detail.keys) {
    keys.push_back({{"key", count.key.ToHex()},
                    {"host_ports", count.host_ports},
                    {"hosts", count.hosts},
                    {"shared", count.hosts > 1}});
  }
  Json members = Json::array();
  for (const Member& member : detail.members) members.push_back(MemberJson(member));
  const Json out = {{"id", cluster.id},
                    {"size", cluster.members.size()},
                    {"asns", cluster.asns},
                    {"keys", std::move(keys)},
                    {"members", std::move(members)}};
  return out.dump(2) + "\n";
}

}  // namespace hark

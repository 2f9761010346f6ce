#include "cli/stats_json.h"

#include "analysis/stats_tables.h"

namespace hark {
namespace {

using Json = nlohmann::ordered_json;

Json KeyCountJson(const KeyCount& count) {
  if (count.hosts == 0) return nullptr;
  return {{"key", count.key.ToHex()}, {"host_ports", count.host_ports}, {"hosts", count.hosts}};
}

Json ReusedJson(const ReusedSshKey& reused) {
  if (reused.cluster.empty()) return nullptr;
  Json out = KeyCountJson(reused.key);
  out["cluster"] = reused.cluster;
  out["cluster_hosts"] = reused.cluster_hosts;
  return out;
}

Json SeenJson(int64_t unix_ms) {
  return unix_ms == 0 ? Json(nullptr) : Json(SeenText(unix_ms));
}

}  // namespace

void AddKeyReuse(Json& out, const KeyReuse& reuse) {
  out["ssh_reuse"] = {{"most", ReusedJson(reuse.ssh.most)},
                      {"pure", ReusedJson(reuse.ssh.pure)},
                      {"pure_clusters", reuse.ssh.pure_clusters}};
  Json rows = Json::array();
  for (const TwoHostCombination& row : reuse.two_host.rows) {
    rows.push_back({{"pairs", row.pairs}, {"keys", row.keys}, {"clusters", row.clusters}});
  }
  out["two_host"] = {{"clusters", reuse.two_host.clusters},
                     {"combinations", reuse.two_host.combinations},
                     {"paper_combinations", reuse.two_host.paper_combinations},
                     {"rows", std::move(rows)}};
}

Json ClusterStatsJson(const ClusterStats& stats) {
  const auto judged = [&](uint64_t n) { return stats.judged ? Json(n) : Json(nullptr); };
  return {{"hosts", stats.hosts},
          {"ases", stats.ases},
          {"hosts_of_unknown_as", stats.hosts_of_unknown_as},
          {"host_ports", stats.host_ports},
          {"ssh_ports", stats.ssh_ports},
          {"ssh_keys", stats.ssh_keys},
          {"tls_ports", stats.tls_ports},
          {"tls_keys", stats.tls_keys},
          {"trusted", judged(stats.trusted)},
          {"wildcard", judged(stats.wildcard)},
          {"most_reused", KeyCountJson(stats.most_reused)},
          {"key_uses", stats.key_uses},
          {"keys", stats.keys},
          {"shared_keys", stats.shared_keys},
          {"trusted_certs", judged(stats.trusted_certs)},
          {"wildcard_certs", judged(stats.wildcard_certs)},
          {"first_seen", SeenJson(stats.first_seen_unix_ms)},
          {"last_seen", SeenJson(stats.last_seen_unix_ms)}};
}

}  // namespace hark

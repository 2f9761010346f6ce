#include "tests/lab/truth.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "base/address.h"
#include "base/strings.h"

namespace hark::lab {
namespace {

using Json = nlohmann::ordered_json;

// Looking a host's prefix up is linear; with more prefixes than this every host gets its own line.
constexpr size_t kManyPrefixes = 1000;

// One listener of the country, reduced to what the tables need.
struct Listener {
  const Host* host = nullptr;
  std::set<std::string> ids;          // keys on any surveyed port
  std::set<std::string> ssh_ids;      // keys on port 22
  std::vector<const Service*> shown;  // services whose keys a survey learns
};

class UnionFind {
 public:
  explicit UnionFind(size_t n) : parent_(n) { std::iota(parent_.begin(), parent_.end(), 0); }

  size_t Find(size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void Join(size_t a, size_t b) { parent_[Find(a)] = Find(b); }

 private:
  std::vector<size_t> parent_;
};

struct Cluster {
  std::vector<const Listener*> members;  // by address
  std::vector<std::string> keys;         // on two or more members
};

bool IsListener(const Host& host, const TruthOptions& options) {
  return std::any_of(host.services.begin(), host.services.end(), [&](const Service& s) {
    const bool counts =
        options.gate_port == 0 ? options.ports.count(s.port) != 0 : s.port == options.gate_port;
    return counts && Accepts(s);
  });
}

Listener Survey(const Host& host, const TruthOptions& options, const KeyIdOf& key_id) {
  Listener out;
  out.host = &host;
  for (const Service& service : host.services) {
    if (options.ports.count(service.port) == 0 || !ShowsKeys(service)) continue;
    out.shown.push_back(&service);
    for (const std::string& name : service.keys) {
      const std::string id = key_id(name);
      out.ids.insert(id);
      if (service.port == 22) out.ssh_ids.insert(id);
    }
  }
  return out;
}

std::vector<Cluster> FindClusters(const std::vector<Listener>& crypto) {
  std::map<std::string, std::vector<size_t>> users;
  for (size_t i = 0; i < crypto.size(); ++i) {
    for (const std::string& id : crypto[i].ids) users[id].push_back(i);
  }
  UnionFind sets(crypto.size());
  for (const auto& [id, hosts] : users) {
    for (size_t host : hosts) sets.Join(hosts[0], host);
  }
  std::map<size_t, Cluster> by_root;
  for (size_t i = 0; i < crypto.size(); ++i) by_root[sets.Find(i)].members.push_back(&crypto[i]);
  for (const auto& [id, hosts] : users) {
    if (hosts.size() > 1) by_root[sets.Find(hosts[0])].keys.push_back(id);
  }
  std::vector<Cluster> out;
  for (auto& [root, cluster] : by_root) {
    if (cluster.members.size() > 1) out.push_back(std::move(cluster));
  }
  std::sort(out.begin(), out.end(), [](const Cluster& a, const Cluster& b) {
    if (a.members.size() != b.members.size()) return a.members.size() > b.members.size();
    return a.members[0]->host->address < b.members[0]->host->address;
  });
  return out;
}

// Table XII. "mixed": some members have SSH, some not. "as": more than one AS. "multikey": two
// members with SSH do not show the same keys. None of these: "possible_mh" with SSH, else
// "no_info".
Json MultiHomed(const std::vector<Cluster>& clusters) {
  int mixed = 0, as = 0, multikey = 0, non_mh = 0, possible = 0, no_info = 0;
  for (const Cluster& cluster : clusters) {
    std::set<std::set<std::string>> ssh;
    std::set<uint32_t> asns;
    size_t without = 0;
    for (const Listener* member : cluster.members) {
      asns.insert(member->host->asn);
      if (member->ssh_ids.empty()) {
        ++without;
      } else {
        ssh.insert(member->ssh_ids);
      }
    }
    const bool is_mixed = without > 0 && !ssh.empty();
    mixed += is_mixed ? 1 : 0;
    as += asns.size() > 1 ? 1 : 0;
    multikey += ssh.size() > 1 ? 1 : 0;
    const bool is_non_mh = is_mixed || asns.size() > 1 || ssh.size() > 1;
    ++(is_non_mh ? non_mh : ssh.empty() ? no_info : possible);
  }
  return {{"mixed", mixed},          {"as", as},
          {"multikey", multikey},    {"non_mh", non_mh},
          {"possible_mh", possible}, {"no_info", no_info}};
}

double Median(const std::vector<size_t>& sorted) {
  if (sorted.empty()) return 0;
  const size_t n = sorted.size();
  return static_cast<double>(sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
}

double Mean(const std::vector<size_t>& v) {
  if (v.empty()) return 0;
  return static_cast<double>(std::accumulate(v.begin(), v.end(), size_t{0})) /
         static_cast<double>(v.size());
}

int Percent(size_t part, size_t whole) {
  return whole == 0 ? 0 : static_cast<int>(100 * part / whole);
}

void AddSizes(const std::vector<Cluster>& clusters, Json& report) {
  std::vector<size_t> sizes;
  sizes.reserve(clusters.size());
  for (const Cluster& cluster : clusters) sizes.push_back(cluster.members.size());
  std::sort(sizes.begin(), sizes.end());
  const std::set<size_t> distinct_set(sizes.begin(), sizes.end());
  const std::vector<size_t> distinct(distinct_set.begin(), distinct_set.end());
  report["clusters"] = sizes.size();
  report["max_cluster"] = sizes.empty() ? 0 : sizes.back();
  report["paper_median"] = Median(distinct);
  report["paper_average"] = Mean(distinct);
  report["median_cluster"] = Median(sizes);
  report["mean_cluster"] = Mean(sizes);
}

void AddPorts(const std::vector<Listener>& crypto, Json& report) {
  std::map<uint16_t, int> ports;
  std::map<uint16_t, std::map<std::string, int>> tls;
  std::map<std::string, int> ssh;
  Json differs = Json::array();
  for (const Listener& listener : crypto) {
    for (const Service* service : listener.shown) {
      ++ports[service->port];
      if (service->protocol == Protocol::kSsh) {
        ++ssh[service->ssh_version];
        continue;
      }
      ++tls[service->port][TlsVersionName(service->tls_max)];
      if (service->was.empty()) continue;
      differs.push_back({{"address", listener.host->address.ToString()},
                         {"port", service->port},
                         {"paper", service->was},
                         {"served", TlsVersionName(service->tls_max)}});
    }
  }
  for (const auto& [port, n] : ports) report["ports"][std::to_string(port)] = n;
  for (const auto& [port, versions] : tls) report["tls_versions"][std::to_string(port)] = versions;
  report["ssh_versions"] = ssh;
  report["differs"] = differs;
}

Json Report(const Scenario& scenario, const std::vector<Listener>& all,
            const std::vector<Listener>& crypto, const std::vector<Cluster>& clusters,
            size_t out_of_country) {
  std::set<std::string> unique;
  size_t host_ports = 0;
  size_t clustered = 0;
  for (const Listener& listener : crypto) {
    unique.insert(listener.ids.begin(), listener.ids.end());
    host_ports += listener.shown.size();
  }
  for (const Cluster& cluster : clusters) clustered += cluster.members.size();
  Json report;
  report["run"] = scenario.run;
  report["country"] = scenario.country;
  report["targets"] = Targets(scenario).size();
  report["listeners"] = all.size() + out_of_country;
  report["out_of_country"] = out_of_country;
  report["in_country"] = all.size();
  report["no_crypto"] = all.size() - crypto.size();
  report["crypto"] = crypto.size();
  report["crypto_pct"] = Percent(crypto.size(), all.size());
  report["host_ports"] = host_ports;
  report["unique_keys"] = unique.size();
  report["keys_pct"] = Percent(unique.size(), host_ports);
  report["local_only"] = crypto.size() - clustered;
  report["clustered"] = clustered;
  report["hark_pct"] = Percent(clustered, crypto.size());
  AddSizes(clusters, report);
  report["ports"] = Json::object();
  report["tls_versions"] = Json::object();
  AddPorts(crypto, report);
  report["multihomed"] = MultiHomed(clusters);
  return report;
}

Json ClusterList(const std::vector<Cluster>& clusters) {
  Json out = Json::array();
  for (const Cluster& cluster : clusters) {
    Json members = Json::array();
    for (const Listener* member : cluster.members) {
      members.push_back(member->host->address.ToString());
    }
    out.push_back({{"size", cluster.members.size()}, {"members", members}, {"keys", cluster.keys}});
  }
  return out;
}

}  // namespace

Truth WorkOutTruth(const Scenario& scenario, const TruthOptions& options, const KeyIdOf& key_id) {
  const RangeSet targets = Targets(scenario);
  std::vector<const Host*> hosts;
  for (const Host& host : scenario.hosts) {
    if (IsTarget(targets, host.address) && IsListener(host, options)) hosts.push_back(&host);
  }
  std::sort(hosts.begin(), hosts.end(),
            [](const Host* a, const Host* b) { return a->address < b->address; });
  std::vector<Listener> in_country;
  std::vector<Listener> crypto;
  for (const Host* host : hosts) {
    if (host->country != scenario.country) continue;
    in_country.push_back(Survey(*host, options, key_id));
    if (!in_country.back().ids.empty()) crypto.push_back(in_country.back());
  }
  const std::vector<Cluster> clusters = FindClusters(crypto);
  return {Report(scenario, in_country, crypto, clusters, hosts.size() - in_country.size()),
          ClusterList(clusters)};
}

std::string GeoCsv(const Scenario& scenario) {
  std::map<uint32_t, const Host*> differing;
  for (const Host& host : scenario.hosts) {
    if (!host.address.is_v4()) continue;
    const Prefix* p =
        scenario.prefixes.size() > kManyPrefixes ? nullptr : LongestPrefix(scenario, host.address);
    if (p == nullptr || p->asn != host.asn || p->country != host.country) {
      differing[host.address.v4()] = &host;
    }
  }
  std::string out = "prefix,country,asn\n";
  for (const Prefix& p : scenario.prefixes) {
    if (p.range.first == p.range.last && differing.count(p.range.first) != 0) continue;
    out += StrCat(CidrText(p.range), ',', p.country, ',', p.asn, '\n');
  }
  for (const auto& [address, host] : differing) {
    out += StrCat(Address::V4(address).ToString(), "/32,", host->country, ',', host->asn, '\n');
  }
  return out;
}

std::string TargetsText(const Scenario& scenario) {
  std::string out;
  for (const Prefix& p : scenario.prefixes) {
    if (p.target) out += CidrText(p.range) + '\n';
  }
  return out;
}

}  // namespace hark::lab

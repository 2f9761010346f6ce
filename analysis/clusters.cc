#include "analysis/clusters.h"

#include <algorithm>

#include "analysis/cluster_id.h"
#include "analysis/key_use_pump.h"
#include "base/distinct.h"
#include "base/ssh_port.h"

namespace hark {

ClusterBuilder::ClusterBuilder(const HostTable& hosts)
    : hosts_(hosts), sets_(hosts.size()), ssh_keys_of_host_(hosts.size()), crypto_(hosts.size()) {}

void ClusterBuilder::Add(const KeyId& key, const KeyPlace& at) {
  const uint32_t host = at.host;
  if (current_.hosts == 0 || current_.key != key) {
    EndKey();
    current_ = {key, 0, 1};
    current_first_ = current_last_ = host;
    current_on_ssh_ = false;
  }
  if (host != current_last_) {
    // Every further host of the key is joined to its first one; a host whose ports do not follow
    // one another would be counted again in `hosts`, which the store's order rules out.
    sets_.Union(current_first_, host);
    ++current_.hosts;
    current_last_ = host;
  }
  ++current_.host_ports;
  ++totals_.key_uses;
  if (!crypto_[host]) {
    crypto_[host] = true;
    ++totals_.crypto_hosts;
  }
  if (IsSshPort(at.port)) {
    current_on_ssh_ = true;
    if (ssh_keys_of_host_[host] < UINT8_MAX) ++ssh_keys_of_host_[host];
  }
}

void ClusterBuilder::EndKey() {
  if (current_.hosts == 0) return;
  ++totals_.unique_keys;
  if (current_.hosts > 1) shared_keys_.push_back({current_.key, current_first_});
  // All hosts of a key end up in one component, so any of them stands for the key.
  if (current_on_ssh_) ssh_key_hosts_.push_back(current_first_);
  KeyCount& most = totals_.most_reused;
  if (current_.host_ports > most.host_ports ||
      (current_.host_ports == most.host_ports && current_.key < most.key)) {
    most = current_;
  }
  current_ = {};
}

// Gives for every host its cluster, in the final order of the clusters.
std::vector<uint32_t> ClusterBuilder::NumberClusters(Clustering& out) {
  struct Component {
    uint32_t root, size, first_member;
  };
  std::vector<Component> components;
  std::vector<uint32_t> number(hosts_.size(), Clustering::kNone);  // by root, then by host
  for (uint32_t host = 0; host < hosts_.size(); ++host) {
    const uint32_t root = sets_.Find(host);
    if (sets_.SizeOf(root) < 2 || number[root] != Clustering::kNone) continue;
    number[root] = 0;
    components.push_back({root, sets_.SizeOf(root), host});
  }
  std::sort(components.begin(), components.end(), [](const Component& a, const Component& b) {
    return a.size != b.size ? a.size > b.size : a.first_member < b.first_member;
  });
  out.clusters.resize(components.size());
  for (uint32_t i = 0; i < components.size(); ++i) {
    number[components[i].root] = i;
    out.clusters[i].members.reserve(components[i].size);
  }
  std::vector<uint32_t> cluster_of(hosts_.size());
  for (uint32_t host = 0; host < hosts_.size(); ++host) cluster_of[host] = number[sets_.Find(host)];
  return cluster_of;
}

void ClusterBuilder::FillClusters(Clustering& out) {
  for (uint32_t host = 0; host < hosts_.size(); ++host) {
    if (out.cluster_of[host] == Clustering::kNone) continue;
    Cluster& cluster = out.clusters[out.cluster_of[host]];
    cluster.members.push_back(host);
    ++out.clustered_hosts;
    if (hosts_.asn(host) != 0) cluster.asns.push_back(hosts_.asn(host));
    const uint32_t ssh_keys = ssh_keys_of_host_[host];
    cluster.ssh_hosts += ssh_keys > 0 ? 1 : 0;
    cluster.most_keys_of_sshd = std::max(cluster.most_keys_of_sshd, ssh_keys);
  }
  for (const SharedKey& shared : shared_keys_) {
    out.clusters[out.cluster_of[shared.host]].keys.push_back(shared.key);
  }
  for (const uint32_t host : ssh_key_hosts_) {
    if (out.cluster_of[host] != Clustering::kNone) ++out.clusters[out.cluster_of[host]].ssh_keys;
  }
  for (Cluster& cluster : out.clusters) {
    MakeDistinct(cluster.asns);
    std::sort(cluster.keys.begin(), cluster.keys.end());
  }
}

Clustering ClusterBuilder::Finish() && {
  EndKey();
  Clustering out = std::move(totals_);
  out.cluster_of = NumberClusters(out);
  FillClusters(out);
  std::vector<std::string> names;
  names.reserve(out.clusters.size());
  for (const Cluster& cluster : out.clusters) names.push_back(ClusterName(cluster.keys));
  names = ShortIds(names, kClusterIdDigits);
  for (size_t i = 0; i < names.size(); ++i) out.clusters[i].id = "c" + names[i];
  return out;
}

Result<Clustering> FindClusters(const RunReader& reader, const HostTable& hosts) {
  ClusterBuilder builder(hosts);
  KeyUsePump uses(reader, hosts);
  for (; uses.Front() != nullptr; uses.Pop()) builder.Add(uses.Front()->key, uses.Front()->at);
  HARK_RETURN_IF_ERROR(uses.status());
  return std::move(builder).Finish();
}

uint32_t ClusterAt(const Clustering& clustering, const HostTable& hosts, const Address& address) {
  const std::optional<uint32_t> host = hosts.Find(address);
  return host ? clustering.cluster_of[*host] : Clustering::kNone;
}

}  // namespace hark

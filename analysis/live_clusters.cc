#include "analysis/live_clusters.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "analysis/cluster_id.h"

namespace hark {

std::optional<uint32_t> LiveClusters::Find(const Address& address) const {
  const auto at = numbers_.find(address);
  return at == numbers_.end() ? std::nullopt : std::optional<uint32_t>(at->second);
}

uint32_t LiveClusters::NumberOf(const Address& address) {
  const auto next = static_cast<uint32_t>(addresses_.size());
  const auto [at, is_new] = numbers_.emplace(address, next);
  if (is_new) {
    addresses_.push_back(address);
    parents_.push_back(next);
    sizes_.push_back(1);
  }
  return at->second;
}

uint32_t LiveClusters::Root(uint32_t host) const {
  while (parents_[host] != host) {
    parents_[host] = parents_[parents_[host]];
    host = parents_[host];
  }
  return host;
}

void LiveClusters::Join(uint32_t a, uint32_t b) {
  a = Root(a);
  b = Root(b);
  if (a == b) return;
  if (sizes_[a] < sizes_[b]) std::swap(a, b);
  // Two lone hosts make a cluster, a lone one and a cluster leave their number, two clusters become
  // one.
  const int lone = (sizes_[a] == 1 ? 1 : 0) + (sizes_[b] == 1 ? 1 : 0);
  clustered_hosts_ += static_cast<uint64_t>(lone);
  if (lone == 2) ++clusters_;
  if (lone == 0) --clusters_;
  parents_[b] = a;
  sizes_[a] += sizes_[b];
}

Status LiveClusters::Add(const Address& address, const std::vector<KeyId>& keys) {
  if (keys.empty()) return Status::Ok();
  if (addresses_.size() == std::numeric_limits<uint32_t>::max()) {
    return Internal("more hosts than 32 bits can number");
  }
  const uint32_t host = NumberOf(address);
  for (const KeyId& key : keys) {
    const auto [at, is_new] = keys_.emplace(key, KeyHost{host, false});
    if (is_new || at->second.host == host) continue;
    at->second.shared = true;
    Join(at->second.host, host);
  }
  return Status::Ok();
}

uint64_t LiveClusters::SizeOf(const Address& address) const {
  const std::optional<uint32_t> host = Find(address);
  return host ? sizes_[Root(*host)] : 0;
}

bool LiveClusters::Together(const Address& a, const Address& b) const {
  const std::optional<uint32_t> first = Find(a), second = Find(b);
  return first && second && Root(*first) == Root(*second);
}

std::vector<LiveCluster> LiveClusters::Clusters() const {
  std::unordered_map<uint32_t, size_t> cluster_of;  // by root
  std::vector<LiveCluster> out;
  for (uint32_t host = 0; host < addresses_.size(); ++host) {
    const uint32_t root = Root(host);
    if (sizes_[root] < 2) continue;
    const auto [at, is_new] = cluster_of.emplace(root, out.size());
    if (is_new) out.emplace_back().members.reserve(sizes_[root]);
    out[at->second].members.push_back(addresses_[host]);
  }
  for (const auto& [key, seen] : keys_) {
    if (seen.shared) out[cluster_of.at(Root(seen.host))].keys.push_back(key);
  }
  for (LiveCluster& cluster : out) {
    std::sort(cluster.members.begin(), cluster.members.end());
    std::sort(cluster.keys.begin(), cluster.keys.end());
  }
  std::sort(out.begin(), out.end(), [](const LiveCluster& a, const LiveCluster& b) {
    return a.members.size() != b.members.size() ? a.members.size() > b.members.size()
                                                : a.members[0] < b.members[0];
  });
  std::vector<std::string> names;
  names.reserve(out.size());
  for (const LiveCluster& cluster : out) names.push_back(ClusterName(cluster.keys));
  names = ShortIds(names, kClusterIdDigits);
  for (size_t i = 0; i < out.size(); ++i) out[i].id = "c" + names[i];
  return out;
}

}  // namespace hark

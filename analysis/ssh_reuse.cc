#include "analysis/ssh_reuse.h"

#include "analysis/key_groups.h"
#include "base/ssh_port.h"

namespace hark {

void SshReuseCounter::Add(const KeyId& key, const std::vector<KeyPlace>& places) {
  const uint32_t cluster = clustering_.cluster_of[places[0].host];
  if (cluster == Clustering::kNone) return;
  std::vector<KeyPlace> ssh;
  for (const KeyPlace& place : places) {
    if (IsSshPort(place.port)) ssh.push_back(place);
  }
  Best& best = best_[cluster];
  best.has_tls |= ssh.size() < places.size();
  // Keys come in ascending order: of equals the smallest stays.
  if (ssh.size() > best.key.host_ports) best.key = {key, ssh.size(), HostsOf(ssh)};
}

SshReuse SshReuseCounter::Finish() const {
  SshReuse out;
  const auto prefer = [&](uint32_t cluster, ReusedSshKey& most) {
    const KeyCount& key = best_[cluster].key;
    // A key on one host is not re-used, and clusters come largest first.
    if (key.hosts < 2 || key.host_ports <= most.key.host_ports) return;
    const Cluster& of = clustering_.clusters[cluster];
    most = {of.id, of.members.size(), key};
  };
  for (uint32_t cluster = 0; cluster < best_.size(); ++cluster) {
    prefer(cluster, out.most);
    if (best_[cluster].has_tls) continue;
    ++out.pure_clusters;
    prefer(cluster, out.pure);
  }
  return out;
}

}  // namespace hark

#include "analysis/multihomed.h"

namespace hark {

MultihomedSigns SignsAgainstMultihomed(const Cluster& cluster) {
  MultihomedSigns signs;
  signs.mixed =
      cluster.ssh_hosts > 0 && cluster.ssh_hosts + cluster.ssh_throttled < cluster.members.size();
  signs.several_as = cluster.asns.size() > 1;
  signs.multikey = cluster.ssh_keys > cluster.most_keys_of_sshd;
  return signs;
}

MultihomedClass ClassifyMultihomed(const Cluster& cluster) {
  const MultihomedSigns signs = SignsAgainstMultihomed(cluster);
  if (signs.mixed || signs.several_as || signs.multikey) return MultihomedClass::kNot;
  return cluster.ssh_keys > 0 ? MultihomedClass::kPossible : MultihomedClass::kNoInfo;
}

MultihomedCounts CountMultihomed(const std::vector<Cluster>& clusters) {
  MultihomedCounts counts;
  for (const Cluster& cluster : clusters) {
    const MultihomedSigns signs = SignsAgainstMultihomed(cluster);
    counts.mixed += signs.mixed ? 1 : 0;
    counts.several_as += signs.several_as ? 1 : 0;
    counts.multikey += signs.multikey ? 1 : 0;
    switch (ClassifyMultihomed(cluster)) {
      case MultihomedClass::kNot:
        ++counts.not_multihomed;
        break;
      case MultihomedClass::kPossible:
        ++counts.possible;
        break;
      case MultihomedClass::kNoInfo:
        ++counts.no_info;
        break;
    }
  }
  return counts;
}

}  // namespace hark

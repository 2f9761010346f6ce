#pragma once

// Could a cluster be one machine with several addresses? The paper's three signs against it:
//
//   mixed     some members run SSH, some do not; one that throttled us is none of the latter
//   as        members are in more than one AS
//   multikey  members' SSH hosts differ: no member shows all the SSH keys of the cluster
//
// A cluster with a sign is not multi-homed; one without any and with SSH (the same keys on every
// member) possibly is; one in a single AS without SSH tells nothing. The three classes partition
// the clusters.
//
// The paper saw one SSH key a host, and multikey was "more than one key in the cluster". hark asks
// an sshd for every key it has; "more keys than any one member shows" is the same rule for one key
// a host, and stays true when a host was interrupted after its first key. An unknown AS is no
// evidence of a second one.

#include <cstdint>
#include <vector>

#include "analysis/clusters.h"

namespace hark {

struct MultihomedSigns {
  bool mixed = false;
  bool several_as = false;
  bool multikey = false;
};

enum class MultihomedClass { kNot, kPossible, kNoInfo };

MultihomedSigns SignsAgainstMultihomed(const Cluster& cluster);
MultihomedClass ClassifyMultihomed(const Cluster& cluster);

// One row of the paper's Table XII. A cluster may have several signs.
struct MultihomedCounts {
  uint64_t mixed = 0;
  uint64_t several_as = 0;
  uint64_t multikey = 0;
  uint64_t not_multihomed = 0;
  uint64_t possible = 0;
  uint64_t no_info = 0;
};

MultihomedCounts CountMultihomed(const std::vector<Cluster>& clusters);

}  // namespace hark

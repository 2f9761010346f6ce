#pragma once

// The paper's Table XI as it was meant: how often one SSH host key is re-used, at most, and at most
// in a cluster that is "pure", where no member shows a TLS key at all. The reference counted the
// key that sorts last in each cluster and overlooked port 25; this is the maximum, and pure is
// pure. Fed with the groups of keys (key_groups.h); 64 bytes a cluster.

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/clusters.h"
#include "analysis/key_groups.h"

namespace hark {

struct ReusedSshKey {
  std::string cluster;  // id; "" = there is none
  uint64_t cluster_hosts = 0;
  KeyCount key;  // host_ports: places on SSH only
};

struct SshReuse {
  ReusedSshKey most;  // most host/ports; of equals the one in the larger cluster, as listed
  ReusedSshKey pure;  // likewise, over the pure clusters
  uint64_t pure_clusters = 0;
};

class SshReuseCounter {
 public:
  explicit SshReuseCounter(const Clustering& clustering)
      : clustering_(clustering), best_(clustering.clusters.size()) {}

  void Add(const KeyId& key, const std::vector<KeyPlace>& places);
  SshReuse Finish() const;

 private:
  struct Best {
    KeyCount key;
    bool has_tls = false;
  };

  const Clustering& clustering_;
  std::vector<Best> best_;  // of each cluster
};

}  // namespace hark

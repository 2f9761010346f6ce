#pragma once

// Which hosts belong together: two hosts that showed an equal key, on any ports, are joined; a
// cluster is a connected component of two or more hosts. One pass over the key index, near-linear,
// 16 bytes a host and 40 bytes a shared key. The result, ids and order included, does not depend on
// the order in which hosts or keys were found.
//
// Only hosts that take part (HostTable::takes_part) are seen at all: a key shared with a host
// abroad joins nothing.

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/host_table.h"
#include "analysis/key_groups.h"
#include "analysis/union_find.h"
#include "base/status.h"
#include "keys/key_id.h"
#include "storage/run_reader.h"

namespace hark {

struct Cluster {
  std::string id;                 // "c" + 12 or more hex digits, see cluster_id.h
  std::vector<uint32_t> members;  // host numbers, ascending = in address order; at least two
  std::vector<uint32_t> asns;     // known AS numbers of the members, ascending, distinct
  std::vector<KeyId> keys;        // the keys two or more members share, ascending
  // What the multi-homed classification asks (multihomed.h).
  uint32_t ssh_hosts = 0;      // members with a key on port 22
  uint32_t ssh_throttled = 0;  // members that kept theirs for later visits; AnalyseRun's to tell
  uint32_t ssh_keys = 0;       // distinct keys on port 22
  uint32_t most_keys_of_sshd = 0;  // most keys one member showed on port 22
};

struct KeyCount {
  KeyId key;
  uint64_t host_ports = 0;  // where it was seen
  uint64_t hosts = 0;       // on how many hosts; 0 = no key at all
};

struct Clustering {
  static constexpr uint32_t kNone = UINT32_MAX;

  std::vector<Cluster> clusters;     // largest first, then by smallest member
  std::vector<uint32_t> cluster_of;  // by host number; kNone = in no cluster
  uint64_t crypto_hosts = 0;         // hosts with a key
  uint64_t clustered_hosts = 0;
  uint64_t unique_keys = 0;
  uint64_t key_uses = 0;  // (key, host, port) seen
  KeyCount most_reused;   // most host_ports, then smallest id
};

// Fed with the uses of keys, in any order as long as those of one key follow one another.
class ClusterBuilder {
 public:
  // hosts must outlive the builder.
  explicit ClusterBuilder(const HostTable& hosts);

  void Add(const KeyId& key, const KeyPlace& at);
  Clustering Finish() &&;

 private:
  struct SharedKey {
    KeyId key;
    uint32_t host;  // one of its hosts
  };

  void EndKey();
  std::vector<uint32_t> NumberClusters(Clustering& out);
  void FillClusters(Clustering& out);

  const HostTable& hosts_;
  UnionFind sets_;
  std::vector<uint8_t> ssh_keys_of_host_;  // saturating: 255 and more are the same to us
  std::vector<bool> crypto_;
  std::vector<SharedKey> shared_keys_;
  std::vector<uint32_t> ssh_key_hosts_;  // for every distinct key on port 22 one of its hosts

  // The key whose uses are coming in.
  KeyCount current_;
  uint32_t current_first_ = 0;
  uint32_t current_last_ = 0;
  bool current_on_ssh_ = false;
  Clustering totals_;
};

// One run: all of it.
Result<Clustering> FindClusters(const RunReader& reader, const HostTable& hosts);

// The host's cluster; kNone for hosts in none and addresses that are no host.
uint32_t ClusterAt(const Clustering& clustering, const HostTable& hosts, const Address& address);

}  // namespace hark

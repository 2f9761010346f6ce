#pragma once

// Clusters that grow while hosts come in: what a host showed is added, and the components follow at
// once. Whatever the order and however hosts and keys are cut into batches, the clusters are those
// that ClusterBuilder finds in all of it, ids included.
//
// Adding a host costs O(its keys), near enough (union-find); nothing is started over. Asking for
// one host's cluster is as cheap; asking for all clusters is a pass over hosts and keys. Memory:
// some 80 bytes a host and 80 a distinct key.
//
// Nothing can be taken out: a union cannot be undone by what it keeps. After a purge, or for a
// scope (scope.h), clusters are found anew, which takes seconds.
//
// Threads: none.

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/address.h"
#include "base/status.h"
#include "keys/key_id.h"

namespace hark {

struct LiveCluster {
  std::string id;                // as Cluster::id among all clusters there are now
  std::vector<Address> members;  // ascending, two at least
  std::vector<KeyId> keys;       // that two or more members share, ascending
};

class LiveClusters {
 public:
  // Keys that the host showed, on any ports; adding the same again changes nothing. A host without
  // keys is no host here. kInternal when 32 bits cannot number the hosts.
  Status Add(const Address& address, const std::vector<KeyId>& keys);

  uint64_t hosts() const { return addresses_.size(); }
  uint64_t keys() const { return keys_.size(); }
  uint64_t clusters() const { return clusters_; }
  uint64_t clustered_hosts() const { return clustered_hosts_; }

  // Hosts in the host's component: 0 when it was not added, 1 when it shares no key.
  uint64_t SizeOf(const Address& address) const;
  bool Together(const Address& a, const Address& b) const;
  // Largest first, then by smallest member.
  std::vector<LiveCluster> Clusters() const;

 private:
  struct KeyHost {
    uint32_t host = 0;    // one that showed it
    bool shared = false;  // and another did, too
  };

  uint32_t NumberOf(const Address& address);
  std::optional<uint32_t> Find(const Address& address) const;
  uint32_t Root(uint32_t host) const;
  void Join(uint32_t a, uint32_t b);

  std::vector<Address> addresses_;  // by host number, in order of coming
  std::unordered_map<Address, uint32_t> numbers_;
  // Disjoint sets that grow (union_find.h has those of a fixed number of elements). Looking up
  // shortens paths, which changes no answer.
  mutable std::vector<uint32_t> parents_;
  std::vector<uint32_t> sizes_;
  std::unordered_map<KeyId, KeyHost> keys_;
  uint64_t clusters_ = 0;
  uint64_t clustered_hosts_ = 0;
};

}  // namespace hark

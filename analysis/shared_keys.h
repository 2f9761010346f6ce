#pragma once

// The keys that two or more hosts of a run show, under dense numbers. All other keys are seen on
// one host only, so whoever counts distinct keys needs to remember these and no others.

#include <cstdint>

#include "analysis/clusters.h"
#include "analysis/prefix_map.h"
#include "keys/key_id.h"

namespace hark {

class SharedKeys {
 public:
  static constexpr uint32_t kNone = PrefixMap::kNone;

  explicit SharedKeys(const Clustering& clustering) {
    for (const Cluster& cluster : clustering.clusters) {
      for (const KeyId& key : cluster.keys) {
        map_.FindOrInsert(HashPrefix(key.bytes()), static_cast<uint32_t>(map_.size()));
      }
    }
  }

  // kNone for a key of one host.
  uint32_t NumberOf(uint64_t key_prefix) const { return map_.Find(key_prefix); }
  uint32_t size() const { return static_cast<uint32_t>(map_.size()); }

 private:
  PrefixMap map_;
};

}  // namespace hark

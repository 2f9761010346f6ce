#pragma once

// The name of a cluster: "c" and the first 12 hex digits of SHA-256 over its shared keys' ids in
// ascending order. It depends on nothing but the keys that hold the cluster together, so the same
// cluster has the same id in every analysis, on every machine and for hosts found in any order.
// Clusters have no shared key in common, so their full hashes differ; where 12 digits do not tell
// two clusters of a run apart, both get as many more as it takes.

#include <string>
#include <vector>

#include "keys/key_id.h"

namespace hark {

// 48 bits: two of a million clusters of one run meet with probability 0.2 %.
inline constexpr size_t kClusterIdDigits = 12;

// 64 hex digits. keys: ascending.
std::string ClusterName(const std::vector<KeyId>& keys);

// The shortest prefix of each name, `digits` or longer, that no other name has. Names are distinct
// and of one length; the result is in their order.
std::vector<std::string> ShortIds(const std::vector<std::string>& names, size_t digits);

}  // namespace hark

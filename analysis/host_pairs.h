#pragma once

// The addresses two runs have in common, as numbers of one and of the other. Only hosts that take
// part in both count. 4 bytes a host of either run; O(n) by walking both in address order.

#include <cstdint>
#include <vector>

#include "analysis/host_table.h"

namespace hark {

struct HostPairs {
  static constexpr uint32_t kNone = UINT32_MAX;

  std::vector<uint32_t> after_of;   // by the number before; ascending where it is not kNone
  std::vector<uint32_t> before_of;  // by the number after; likewise
};

HostPairs PairHosts(const HostTable& before, const HostTable& after);

}  // namespace hark

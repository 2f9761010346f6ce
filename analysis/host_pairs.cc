#include "analysis/host_pairs.h"

namespace hark {

HostPairs PairHosts(const HostTable& before, const HostTable& after) {
  HostPairs pairs{std::vector<uint32_t>(before.size(), HostPairs::kNone),
                  std::vector<uint32_t>(after.size(), HostPairs::kNone)};
  uint32_t b = 0;
  uint32_t a = 0;
  while (b < before.size() && a < after.size()) {
    const auto order = before.address(b) <=> after.address(a);
    if (order == 0 && before.takes_part(b) && after.takes_part(a)) {
      pairs.after_of[b] = a;
      pairs.before_of[a] = b;
    }
    b += order <= 0 ? 1 : 0;
    a += order >= 0 ? 1 : 0;
  }
  return pairs;
}

}  // namespace hark

#include "analysis/kind_reuse.h"

#include <bit>

namespace hark {
namespace {

void Count(const HostKinds& host, uint32_t rows, ReuseCount& out) {
  out.hosts += (host.seen & rows) != 0 ? 1 : 0;
  out.reusing += (host.reused & rows) != 0 ? 1 : 0;
}

uint32_t RowsOf(const KeyFamily& family) {
  return static_cast<uint32_t>((uint64_t{1} << family.end) - (uint64_t{1} << family.begin));
}

}  // namespace

void CountHost(const HostKinds& host, KindReuse& out) {
  if (host.seen == 0) return;
  for (size_t i = 0; i < kKeyFamilies.size(); ++i) {
    Count(host, RowsOf(kKeyFamilies[i]), out.families[i]);
  }
  for (uint32_t left = host.seen; left != 0; left &= left - 1) {
    const auto row = static_cast<size_t>(std::countr_zero(left));
    Count(host, uint32_t{1} << row, out.kinds[row]);
  }
}

}  // namespace hark

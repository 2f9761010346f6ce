#include "analysis/superiority.h"

#include <cmath>

namespace hark {

Superiority CompareScores(std::span<const uint64_t> first, std::span<const uint64_t> second) {
  double n1 = 0, n2 = 0, u = 0, ties = 0;
  for (size_t score = 0; score < first.size(); ++score) {
    const auto a = static_cast<double>(first[score]), b = static_cast<double>(second[score]);
    u += a * (n2 + b / 2);  // n2: those of the second group that score less
    const double tied = a + b;
    ties += tied * tied * tied - tied;
    n1 += a;
    n2 += b;
  }
  Superiority out;
  if (n1 == 0 || n2 == 0) return out;
  out.chance = u / (n1 * n2);
  const double n = n1 + n2;
  const double variance = n1 * n2 / 12 * (n + 1 - ties / (n * (n - 1)));
  if (variance > 1e-9 * n1 * n2) out.z = (u - n1 * n2 / 2) / std::sqrt(variance);
  return out;
}

}  // namespace hark

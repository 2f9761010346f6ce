#pragma once

// Whether one group of hosts tends to score higher than another: the Mann-Whitney U of two
// histograms, as what it means. No assumption about how scores are spread.

#include <cstdint>
#include <span>

namespace hark {

struct Superiority {
  // Of two hosts taken at random, one of each group: how often the first one's score is the higher
  // one, ties counted half. U / (n1 · n2); 0.5 = no difference.
  double chance = 0.5;
  // How many standard deviations U is from where it would be without a difference, ties corrected;
  // 0 where a group is empty or all scores are equal.
  double z = 0;
};

// hosts_of_score of both, of the same length.
Superiority CompareScores(std::span<const uint64_t> first, std::span<const uint64_t> second);

}  // namespace hark

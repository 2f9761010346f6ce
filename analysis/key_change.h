#pragma once

// What became of one key between two runs: who shows it still, no longer, and newly.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "analysis/compared_run.h"
#include "analysis/host_pairs.h"

namespace hark {

enum class KeyFate {
  kStayed,     // on the same addresses
  kSpread,     // on all of them, and on others, too
  kWithdrawn,  // on some of them only
  kShifted,    // on some of them, and on others
  kMoved,      // on none of them, but on others
  kGone,       // nowhere
  kNew,        // was nowhere
};
inline constexpr int kKeyFateCount = 7;
// Stable lower-case names: "stayed" … "new".
std::string_view KeyFateName(KeyFate fate);

struct KeyChange {
  KeyId key;
  std::span<const KeyPlace> before, after;  // its uses in either run, ascending
  // Hosts, ascending, each once.
  std::vector<uint32_t> stayed;  // before's numbers: at these addresses it is in both runs
  std::vector<uint32_t> left;    // before's numbers: not afterwards
  std::vector<uint32_t> gained;  // after's numbers: not before

  KeyFate fate() const;
};

// Fills `out`, whose memory is used again.
void ReadKeyChange(const KeyId& key, std::span<const KeyPlace> before,
                   std::span<const KeyPlace> after, const HostPairs& pairs, KeyChange& out);

}  // namespace hark

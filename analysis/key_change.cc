#include "analysis/key_change.h"

namespace hark {
namespace {

// The end of the uses of the host that uses[i] is of.
size_t EndOfHost(std::span<const KeyPlace> uses, size_t i) {
  const uint32_t host = uses[i].host;
  while (i < uses.size() && uses[i].host == host) ++i;
  return i;
}

}  // namespace

std::string_view KeyFateName(KeyFate fate) {
  switch (fate) {
    case KeyFate::kStayed:
      return "stayed";
    case KeyFate::kSpread:
      return "spread";
    case KeyFate::kWithdrawn:
      return "withdrawn";
    case KeyFate::kShifted:
      return "shifted";
    case KeyFate::kMoved:
      return "moved";
    case KeyFate::kGone:
      return "gone";
    case KeyFate::kNew:
      return "new";
  }
  return "unknown";
}

KeyFate KeyChange::fate() const {
  if (before.empty()) return KeyFate::kNew;
  if (after.empty()) return KeyFate::kGone;
  if (stayed.empty()) return KeyFate::kMoved;
  if (left.empty()) return gained.empty() ? KeyFate::kStayed : KeyFate::kSpread;
  return gained.empty() ? KeyFate::kWithdrawn : KeyFate::kShifted;
}

void ReadKeyChange(const KeyId& key, std::span<const KeyPlace> before,
                   std::span<const KeyPlace> after, const HostPairs& pairs, KeyChange& out) {
  out.key = key;
  out.before = before;
  out.after = after;
  out.stayed.clear();
  out.left.clear();
  out.gained.clear();
  size_t a = 0;
  // Both lists are in address order, and so are the pairs: one walk over each.
  const auto take_gained_below = [&](uint32_t host) {
    for (; a < after.size() && after[a].host < host; a = EndOfHost(after, a)) {
      out.gained.push_back(after[a].host);
    }
  };
  for (size_t b = 0; b < before.size(); b = EndOfHost(before, b)) {
    const uint32_t host = before[b].host;
    const uint32_t same = pairs.after_of[host];
    if (same == HostPairs::kNone) {
      out.left.push_back(host);
      continue;
    }
    take_gained_below(same);
    if (a < after.size() && after[a].host == same) {
      out.stayed.push_back(host);
      a = EndOfHost(after, a);
    } else {
      out.left.push_back(host);
    }
  }
  take_gained_below(UINT32_MAX);
}

}  // namespace hark

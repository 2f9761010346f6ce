#include "analysis/cluster_id.h"

#include <algorithm>
#include <string_view>

#include "base/strings.h"

namespace hark {
namespace {

size_t CommonPrefix(std::string_view a, std::string_view b) {
  const auto ends = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  return static_cast<size_t>(ends.first - a.begin());
}

}  // namespace

std::string ClusterName(const std::vector<KeyId>& keys) {
  std::string all;
  all.reserve(keys.size() * KeyId::kSize);
  for (const KeyId& key : keys) all += key.bytes();
  return HexEncode(Sha256(all));
}

std::vector<std::string> ShortIds(const std::vector<std::string>& names, size_t digits) {
  std::vector<size_t> order(names.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return names[a] < names[b]; });
  std::vector<size_t> lengths(names.size(), digits);
  // The longest prefix a name shares with any other it shares with a neighbour in sorted order.
  for (size_t i = 1; i < order.size(); ++i) {
    const size_t needed = CommonPrefix(names[order[i - 1]], names[order[i]]) + 1;
    for (const size_t name : {order[i - 1], order[i]}) {
      lengths[name] = std::max(lengths[name], needed);
    }
  }
  std::vector<std::string> out;
  out.reserve(names.size());
  for (size_t i = 0; i < names.size(); ++i) out.push_back(names[i].substr(0, lengths[i]));
  return out;
}

}  // namespace hark

#include "analysis/two_host.h"

#include <algorithm>
#include <set>

#include "base/distinct.h"
#include "base/strings.h"

namespace hark {
namespace {

PortPairs Mirrored(const PortPairs& pairs) {
  PortPairs out;
  out.reserve(pairs.size());
  for (const auto& [one, other] : pairs) out.emplace_back(other, one);
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

std::string PortPairsText(const PortPairs& pairs) {
  std::vector<std::string> out;
  out.reserve(pairs.size());
  for (const auto& [one, other] : pairs) out.push_back(StrCat(one, "=", other));
  return Join(out, " ");
}

void TwoHostCounter::Add(const std::vector<KeyPlace>& places) {
  const uint32_t cluster = clustering_.cluster_of[places[0].host];
  if (cluster == Clustering::kNone || clustering_.clusters[cluster].members.size() != 2) return;
  Shape shape;
  for (const KeyPlace& place : places) {
    (place.host == places[0].host ? shape.first : shape.second).push_back(place.port);
  }
  if (shape.second.empty()) return;  // of one host only
  const auto number = static_cast<uint32_t>(shapes_.size());
  shared_.emplace_back(cluster, shapes_.emplace(std::move(shape), number).first->second);
}

TwoHostClusters TwoHostCounter::Finish() && {
  std::vector<const Shape*> shape_of(shapes_.size());
  for (const auto& [shape, number] : shapes_) shape_of[number] = &shape;
  std::sort(shared_.begin(), shared_.end());
  TwoHostClusters out;
  std::set<PortPairs> seen_from_lower, combinations;
  std::map<std::pair<PortPairs, uint64_t>, uint64_t> clusters_of;
  for (size_t i = 0; i < shared_.size();) {
    const uint32_t cluster = shared_[i].first;
    PortPairs pairs;
    uint64_t keys = 0;
    for (; i < shared_.size() && shared_[i].first == cluster; ++i, ++keys) {
      for (const uint16_t one : shape_of[shared_[i].second]->first) {
        for (const uint16_t other : shape_of[shared_[i].second]->second) {
          pairs.emplace_back(one, other);
        }
      }
    }
    MakeDistinct(pairs);
    seen_from_lower.insert(pairs);
    pairs = std::min(pairs, Mirrored(pairs));
    combinations.insert(pairs);
    ++clusters_of[{std::move(pairs), keys}];
    ++out.clusters;
  }
  out.combinations = combinations.size();
  out.paper_combinations = seen_from_lower.size();
  for (const auto& [what, clusters] : clusters_of) {
    out.rows.push_back({what.first, what.second, clusters});
  }
  std::stable_sort(out.rows.begin(), out.rows.end(),
                   [](const TwoHostCombination& a, const TwoHostCombination& b) {
                     return a.clusters > b.clusters;
                   });
  return out;
}

}  // namespace hark

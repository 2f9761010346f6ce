#include "analysis/graph_quadtree.h"

#include <algorithm>

namespace hark {
namespace {

// Moves `centre` to that of the quarter the point is in, `side` being the parent's.
uint32_t Quarter(const GraphPoint& point, double side, GraphPoint& centre) {
  const bool right = point.x >= centre.x;
  const bool below = point.y >= centre.y;
  centre.x += (right ? 0.25 : -0.25) * side;
  centre.y += (below ? 0.25 : -0.25) * side;
  return (right ? 1u : 0u) + (below ? 2u : 0u);
}

}  // namespace

GraphQuadtree::GraphQuadtree(const std::vector<GraphPoint>& points,
                             const std::vector<double>& weights) {
  Square& root = squares_.emplace_back();
  if (points.empty()) return;
  GraphPoint low = points[0];
  GraphPoint high = points[0];
  for (const GraphPoint& point : points) {
    low = {std::min(low.x, point.x), std::min(low.y, point.y)};
    high = {std::max(high.x, point.x), std::max(high.y, point.y)};
  }
  centre_ = {(low.x + high.x) / 2, (low.y + high.y) / 2};
  root.side = std::max({high.x - low.x, high.y - low.y, 1e-9});
  squares_.reserve(points.size() * 3);
  for (size_t i = 0; i < points.size(); ++i) Insert(points[i], weights[i]);
  for (Square& square : squares_) {
    if (square.weight == 0) continue;
    square.middle = {square.middle.x / square.weight, square.middle.y / square.weight};
  }
}

// The one point of a square that gets a second one goes down into a quarter of its own.
uint32_t GraphQuadtree::Open(uint32_t square, const GraphPoint& centre) {
  const auto children = static_cast<uint32_t>(squares_.size());
  squares_.resize(squares_.size() + 4);
  Square& parent = squares_[square];
  parent.children = children;
  for (uint32_t i = 0; i < 4; ++i) squares_[children + i].side = parent.side / 2;
  if (parent.points == 0) return children;
  const GraphPoint point = {parent.middle.x / parent.weight, parent.middle.y / parent.weight};
  GraphPoint quarter = centre;
  Square& child = squares_[children + Quarter(point, parent.side, quarter)];
  child.middle = parent.middle;
  child.weight = parent.weight;
  child.points = parent.points;
  return children;
}

void GraphQuadtree::Insert(const GraphPoint& point, double weight) {
  uint32_t at = 0;
  GraphPoint centre = centre_;
  for (int depth = 0;; ++depth) {
    const bool leaf = squares_[at].children == 0;
    if (leaf && squares_[at].points > 0 && depth < kMaxDepth) Open(at, centre);
    Square& square = squares_[at];
    square.middle = {square.middle.x + point.x * weight, square.middle.y + point.y * weight};
    square.weight += weight;
    ++square.points;
    if (square.children == 0) return;
    at = square.children + Quarter(point, square.side, centre);
  }
}

}  // namespace hark

#pragma once

// Points in the plane, summed up: a tree of squares that knows of each square how heavy the points
// in it are and where their middle is, so that what is far away can be treated as one.

#include <array>
#include <cstdint>
#include <vector>

#include "analysis/graph_layout.h"

namespace hark {

class GraphQuadtree {
 public:
  // Both must outlive the tree and be of one length; points must be finite.
  GraphQuadtree(const std::vector<GraphPoint>& points, const std::vector<double>& weights);

  // Calls visit(middle, weight) so that every point counts once, the ones far from `from` by
  // the square: "far" is when a square is smaller than kOpening of its distance. `from` itself may
  // be among them.
  template <typename Visit>
  void ForEachFrom(const GraphPoint& from, Visit visit) const {
    // Three squares of each level wait while the fourth is looked into.
    std::array<uint32_t, 3 * kMaxDepth + 4> waiting;
    size_t n = 0;
    waiting[n++] = 0;
    while (n > 0) {
      const Square& square = squares_[waiting[--n]];
      if (square.weight == 0) continue;
      const double dx = square.middle.x - from.x;
      const double dy = square.middle.y - from.y;
      const bool far = square.side * square.side < kOpening * kOpening * (dx * dx + dy * dy);
      if (far || square.children == 0) {
        visit(square.middle, square.weight);
      } else {
        for (uint32_t i = 0; i < 4; ++i) waiting[n++] = square.children + i;
      }
    }
  }

 private:
  static constexpr double kOpening = 0.9;
  // 2^-28 of the picture is one place: points that close are one square whatever their number.
  static constexpr int kMaxDepth = 28;

  struct Square {
    GraphPoint middle;  // of weight; the sum of positions while the tree grows
    double weight = 0;
    double side = 0;
    uint32_t children = 0;  // the first of four in a row; 0 = none
    uint32_t points = 0;
  };

  void Insert(const GraphPoint& point, double weight);
  uint32_t Open(uint32_t square, const GraphPoint& centre);

  std::vector<Square> squares_;
  GraphPoint centre_;
};

}  // namespace hark

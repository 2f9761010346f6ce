#include "analysis/graph_forces.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "analysis/graph_quadtree.h"

namespace hark {
namespace {

// Between two circles that touch, so that both are seen as circles.
constexpr double kGap = 18;
constexpr double kGoldenAngle = 2.39996322972865332;  // between two seeds of a sunflower
// Up to that many bodies every two push each other; a tree costs more than it saves.
constexpr size_t kExactly = 128;
// Steps of one body in all rounds: a second or two on a slow core.
constexpr size_t kBodySteps = 800'000;
constexpr size_t kMostRounds = 400;
constexpr size_t kFewestRounds = 2;
// Rounds of moving overlapping circles apart: a million bodies get two.
constexpr size_t kMostSeparations = 60;
constexpr size_t kFewestSeparations = 2;
constexpr size_t kSeparationSteps = 300'000;

double Length(double x, double y) {
  return std::sqrt(x * x + y * y);
}

using Neighbours = std::vector<std::vector<uint32_t>>;

Neighbours NeighboursOf(const GraphBodies& bodies) {
  Neighbours out(bodies.radius.size());
  for (const auto& [a, b] : bodies.springs) {
    out[a].push_back(b);
    out[b].push_back(a);
  }
  return out;
}

// Breadth first from the body with most springs, then from the next not reached, …
std::vector<uint32_t> OrderFromTheMiddle(const Neighbours& neighbours) {
  std::vector<uint32_t> by_degree(neighbours.size());
  std::iota(by_degree.begin(), by_degree.end(), 0u);
  std::stable_sort(by_degree.begin(), by_degree.end(), [&](uint32_t a, uint32_t b) {
    return neighbours[a].size() > neighbours[b].size();
  });
  std::vector<uint32_t> order;
  order.reserve(neighbours.size());
  std::vector<bool> reached(neighbours.size());
  for (const uint32_t first : by_degree) {
    if (reached[first]) continue;
    reached[first] = true;
    order.push_back(first);
    for (size_t i = order.size() - 1; i < order.size(); ++i) {
      for (const uint32_t next : neighbours[order[i]]) {
        if (reached[next]) continue;
        reached[next] = true;
        order.push_back(next);
      }
    }
  }
  return order;
}

// A sunflower of circles, the best connected in the middle.
std::vector<GraphPoint> Begin(const GraphBodies& bodies, const Neighbours& neighbours) {
  std::vector<GraphPoint> at(bodies.radius.size());
  double area = 0;
  size_t nth = 0;
  for (const uint32_t body : OrderFromTheMiddle(neighbours)) {
    const double side = bodies.radius[body] + kGap / 2;
    const double angle = kGoldenAngle * static_cast<double>(nth++);
    const double far = std::sqrt(area + side * side);
    at[body] = {far * std::cos(angle), far * std::sin(angle)};
    area += 1.5 * side * side;
  }
  return at;
}

class Forces {
 public:
  Forces(const GraphBodies& bodies, std::vector<GraphPoint>& at) : bodies_(bodies), at_(at) {
    size_.reserve(at.size());
    for (const double radius : bodies.radius) size_.push_back(radius + kGap);
  }

  // Nobody moves farther than `most`.
  void Round(double most) {
    push_.assign(at_.size(), {});
    Repel();
    Pull();
    for (size_t i = 0; i < at_.size(); ++i) {
      const double length = Length(push_[i].x, push_[i].y);
      if (length < 1e-9) continue;
      const double step = std::min(length, most) / length;
      at_[i] = {at_[i].x + push_[i].x * step, at_[i].y + push_[i].y * step};
    }
  }

 private:
  // k²/d of the original, k being how far the two should be from each other.
  void RepelBy(size_t i, const GraphPoint& from, double weight) {
    const double dx = at_[i].x - from.x;
    const double dy = at_[i].y - from.y;
    const double square = dx * dx + dy * dy;
    if (square < 1e-12) return;  // itself
    const double force = size_[i] * weight / square;
    push_[i] = {push_[i].x + dx * force, push_[i].y + dy * force};
  }

  void Repel() {
    if (at_.size() <= kExactly) {
      for (size_t i = 0; i < at_.size(); ++i) {
        for (size_t j = 0; j < at_.size(); ++j) {
          if (i != j) RepelBy(i, at_[j], size_[j]);
        }
      }
      return;
    }
    const GraphQuadtree tree(at_, size_);
    for (size_t i = 0; i < at_.size(); ++i) {
      tree.ForEachFrom(at_[i],
                       [&](const GraphPoint& from, double weight) { RepelBy(i, from, weight); });
    }
  }

  // d²/k, d being the distance between the rims.
  void Pull() {
    for (const auto& [a, b] : bodies_.springs) {
      const double dx = at_[b].x - at_[a].x;
      const double dy = at_[b].y - at_[a].y;
      const double far = Length(dx, dy);
      const double rims = far - bodies_.radius[a] - bodies_.radius[b];
      if (rims <= 0) continue;
      const double force = rims * rims / (2 * kGap) / far;
      push_[a] = {push_[a].x + dx * force, push_[a].y + dy * force};
      push_[b] = {push_[b].x - dx * force, push_[b].y - dy * force};
    }
  }

  const GraphBodies& bodies_;
  std::vector<GraphPoint>& at_;
  std::vector<double> size_;
  std::vector<GraphPoint> push_;
};

// Half of what two circles overlap by, to each side. Gives whether they did.
bool Separate(double distance, GraphPoint& a, GraphPoint& b) {
  double dx = b.x - a.x;
  double dy = b.y - a.y;
  double far = Length(dx, dy);
  if (far >= distance) return false;
  if (far < 1e-6) {  // one place: sideways is as good as any way
    dx = far = 1;
    dy = 0;
  }
  const double step = (distance - far) / 2 / far + 1e-9;
  a = {a.x - dx * step, a.y - dy * step};
  b = {b.x + dx * step, b.y + dy * step};
  return true;
}

// Gives whether any two overlapped. order: as it was left by the round before.
bool SeparateOnce(const GraphBodies& bodies, std::vector<GraphPoint>& at,
                  std::vector<uint32_t>& order) {
  const auto left = [&](uint32_t i) { return at[i].x - bodies.radius[i] - kGap / 2; };
  // Only circles whose spans on the horizontal axis meet can meet.
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return left(a) < left(b); });
  bool moved = false;
  for (size_t i = 0; i < order.size(); ++i) {
    const uint32_t a = order[i];
    for (size_t j = i + 1; j < order.size(); ++j) {
      const uint32_t b = order[j];
      const double distance = bodies.radius[a] + bodies.radius[b] + kGap;
      if (at[b].x - bodies.radius[b] > at[a].x + bodies.radius[a] + kGap) break;
      moved |= Separate(distance, at[a], at[b]);
    }
  }
  return moved;
}

// Springs and pushes, slower and slower. Gives whether there was time for all of it.
bool Settle(const GraphBodies& bodies, std::vector<GraphPoint>& at, const StopPlacing& stop) {
  Forces forces(bodies, at);
  const size_t rounds = std::clamp(kBodySteps / at.size(), kFewestRounds, kMostRounds);
  double reach = 0;
  for (const GraphPoint& point : at) reach = std::max(reach, Length(point.x, point.y));
  for (size_t round = 0; round < rounds; ++round) {
    if (stop && stop()) return false;
    const double left = 1 - static_cast<double>(round) / static_cast<double>(rounds);
    forces.Round(std::max(2.0, reach * 0.2) * left * left);
  }
  return true;
}

}  // namespace

void SeparateBodies(const GraphBodies& bodies, std::vector<GraphPoint>& at, int rounds,
                    const StopPlacing& stop) {
  std::vector<uint32_t> order(at.size());
  std::iota(order.begin(), order.end(), 0u);
  for (int round = 0; round < rounds; ++round) {
    if ((stop && stop()) || !SeparateOnce(bodies, at, order)) return;
  }
}

PlacedBodies PlaceByForcesUntil(const GraphBodies& bodies, const StopPlacing& stop) {
  PlacedBodies out;
  out.by = "hark";
  const size_t n = bodies.radius.size();
  if (n == 0) return out;
  out.at = Begin(bodies, NeighboursOf(bodies));
  if (!Settle(bodies, out.at, stop)) out.by = kCutShort;
  const size_t separations = std::clamp(kSeparationSteps / n, kFewestSeparations, kMostSeparations);
  SeparateBodies(bodies, out.at, static_cast<int>(separations), stop);
  return out;
}

PlacedBodies PlaceByForces(const GraphBodies& bodies) {
  return PlaceByForcesUntil(bodies, nullptr);
}

}  // namespace hark

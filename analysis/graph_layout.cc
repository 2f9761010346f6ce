#include "analysis/graph_layout.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace hark {
namespace {

constexpr double kMargin = 60;  // room for the names below the outermost dots
constexpr double kGoldenAngle = 2.39996322972865332;
constexpr double kPi = 3.14159265358979324;
// The n-th seed of a sunflower is kSeed * sqrt(n) from the middle: dots keep a gap of some pixels.
constexpr double kSeed = 7.5;
// Hosts around a key leave it this much room.
constexpr double kKeyRadius = 12;
// In the pair form names are shown, and IPv4 addresses are some 90 wide.
constexpr double kNamedRadius = 38;
// Up to that many hosts on one circle, however few lines there are; and denser graphs of any size
// (of pairs that there could be).
constexpr size_t kCircleHosts = 10;
constexpr double kCircleDensity = 0.5;

// Hosts that look alike, and the key in their middle if there is one.
struct Body {
  static constexpr uint32_t kNoKey = UINT32_MAX;

  uint32_t key = kNoKey;
  std::vector<uint32_t> hosts;  // by AS, then address
};

std::vector<std::vector<uint32_t>> KeysOfHosts(const ClusterGraph& graph) {
  std::vector<std::vector<uint32_t>> out(graph.hosts.size());
  for (const GraphLink& link : graph.links) {
    std::vector<uint32_t>& keys = out[link.from];
    if (keys.empty() || keys.back() != link.to) keys.push_back(link.to);
  }
  return out;
}

// What a body's innermost ring leaves free.
double FreeRadius(const Body& body) {
  return body.key == Body::kNoKey ? 0 : kKeyRadius;
}

// Of the n-th host in a body, from the middle.
double SeedRadius(const Body& body, size_t n) {
  if (body.key == Body::kNoKey && body.hosts.size() == 1) return 0;
  const double free = FreeRadius(body);
  return std::sqrt(free * free + kSeed * kSeed * (static_cast<double>(n) + 0.5));
}

double RadiusOf(const Body& body) {
  return SeedRadius(body, body.hosts.empty() ? 0 : body.hosts.size() - 1) + kHostRadius;
}

// Every key's body first, in the order of keys; then those of hosts with several keys.
std::vector<Body> BodiesOf(const ClusterGraph& graph,
                           const std::vector<std::vector<uint32_t>>& keys_of) {
  const auto hosts = static_cast<uint32_t>(graph.hosts.size());
  std::vector<Body> bodies(graph.keys.size());
  for (uint32_t key = 0; key < bodies.size(); ++key) bodies[key].key = hosts + key;
  std::map<std::vector<uint32_t>, size_t> body_of_keys;
  for (uint32_t host = 0; host < hosts; ++host) {
    const std::vector<uint32_t>& keys = keys_of[host];
    size_t body = bodies.size();
    if (keys.size() == 1) {
      body = keys[0] - hosts;
    } else {
      const auto [it, is_new] = body_of_keys.try_emplace(keys, body);
      body = it->second;
      if (is_new) bodies.emplace_back();
    }
    bodies[body].hosts.push_back(host);
  }
  for (Body& body : bodies) {
    std::stable_sort(body.hosts.begin(), body.hosts.end(), [&](uint32_t a, uint32_t b) {
      return graph.hosts[a].asn < graph.hosts[b].asn;
    });
  }
  return bodies;
}

GraphBodies CirclesOf(const ClusterGraph& graph, const std::vector<Body>& bodies,
                      const std::vector<std::vector<uint32_t>>& keys_of) {
  GraphBodies out;
  const auto hosts = static_cast<uint32_t>(graph.hosts.size());
  for (uint32_t i = 0; i < bodies.size(); ++i) {
    out.radius.push_back(RadiusOf(bodies[i]));
    if (bodies[i].key != Body::kNoKey) continue;
    for (const uint32_t key : keys_of[bodies[i].hosts[0]]) out.springs.push_back({key - hosts, i});
  }
  return out;
}

void PlaceHubs(const ClusterGraph& graph, const BodyPlacer& placer, GraphLayout& out) {
  const std::vector<std::vector<uint32_t>> keys_of = KeysOfHosts(graph);
  const std::vector<Body> bodies = BodiesOf(graph, keys_of);
  const PlacedBodies placed = placer(CirclesOf(graph, bodies, keys_of));
  out.by = placed.by;
  for (size_t i = 0; i < bodies.size(); ++i) {
    const GraphPoint& middle = placed.at[i];
    if (bodies[i].key != Body::kNoKey) out.at[bodies[i].key] = middle;
    for (size_t n = 0; n < bodies[i].hosts.size(); ++n) {
      const double far = SeedRadius(bodies[i], n);
      const double angle = kGoldenAngle * static_cast<double>(n);
      out.at[bodies[i].hosts[n]] = {middle.x + far * std::cos(angle),
                                    middle.y + far * std::sin(angle)};
    }
  }
}

void PlaceOnCircle(const ClusterGraph& graph, GraphLayout& out) {
  const size_t n = graph.hosts.size();
  std::vector<uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return graph.hosts[a].asn < graph.hosts[b].asn; });
  const double turn = 2 * kPi / static_cast<double>(std::max<size_t>(n, 1));
  const double radius = std::max(2 * kNamedRadius, 2.3 * kNamedRadius / turn);
  for (size_t i = 0; i < n; ++i) {  // two beside each other, more from the top on
    const double angle = turn * static_cast<double>(i) - (n == 2 ? kPi : kPi / 2);
    out.at[order[i]] = {radius * std::cos(angle), radius * std::sin(angle)};
  }
  out.by = "circle";
}

void PlacePairs(const ClusterGraph& graph, const BodyPlacer& placer, GraphLayout& out) {
  const size_t n = graph.hosts.size();
  GraphBodies bodies;
  bodies.radius.assign(n, kNamedRadius);
  for (const GraphLink& link : graph.links) bodies.springs.push_back({link.from, link.to});
  std::sort(bodies.springs.begin(), bodies.springs.end());
  bodies.springs.erase(std::unique(bodies.springs.begin(), bodies.springs.end()),
                       bodies.springs.end());
  const auto could_be = static_cast<double>(n * (n - (n > 0 ? 1 : 0))) / 2;
  const auto pairs = static_cast<double>(bodies.springs.size());
  if (n <= kCircleHosts || pairs >= kCircleDensity * could_be) return PlaceOnCircle(graph, out);
  const PlacedBodies placed = placer(bodies);
  out.at = placed.at;
  out.by = placed.by;
}

// The picture begins at (0, 0).
void FitToPage(GraphLayout& out) {
  if (out.at.empty()) return;
  GraphPoint low = out.at[0];
  GraphPoint high = out.at[0];
  for (const GraphPoint& point : out.at) {
    low = {std::min(low.x, point.x), std::min(low.y, point.y)};
    high = {std::max(high.x, point.x), std::max(high.y, point.y)};
  }
  for (GraphPoint& point : out.at) {
    point = {point.x - low.x + kMargin, point.y - low.y + kMargin};
  }
  out.width = high.x - low.x + 2 * kMargin;
  out.height = high.y - low.y + 2 * kMargin;
}

}  // namespace

GraphLayout LayOut(const ClusterGraph& graph, const BodyPlacer& placer) {
  GraphLayout out;
  out.at.resize(graph.nodes());
  switch (graph.form) {
    case GraphForm::kPairs:
      PlacePairs(graph, placer, out);
      break;
    case GraphForm::kHubs:
      PlaceHubs(graph, placer, out);
      break;
  }
  FitToPage(out);
  return out;
}

}  // namespace hark

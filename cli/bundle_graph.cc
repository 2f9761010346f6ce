#include "cli/bundle_graph.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <set>

#include "base/strings.h"

namespace hark {
namespace {

struct Point {
  double x = 0;
  double y = 0;
};

// Every key of a host once, whatever the ports.
std::vector<std::vector<uint32_t>> KeysOfMembers(const BundleCluster& cluster) {
  std::vector<std::vector<uint32_t>> out;
  for (const BundleMember& member : cluster.members) {
    std::set<uint32_t> keys;
    for (const BundlePort& port : member.ports) keys.insert(port.keys.begin(), port.keys.end());
    out.emplace_back(keys.begin(), keys.end());
  }
  return out;
}

std::string Dot(const BundleCluster& cluster) {
  std::string out = StrCat("graph ", cluster.label, " {\n  layout=sfdp; overlap=prism;\n");
  for (const BundleMember& member : cluster.members) {
    out +=
        StrCat("  \"", member.label, "\" [shape=ellipse, style=", member.own ? "filled" : "solid",
               ", tooltip=\"AS ", member.asn, "\"];\n");
  }
  for (const BundleKey& key : cluster.keys) {
    out += StrCat("  \"", key.label, "\" [shape=box, label=\"", key.hosts, "\"];\n");
  }
  for (const BundleMember& member : cluster.members) {
    for (const BundlePort& port : member.ports) {
      for (const uint32_t key : port.keys) {
        out += StrCat("  \"", member.label, "\" -- \"", cluster.keys[key].label, "\" [label=\"p",
                      port.port, "\"];\n");
      }
    }
  }
  return out + "}\n";
}

// Tenths of a pixel.
std::string Px(double value) {
  std::array<char, 32> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.1f", value);
  return buffer.data();
}

// Colours of ASes in the order of their numbers; beyond these they repeat, and the tip says which.
std::string_view ColourOfAs(const BundleCluster& cluster, uint32_t asn) {
  static constexpr std::array<std::string_view, 8> kColours = {
      "#4e79a7", "#f28e2b", "#59a14f", "#b07aa1", "#e15759", "#76b7b2", "#9c755f", "#edc948"};
  const auto at = cluster.hosts_of_as.find(asn);
  const auto index = std::distance(cluster.hosts_of_as.begin(), at);
  return kColours[static_cast<size_t>(index) % kColours.size()];
}

class ClusterPainter {
 public:
  explicit ClusterPainter(const BundleCluster& cluster)
      : cluster_(cluster), keys_of_(KeysOfMembers(cluster)) {
    const auto n = static_cast<double>(cluster_.members.size());
    // Hosts stand ten pixels apart on their circle.
    radius_ = std::max(120.0, n * 10 / (2 * std::numbers::pi));
    size_ = 2 * radius_ + 2 * kMargin;
    for (size_t i = 0; i < cluster_.members.size(); ++i) hosts_.push_back(OnCircle(i, radius_));
    PlaceKeys();
  }

  std::string Paint() const {
    std::string out =
        StrCat("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", Px(size_), " ",
               Px(size_), "\" font-family=\"sans-serif\" font-size=\"9\">\n<title>", cluster_.label,
               "</title>\n", "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
    out += Lines();
    for (size_t i = 0; i < cluster_.keys.size(); ++i) out += Key(i);
    for (size_t i = 0; i < cluster_.members.size(); ++i) out += Host(i);
    return out + "</svg>\n";
  }

 private:
  static constexpr double kMargin = 110;      // room for an address
  static constexpr size_t kMostLabels = 150;  // more would cover each other

  Point OnCircle(size_t i, double radius) const {
    const double angle = 2 * std::numbers::pi * static_cast<double>(i) /
                         static_cast<double>(cluster_.members.size());
    return {size_ / 2 + radius * std::cos(angle), size_ / 2 + radius * std::sin(angle)};
  }

  // In the middle of its hosts, drawn a little towards the centre.
  void PlaceKeys() {
    std::vector<Point> sums(cluster_.keys.size());
    for (size_t i = 0; i < keys_of_.size(); ++i) {
      for (const uint32_t key : keys_of_[i]) {
        sums[key].x += hosts_[i].x - size_ / 2;
        sums[key].y += hosts_[i].y - size_ / 2;
      }
    }
    for (size_t i = 0; i < sums.size(); ++i) {
      const auto hosts = static_cast<double>(std::max<uint64_t>(cluster_.keys[i].hosts, 1));
      keys_.push_back({size_ / 2 + 0.8 * sums[i].x / hosts, size_ / 2 + 0.8 * sums[i].y / hosts});
    }
  }

  std::string Lines() const {
    std::string out = "<path stroke=\"#999\" stroke-width=\"0.6\" fill=\"none\" d=\"";
    for (size_t i = 0; i < keys_of_.size(); ++i) {
      for (const uint32_t key : keys_of_[i]) {
        out += StrCat("M", Px(hosts_[i].x), " ", Px(hosts_[i].y), "L", Px(keys_[key].x), " ",
                      Px(keys_[key].y), "\n");
      }
    }
    return out + "\"/>\n";
  }

  std::string Key(size_t i) const {
    const BundleKey& key = cluster_.keys[i];
    return StrCat("<rect x=\"", Px(keys_[i].x - 4), "\" y=\"", Px(keys_[i].y - 4),
                  "\" width=\"8\" height=\"8\" fill=\"#333\"><title>key ", key.label, ": ",
                  key.hosts, " hosts, ", key.own_hosts, " of yours</title></rect>\n");
  }

  std::string Host(size_t i) const {
    const BundleMember& member = cluster_.members[i];
    const std::string_view colour = ColourOfAs(cluster_, member.asn);
    std::string out = StrCat("<circle cx=\"", Px(hosts_[i].x), "\" cy=\"", Px(hosts_[i].y),
                             "\" r=\"4\" stroke=\"", colour, "\" stroke-width=\"2\" fill=\"",
                             member.own ? colour : "white", "\"><title>", member.label, " AS ",
                             member.asn, "</title></circle>\n");
    if (!member.own || cluster_.own_hosts > kMostLabels) return out;
    const Point at = OnCircle(i, radius_ + 9);
    const bool left = at.x < size_ / 2;
    return out + StrCat("<text x=\"", Px(at.x), "\" y=\"", Px(at.y + 3), "\" text-anchor=\"",
                        left ? "end" : "start", "\">", member.label, "</text>\n");
  }

  const BundleCluster& cluster_;
  std::vector<std::vector<uint32_t>> keys_of_;
  double radius_ = 0;
  double size_ = 0;
  std::vector<Point> hosts_;
  std::vector<Point> keys_;
};

}  // namespace

std::vector<BundleFile> PaintBundleCluster(const BundleCluster& cluster) {
  return {{StrCat("graphs/", cluster.label, ".dot"), Dot(cluster)},
          {StrCat("graphs/", cluster.label, ".svg"), ClusterPainter(cluster).Paint()}};
}

}  // namespace hark

#include "cli/cross_picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "base/markup.h"
#include "base/strings.h"
#include "cli/html.h"
#include "cli/svg_page.h"

namespace hark {
namespace {

using Runs = std::span<const ComparedRun* const>;

// A fill and what is to be read on it. The reference means to choose and always writes white.
struct NodeColour {
  std::string_view name;
  std::string_view fill;
  bool white_text;
};

constexpr std::array<NodeColour, 10> kCountryColours = {{
    {"IE", "green", true},
    {"EE", "grey", true},
    {"PT", "red", true},
    {"FI", "blue", true},
    {"LU", "pink", false},
    {"UY", "lightblue", false},
    {"NZ", "black", true},
    {"NA", "yellow", false},
    {"SI", "gold", false},
    {"SG", "orange", false},
}};
// For runs of other countries, in the order they are given.
constexpr std::array<NodeColour, 8> kOtherColours = {{
    {"", "#7c3aed", true},
    {"", "#0f766e", true},
    {"", "#be185d", true},
    {"", "#a3e635", false},
    {"", "#854d0e", true},
    {"", "#67e8f9", false},
    {"", "#1e3a8a", true},
    {"", "#fda4af", false},
}};

std::vector<NodeColour> ColoursOf(const std::vector<std::string>& labels) {
  std::vector<NodeColour> out;
  size_t others = 0;
  for (const std::string& label : labels) {
    const auto known = std::find_if(kCountryColours.begin(), kCountryColours.end(),
                                    [&](const NodeColour& colour) { return colour.name == label; });
    out.push_back(known != kCountryColours.end() ? *known
                                                 : kOtherColours[others++ % kOtherColours.size()]);
  }
  return out;
}

constexpr double kMargin = 24;
constexpr double kPageWidth = 1400;  // where a row of circles ends, if not one is wider
constexpr double kTop = 60;
constexpr double kTitle = 26;       // above each circle
constexpr double kDotRadius = 15;   // of a node that has its name written on it
constexpr size_t kNamedNodes = 48;  // with more the circle would be too large: names on hovering
constexpr size_t kNameInside = 7;   // letters that fit into a node
constexpr double kSmallRadius = 5;
// A browser draws some thousands of shapes without delay.
constexpr size_t kNodesDrawn = 3000;
constexpr size_t kLinksDrawn = 12000;

struct Point {
  double x = 0;
  double y = 0;
};

class Montage {
 public:
  Montage(Runs runs, const CrossLinks& links, const SuperClusters& super)
      : runs_(runs), links_(links), super_(super), colours_(ColoursOf(links.labels)) {}

  std::string Draw() && {
    size_t nodes = 0;
    size_t edges = 0;
    std::vector<std::string> too_large;
    for (const SuperCluster& cluster : super_.clusters) {
      if (cluster.additional()) continue;
      if (nodes + cluster.nodes.size() > kNodesDrawn ||
          edges + cluster.links.size() > kLinksDrawn) {
        too_large.push_back(cluster.name);
        continue;
      }
      nodes += cluster.nodes.size();
      edges += cluster.links.size();
      Place(cluster);
    }
    double y = row_top_ + row_height_ + 30;
    Footnote(y, StrCat(super_.additional, " more components of one link each"));
    if (!too_large.empty()) {
      y += 20;
      Footnote(y, StrCat("too large for the picture: ", too_large.size(), ", ", too_large[0],
                         " first; hark compare --cross --format=dot has all"));
    }
    return SvgPage(std::max(kPageWidth, widest_), y + kMargin, "super-clusters across runs",
                   "line{stroke:#61707f;stroke-opacity:.55}.n{text-anchor:middle;font-size:9px}"
                   ".t{font-weight:600;text-anchor:middle}circle{stroke:#1c2733;stroke-width:.5}",
                   Legend() + out_);
  }

 private:
  std::string NameOf(uint32_t node) const {
    return links_.NameOf(links_.nodes[node], *runs_[links_.nodes[node].run]);
  }

  std::string Legend() const {
    std::string out;
    double x = kMargin;
    for (size_t i = 0; i < links_.labels.size(); ++i) {
      out += StrCat("<circle cx=\"", FormatTenths(x + 7), "\" cy=\"28\" r=\"7\" fill=\"",
                    colours_[i].fill, "\"/><text x=\"", FormatTenths(x + 20), "\" y=\"32\">",
                    EscapeMarkup(links_.labels[i]), "</text>\n");
      x += 44 + 7.5 * static_cast<double>(links_.labels[i].size());
    }
    return out;
  }

  void Footnote(double y, const std::string& text) {
    out_ += StrCat("<text x=\"", FormatTenths(kMargin), "\" y=\"", FormatTenths(y), "\">",
                   EscapeMarkup(text), "</text>\n");
  }

  // Finds a place for the circle: to the right of the last one, or in a new row.
  void Place(const SuperCluster& cluster) {
    const bool named = cluster.nodes.size() <= kNamedNodes;
    const double dot = named ? kDotRadius : kSmallRadius;
    const double around = static_cast<double>(cluster.nodes.size()) * (2 * dot + 4);
    const double radius = std::max(2.5 * kDotRadius, around / (2 * std::numbers::pi));
    const double side =
        std::max(2 * (radius + dot), 8.0 * static_cast<double>(cluster.name.size()));
    if (x_ > kMargin && x_ + side + kMargin > kPageWidth) {
      x_ = kMargin;
      row_top_ += row_height_ + kMargin;
      row_height_ = 0;
    }
    const Point centre{x_ + side / 2, row_top_ + kTitle + radius + dot};
    out_ += StrCat("<text class=\"t\" x=\"", FormatTenths(centre.x), "\" y=\"",
                   FormatTenths(row_top_ + 14), "\">", EscapeMarkup(cluster.name), "</text>\n");
    DrawCircle(cluster, centre, radius, dot, named);
    x_ += side + kMargin;
    widest_ = std::max(widest_, x_);
    row_height_ = std::max(row_height_, kTitle + 2 * (radius + dot));
  }

  void DrawCircle(const SuperCluster& cluster, Point centre, double radius, double dot,
                  bool named) {
    std::vector<Point> at(cluster.nodes.size());
    for (size_t i = 0; i < at.size(); ++i) {
      const double angle =
          2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(at.size()) -
          std::numbers::pi / 2;
      at[i] = {centre.x + radius * std::cos(angle), centre.y + radius * std::sin(angle)};
    }
    const auto place = [&](uint32_t node) {
      const auto& nodes = cluster.nodes;
      return at[static_cast<size_t>(std::lower_bound(nodes.begin(), nodes.end(), node) -
                                    nodes.begin())];
    };
    for (const uint32_t i : cluster.links) {
      const CrossLink& link = links_.links[i];
      DrawLink(link, place(link.a), place(link.b));
    }
    for (size_t i = 0; i < at.size(); ++i) {
      DrawNode(cluster.nodes[i], cluster.members[i], at[i], dot, named);
    }
  }

  void DrawLink(const CrossLink& link, Point from, Point to) {
    const double width = std::min(6.0, 1 + std::log2(static_cast<double>(link.shared_keys)));
    out_ +=
        StrCat("<line x1=\"", FormatTenths(from.x), "\" y1=\"", FormatTenths(from.y), "\" x2=\"",
               FormatTenths(to.x), "\" y2=\"", FormatTenths(to.y), "\" stroke-width=\"",
               FormatTenths(width), "\"><title>", EscapeMarkup(NameOf(link.a)), " and ",
               EscapeMarkup(NameOf(link.b)), ": ", link.shared_keys, " shared keys, ",
               link.shared_addresses, " shared addresses</title></line>\n");
  }

  void DrawNode(uint32_t node, const ClusterStats& counts, Point at, double dot, bool named) {
    const NodeColour& colour = colours_[links_.nodes[node].run];
    const std::string name = EscapeMarkup(NameOf(node));
    out_ += StrCat("<circle cx=\"", FormatTenths(at.x), "\" cy=\"", FormatTenths(at.y), "\" r=\"",
                   FormatTenths(dot), "\" fill=\"", colour.fill, "\"><title>", name, ": ",
                   WithThousands(counts.hosts), " hosts</title></circle>\n");
    if (!named || name.size() > kNameInside) return;
    out_ += StrCat("<text class=\"n\" x=\"", FormatTenths(at.x), "\" y=\"", FormatTenths(at.y + 3),
                   colour.white_text ? "\" style=\"fill:#fff\">" : "\">", name, "</text>\n");
  }

  const Runs runs_;
  const CrossLinks& links_;
  const SuperClusters& super_;
  const std::vector<NodeColour> colours_;
  std::string out_;
  double x_ = kMargin;
  double row_top_ = kTop;
  double row_height_ = 0;
  double widest_ = 0;
};

}  // namespace

std::string CrossAsSvg(Runs runs, const CrossLinks& links, const SuperClusters& super) {
  return Montage(runs, links, super).Draw();
}

std::string CrossAsDot(Runs runs, const CrossLinks& links) {
  const std::vector<NodeColour> colours = ColoursOf(links.labels);
  const auto name_of = [&](uint32_t node) {
    return QuoteForDot(links.NameOf(links.nodes[node], *runs[links.nodes[node].run]));
  };
  std::string out = "graph \"links across runs\" {\n  node [style=filled];\n";
  for (uint32_t node = 0; node < links.nodes.size(); ++node) {
    const NodeColour& colour = colours[links.nodes[node].run];
    out += StrCat("  ", name_of(node), " [fillcolor=\"", colour.fill,
                  "\", fontcolor=", colour.white_text ? "white" : "black", "];\n");
  }
  for (const CrossLink& link : links.links) {
    out += StrCat("  ", name_of(link.a), " -- ", name_of(link.b), " [label=\"", link.shared_keys,
                  "\"];\n");
  }
  return out + "}\n";
}

}  // namespace hark

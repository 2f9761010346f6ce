#include "cli/compare_picture.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/markup.h"
#include "base/strings.h"
#include "cli/html.h"
#include "cli/svg_page.h"

namespace hark {
namespace {

constexpr double kWidth = 980;
constexpr double kBar = 16;     // width of a cluster
constexpr double kLeft = 250;   // its left edge before; room for the label beside it
constexpr double kRight = 714;  // and after
constexpr double kTop = 84;
constexpr double kGap = 8;        // between clusters of a group
constexpr double kGroupGap = 26;  // between groups
// A browser draws some thousands of shapes without delay; each cluster comes with a few links.
constexpr size_t kClustersDrawn = 1000;
constexpr size_t kLinksDrawn = 4000;

constexpr char kStyle[] =
    ".b{fill:#f59e0b}.a{fill:#2f9e44}.ip{fill:#000;fill-opacity:.22}"
    ".ip.m{fill-opacity:.5}.key{stroke:#1d4ed8;fill:none;stroke-opacity:.75}"
    ".faint{fill:#61707f}.h{font-size:17px;font-weight:600}";

// As high as its label at least; the root keeps 2 and 2,000 hosts on one page.
double HeightOf(uint64_t hosts) {
  return std::max(14.0, 5 * std::sqrt(static_cast<double>(hosts)));
}

// A link's end at a cluster: from y down, w high.
struct LinkEnd {
  double y = 0;
  double w = 0;
};

double KeyStroke(const ClusterLink& link) {
  return link.shared_keys == 0
             ? 0
             : std::min(8.0, 1.5 + std::log2(static_cast<double>(link.shared_keys)));
}

class Sankey {
 public:
  explicit Sankey(const RunComparison& comparison) : c_(comparison) {}

  std::string Draw() && {
    size_t clusters = 0;
    size_t links = 0;
    size_t left_out = 0;
    for (const ComplexGroup& group : c_.evolution.complex) {
      const size_t more = group.before.size() + group.after.size();
      if (clusters + more > kClustersDrawn || links + group.links.size() > kLinksDrawn) {
        ++left_out;
        continue;
      }
      clusters += more;
      links += group.links.size();
      DrawGroup(group);
    }
    if (clusters == 0 && left_out == 0) Label(kWidth / 2, y_ + 20, "middle", "no complex clusters");
    if (left_out > 0) {
      Label(kWidth / 2, y_ + 20, "middle",
            StrCat(left_out, left_out == 1 ? " more group is" : " more groups are",
                   " too large for the picture; hark compare --format=json or dot has all"));
    }
    return SvgPage(kWidth, y_ + 50, "what became of the complex clusters", kStyle,
                   Head() + ribbons_ + bars_);
  }

 private:
  std::string Head() {
    std::string out;
    out.swap(bars_);
    Label(kLeft + kBar, 36, "end", c_.before.name(), "h");
    Label(kRight, 36, "start", c_.after.name(), "h");
    Label(kWidth / 2, 28, "middle", "black: shared addresses (dark: matched)", "faint");
    Label(kWidth / 2, 46, "middle", "blue: shared keys", "faint");
    bars_.swap(out);
    return out;
  }

  void Label(double x, double y, std::string_view anchor, std::string_view text,
             std::string_view css = "") {
    bars_ += StrCat("<text x=\"", FormatTenths(x), "\" y=\"", FormatTenths(y), "\" text-anchor=\"",
                    anchor, "\" class=\"", css, "\">", EscapeMarkup(text), "</text>\n");
  }

  uint64_t SizeBefore(uint32_t cluster) const {
    return c_.before.clustering.clusters[cluster].members.size();
  }
  uint64_t SizeAfter(uint32_t cluster) const {
    return c_.after.clustering.clusters[cluster].members.size();
  }

  // The clusters after in the order of the middle of those before they are linked with: few links
  // cross.
  std::vector<uint32_t> OrderAfter(const ComplexGroup& group,
                                   const std::map<uint32_t, double>& y_before) const {
    std::map<uint32_t, std::pair<double, uint32_t>> sums;  // of their links
    for (const uint32_t i : group.links) {
      auto& [sum, n] = sums[c_.evolution.links[i].after];
      sum += y_before.at(c_.evolution.links[i].before);
      ++n;
    }
    std::vector<uint32_t> order = group.after;
    const auto middle = [&](uint32_t cluster) {
      const auto& [sum, n] = sums.at(cluster);
      return sum / n;
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t x, uint32_t y) { return middle(x) < middle(y); });
    return order;
  }

  void DrawGroup(const ComplexGroup& group) {
    std::map<uint32_t, double> before, after;  // upper edges
    double y = y_;
    for (const uint32_t cluster : group.before) {
      before[cluster] = y;
      Bar(c_.before, cluster, y, true);
      y += HeightOf(SizeBefore(cluster)) + kGap;
    }
    double y_after = y_;
    for (const uint32_t cluster : OrderAfter(group, before)) {
      after[cluster] = y_after;
      Bar(c_.after, cluster, y_after, false);
      y_after += HeightOf(SizeAfter(cluster)) + kGap;
    }
    DrawLinks(group, before, after);
    y_ = std::max(y, y_after) - kGap + kGroupGap;
  }

  void Bar(const ComparedRun& run, uint32_t number, double y, bool of_before) {
    const Cluster& cluster = run.clustering.clusters[number];
    const double height = HeightOf(cluster.members.size());
    const std::string text =
        StrCat(cluster.id, ", ", WithThousands(cluster.members.size()), " hosts");
    bars_ += StrCat("<rect class=\"", of_before ? "b" : "a", "\" x=\"",
                    FormatTenths(of_before ? kLeft : kRight), "\" y=\"", FormatTenths(y),
                    "\" width=\"", FormatTenths(kBar), "\" height=\"", FormatTenths(height),
                    "\" rx=\"2\"><title>", EscapeMarkup(text), "</title></rect>\n");
    Label(of_before ? kLeft - 8 : kRight + kBar + 8, y + height / 2 + 4,
          of_before ? "end" : "start", text);
  }

  // How high a link is at a cluster of `height` and `hosts`.
  static double EndHeight(const ClusterLink& link, uint64_t hosts) {
    const double part = static_cast<double>(link.shared_addresses) / static_cast<double>(hosts);
    return std::max({1.5, HeightOf(hosts) * part, KeyStroke(link)});
  }

  // Ends are stacked in the order of the clusters at the other side, and pressed together where
  // they would not fit.
  template <typename Key, typename Size, typename Other>
  std::map<uint32_t, LinkEnd> StackEnds(const ComplexGroup& group,
                                        const std::map<uint32_t, double>& tops, Key key, Size size,
                                        Other other) const {
    std::vector<uint32_t> order = group.links;
    std::stable_sort(order.begin(), order.end(),
                     [&](uint32_t x, uint32_t y) { return other(x) < other(y); });
    std::map<uint32_t, double> sums, next = tops;
    for (const uint32_t i : order) {
      sums[key(i)] += EndHeight(c_.evolution.links[i], size(key(i)));
    }
    std::map<uint32_t, LinkEnd> ends;
    for (const uint32_t i : order) {
      const uint64_t hosts = size(key(i));
      const double press = std::min(1.0, HeightOf(hosts) / sums[key(i)]);
      const double w = EndHeight(c_.evolution.links[i], hosts) * press;
      ends[i] = {next[key(i)], w};
      next[key(i)] += w;
    }
    return ends;
  }

  void DrawLinks(const ComplexGroup& group, const std::map<uint32_t, double>& before,
                 const std::map<uint32_t, double>& after) {
    const auto& links = c_.evolution.links;
    const auto lefts = StackEnds(
        group, before, [&](uint32_t i) { return links[i].before; },
        [&](uint32_t cluster) { return SizeBefore(cluster); },
        [&](uint32_t i) { return after.at(links[i].after); });
    const auto rights = StackEnds(
        group, after, [&](uint32_t i) { return links[i].after; },
        [&](uint32_t cluster) { return SizeAfter(cluster); },
        [&](uint32_t i) { return before.at(links[i].before); });
    for (const uint32_t i : group.links) DrawLink(links[i], lefts.at(i), rights.at(i));
  }

  static std::string Curve(std::string_view from, double x1, double y1, double x2, double y2) {
    const double middle = (x1 + x2) / 2;
    return StrCat(from, FormatTenths(x1), " ", FormatTenths(y1), "C", FormatTenths(middle), " ",
                  FormatTenths(y1), " ", FormatTenths(middle), " ", FormatTenths(y2), " ",
                  FormatTenths(x2), " ", FormatTenths(y2));
  }

  void DrawLink(const ClusterLink& link, const LinkEnd& left, const LinkEnd& right) {
    const std::string title = StrCat("<title>", c_.before.clustering.clusters[link.before].id,
                                     " to ", c_.after.clustering.clusters[link.after].id, ": ",
                                     link.shared_addresses, " shared addresses, ", link.shared_keys,
                                     " shared keys", link.matched ? ", matched" : "", "</title>");
    const double x1 = kLeft + kBar;
    if (link.shared_addresses > 0) {
      ribbons_ += StrCat("<path class=\"ip", link.matched ? " m" : "", "\" d=\"",
                         Curve("M", x1, left.y, kRight, right.y),
                         Curve("L", kRight, right.y + right.w, x1, left.y + left.w), "Z\">", title,
                         "</path>\n");
    }
    if (link.shared_keys > 0) {
      ribbons_ +=
          StrCat("<path class=\"key\" stroke-width=\"", FormatTenths(KeyStroke(link)), "\" d=\"",
                 Curve("M", x1, left.y + left.w / 2, kRight, right.y + right.w / 2), "\">", title,
                 "</path>\n");
    }
  }

  const RunComparison& c_;
  double y_ = kTop;
  std::string ribbons_;  // below the bars
  std::string bars_;
};

std::string DotNode(const ComparedRun& run, uint32_t number, bool of_before) {
  const Cluster& cluster = run.clustering.clusters[number];
  return StrCat("  ", of_before ? "before_" : "after_", cluster.id, " [label=\"", cluster.id, "\\n",
                cluster.members.size(), " hosts\", fillcolor=", of_before ? "orange" : "green",
                "];\n");
}

}  // namespace

std::string ComparisonAsSvg(const RunComparison& comparison) {
  return Sankey(comparison).Draw();
}

std::string ComparisonAsDot(const RunComparison& comparison) {
  const ComparedRun& before = comparison.before;
  const ComparedRun& after = comparison.after;
  std::string out = StrCat("graph ", QuoteForDot(before.name() + " to " + after.name()),
                           " {\n  rankdir=LR;\n  node [shape=box, style=filled];\n");
  for (const ComplexGroup& group : comparison.evolution.complex) {
    for (const uint32_t cluster : group.before) out += DotNode(before, cluster, true);
    for (const uint32_t cluster : group.after) out += DotNode(after, cluster, false);
    for (const uint32_t i : group.links) {
      const ClusterLink& link = comparison.evolution.links[i];
      const std::string ends = StrCat("  before_", before.clustering.clusters[link.before].id,
                                      " -- after_", after.clustering.clusters[link.after].id);
      if (link.shared_addresses > 0) {
        out += StrCat(ends, " [color=black, label=\"", link.shared_addresses, "\"];\n");
      }
      if (link.shared_keys > 0) {
        out += StrCat(ends, " [color=blue, fontcolor=blue, label=\"", link.shared_keys, "\"];\n");
      }
    }
  }
  return out + "}\n";
}

}  // namespace hark

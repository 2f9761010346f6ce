#include "analysis/graph_picture.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"

namespace hark {
namespace {

constexpr double kLegendWidth = 230;
constexpr double kLegendRow = 20;
constexpr double kLegendTop = 36;
constexpr double kMinHeight = 160;
// Half the width of the lines between pairs that are drawn beside each other.
constexpr double kBend = 14;
constexpr double kNameBelow = 12;
// Up to that many pixels high and wide a picture is shown as it is; what is larger is shown
// smaller, so its legend and lines grow with it, and its dots as far as there is room.
constexpr double kShownWhole = 1400;
constexpr double kMostDotScale = 1.8;

// A key's square grows slowly with its hosts: ten times as many, twice as large.
double KeyRadius(const GraphKey& key) {
  return std::min(5 * std::pow(static_cast<double>(std::max<uint64_t>(key.hosts, 2)), 0.15), 11.0);
}

double LineWidth(size_t links) {
  return links <= 150 ? 2 : links <= 600 ? 1.4 : links <= 3000 ? 1 : 0.6;
}

GraphPoint Bent(const GraphPoint& a, const GraphPoint& b, double by) {
  const double dx = b.x - a.x;
  const double dy = b.y - a.y;
  const double far = std::sqrt(dx * dx + dy * dy);
  const GraphPoint middle = {(a.x + b.x) / 2, (a.y + b.y) / 2};
  if (far < 1e-6) return middle;
  // A curve comes half as near to its control point as that is away.
  return {middle.x - dy / far * 2 * by, middle.y + dx / far * 2 * by};
}

// Links of the same ends follow one another: they fan out around the straight line.
void AddLines(const ClusterGraph& graph, const GraphLayout& layout, ClusterPicture& out) {
  out.lines.resize(graph.kinds.size());
  out.line_width = LineWidth(graph.links.size()) * std::sqrt(out.scale);
  const double apart = graph.form == GraphForm::kPairs ? kBend : 2 * out.line_width;
  for (size_t first = 0; first < graph.links.size();) {
    const GraphLink& link = graph.links[first];
    size_t end = first + 1;
    while (end < graph.links.size() && graph.links[end].from == link.from &&
           graph.links[end].to == link.to) {
      ++end;
    }
    for (size_t i = first; i < end; ++i) {
      const double nth = static_cast<double>(i - first) - static_cast<double>(end - first - 1) / 2;
      const GraphPoint& a = layout.at[link.from];
      const GraphPoint& b = layout.at[link.to];
      out.lines[graph.links[i].kind].push_back(
          {a, Bent(a, b, nth * apart), b, nth == 0, static_cast<uint32_t>(i)});
    }
    first = end;
  }
}

void AddDots(const ClusterGraph& graph, const GraphLayout& layout, ClusterPicture& out) {
  const bool named = graph.hosts.size() <= kMostNamesShown;
  const double grown = std::min(std::sqrt(out.scale), kMostDotScale);
  const double host_radius = named ? 1.6 * kHostRadius : grown * kHostRadius;
  const bool names_shown = named && graph.form == GraphForm::kPairs;
  for (uint32_t node = 0; node < graph.nodes(); ++node) {
    const bool key = graph.is_key(node);
    const double radius = key ? KeyRadius(graph.keys[node - graph.hosts.size()]) : host_radius;
    out.dots.push_back({layout.at[node], radius, node, !key && graph.hosts[node].ring});
    if (key || !names_shown) continue;
    // Away from the middle, where the lines are.
    const GraphPoint& at = layout.at[node];
    const bool above = at.y < out.height / 2 - 1;
    const double y = above ? at.y - radius - kNameBelow / 2 : at.y + radius + kNameBelow;
    out.texts.push_back({{at.x, y}, graph.hosts[node].name, 11, true, false, true});
  }
}

std::string Hosts(uint64_t n) {
  return StrCat(WithThousands(n), n == 1 ? " host" : " hosts");
}

class Legend {
 public:
  Legend(double left, ClusterPicture& out)
      : left_(left), scale_(out.scale), y_(kLegendTop * scale_), out_(out) {}

  void Heading(const std::string& text) { Text(0, text, 13, false); }

  void Entry(const std::string& colour, bool line, const std::string& text, uint64_t n) {
    out_.swatches.push_back({{left_ + 8 * scale_, y_ - 4 * scale_}, colour, line});
    Text(26, StrCat(text, " (", WithThousands(n), ")"), 12, false);
  }

  void Faint(const std::string& text) { Text(0, text, 11, true); }
  void Skip() { y_ += kLegendRow * scale_ / 2; }
  double bottom() const { return y_; }

 private:
  // What does not fit beside the graph is cut: the whole of it is where the facts are.
  void Text(double indent, std::string text, double size, bool faint) {
    const auto most = static_cast<size_t>((kLegendWidth - indent) / (0.6 * size));
    if (text.size() > most) text = text.substr(0, most - 3) + "...";
    out_.texts.push_back(
        {{left_ + indent * scale_, y_}, std::move(text), size * scale_, false, faint, false});
    y_ += kLegendRow * scale_;
  }

  double left_;
  double scale_;
  double y_;
  ClusterPicture& out_;
};

double AddLegend(const ClusterGraph& graph, double left, ClusterPicture& out) {
  Legend legend(left, out);
  legend.Heading("Cluster " + graph.id);
  legend.Faint(StrCat(Hosts(graph.hosts.size()), ", ", graph.ases.size(),
                      graph.ases.size() == 1 ? " AS" : " ASes"));
  legend.Skip();
  const bool hubs = graph.form == GraphForm::kHubs;
  legend.Faint(hubs ? "lines: host shows key (squares)" : "lines: two hosts share a key");
  for (const LinkKind& kind : graph.kinds) {
    legend.Entry(kind.colour, true, kind.label, kind.links);
  }
  legend.Skip();
  legend.Faint("dots: hosts by AS");
  const bool rings = std::any_of(graph.hosts.begin(), graph.hosts.end(),
                                 [](const GraphHost& host) { return host.ring; });
  if (rings) legend.Faint("rings: hosts of others");
  uint64_t rest = 0;
  for (size_t i = 0; i < graph.ases.size(); ++i) {
    const AsColour& as = graph.ases[i];
    if (i < kMostAsesShown) legend.Entry(as.colour, false, AsLabel(as.asn), as.hosts);
    if (i >= kMostAsesShown) rest += as.hosts;
  }
  if (rest > 0) {
    legend.Faint(StrCat(WithThousands(graph.ases.size() - kMostAsesShown), " more ASes (",
                        WithThousands(rest), ")"));
  }
  return legend.bottom();
}

// The graph is moved to the middle of the height it shares with the legend.
GraphLayout Centred(GraphLayout layout, double height) {
  const double down = (height - layout.height) / 2;
  for (GraphPoint& point : layout.at) point.y += down;
  return layout;
}

}  // namespace

std::string AsLabel(uint32_t asn) {
  return asn == 0 ? "AS unknown" : StrCat("AS", asn);
}

std::string GraphTitle(const ClusterGraph& graph) {
  std::string out = StrCat("cluster ", graph.id, ": ", Hosts(graph.hosts.size()), " in ",
                           graph.ases.size(), graph.ases.size() == 1 ? " AS" : " ASes");
  if (graph.form == GraphForm::kHubs) {
    out += StrCat(", ", WithThousands(graph.keys.size()), " shared ",
                  graph.keys.size() == 1 ? "key" : "keys");
  }
  return out;
}

std::vector<std::string> NodeFacts(const ClusterGraph& graph, uint32_t node) {
  if (graph.is_key(node)) {
    const GraphKey& key = graph.keys[node - graph.hosts.size()];
    return {"key " + key.name,
            StrCat("on ", WithThousands(key.host_ports), " host/ports of ", Hosts(key.hosts))};
  }
  const GraphHost& host = graph.hosts[node];
  std::vector<std::string> out = {StrCat(host.name, ", ", AsLabel(host.asn))};
  out.insert(out.end(), host.facts.begin(), host.facts.end());
  return out;
}

std::string LinkFact(const ClusterGraph& graph, const GraphLink& link) {
  const std::string to = graph.is_key(link.to)
                             ? "key " + graph.keys[link.to - graph.hosts.size()].name.substr(0, 12)
                             : graph.hosts[link.to].name;
  // With a dash two addresses would be a range.
  return StrCat(graph.hosts[link.from].name, " and ", to, ": ", LinkLabel(graph, link));
}

ClusterPicture Compose(const ClusterGraph& graph, const GraphLayout& layout) {
  ClusterPicture out;
  out.scale = std::max(1.0, std::max(layout.width, layout.height) / kShownWhole);
  const double bottom = AddLegend(graph, layout.width, out);
  out.width = layout.width + kLegendWidth * out.scale;
  out.height = std::max({layout.height, bottom, kMinHeight});
  const GraphLayout centred = Centred(layout, out.height);
  AddLines(graph, centred, out);
  AddDots(graph, centred, out);
  return out;
}

}  // namespace hark

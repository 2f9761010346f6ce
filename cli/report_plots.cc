#include "cli/report_plots.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "base/strings.h"
#include "cli/html.h"

namespace hark {
namespace {

constexpr double kWidth = 560;
constexpr double kHeight = 300;
constexpr double kLeft = 56;  // room for the labels of the vertical axis
constexpr double kRight = 544;
constexpr double kTop = 30;      // room for the legend
constexpr double kBottom = 252;  // room for labels and the axis' name

// A value's place on an axis that runs from `low` at `from` to `high` at `to`.
class Axis {
 public:
  Axis(double low, double high, double from, double to, bool logarithmic)
      : low_(low), high_(high), from_(from), to_(to), log_(logarithmic) {}

  double At(double value) const {
    const double part =
        log_ ? std::log(value / low_) / std::log(high_ / low_) : (value - low_) / (high_ - low_);
    return from_ + (to_ - from_) * part;
  }

  // Where lines and labels go: powers of ten (with 2 and 5 between few of them), or round steps.
  std::vector<uint64_t> Ticks() const {
    std::vector<uint64_t> ticks;
    if (log_) {
      const bool few = high_ / low_ < 200;
      for (uint64_t ten = 1; static_cast<double>(ten) <= high_; ten *= 10) {
        for (const uint64_t step : {1, 2, 5}) {
          const uint64_t tick = ten * step;
          const double value = static_cast<double>(tick);
          if ((few || step == 1) && value >= low_ && value <= high_) ticks.push_back(tick);
        }
      }
      return ticks;
    }
    const uint64_t step = RoundStep((high_ - low_) / 5);
    for (uint64_t tick = 0; static_cast<double>(tick) <= high_; tick += step) {
      if (static_cast<double>(tick) >= low_) ticks.push_back(tick);
    }
    return ticks;
  }

 private:
  // The smallest of 1, 2, 5, 10, 20, … that is not below `least`.
  static uint64_t RoundStep(double least) {
    for (uint64_t ten = 1;; ten *= 10) {
      for (const uint64_t step : {1, 2, 5}) {
        if (static_cast<double>(ten * step) >= least) return ten * step;
      }
    }
  }

  double low_, high_, from_, to_;
  bool log_;
};

void DrawHorizontalGrid(Svg& svg, const Axis& y, std::string_view unit) {
  for (const uint64_t tick : y.Ticks()) {
    const double at = y.At(static_cast<double>(tick));
    svg.Line(kLeft, at, kRight, at, "grid");
    svg.Text(kLeft - 6, at + 4, "end", WithThousands(tick) + std::string(unit));
  }
  svg.Line(kLeft, kBottom, kRight, kBottom, "axis");
}

std::string Empty(std::string_view why) {
  Svg svg(kWidth, 80, why);
  svg.Text(kWidth / 2, 44, "middle", why);
  return std::move(svg).Finish();
}

// Bars of equal width, one for each of n things.
struct Bars {
  size_t n;
  double Step() const { return (kRight - kLeft) / static_cast<double>(n); }
  double Width() const { return std::min(52.0, Step() * 0.66); }
  double Left(size_t i) const { return Middle(i) - Width() / 2; }
  double Middle(size_t i) const { return kLeft + Step() * (static_cast<double>(i) + 0.5); }
};

void LabelPort(Svg& svg, double x, uint16_t port) {
  svg.Text(x, kBottom + 17, "middle", std::to_string(port));
  const Protocol protocol = ProtocolOfPort(port);
  const std::string_view name =
      protocol == Protocol::kUnknown ? std::string_view("tls") : ProtocolName(protocol);
  svg.Text(x, kBottom + 33, "middle", name, "label faint");
}

// A line of coloured squares with their names.
void Legend(Svg& svg, const std::vector<std::pair<std::string, std::string>>& css_and_name) {
  double x = kLeft;
  for (const auto& [css, name] : css_and_name) {
    svg.Rect(x, 6, 11, 11, css, name);
    svg.Text(x + 16, 16, "start", name);
    x += 34 + 7.2 * static_cast<double>(name.size());
  }
}

// Oldest is the most alarming colour; the same version has it in every page.
std::string_view VersionCss(const std::string& version) {
  if (version == "SSLv3") return "c4";
  if (version == "TLSv1.0") return "c3";
  if (version == "TLSv1.1") return "c2";
  if (version == "TLSv1.2") return "c0";
  if (version == "TLSv1.3") return "c1";
  return "c5";
}

}  // namespace

std::string ClusterSizePlot(const ClusterSizes& sizes) {
  if (sizes.clusters == 0) return Empty("no clusters");
  uint64_t most = 1;
  for (const auto& [size, clusters] : sizes.clusters_of_size) {
    most = std::max(most, size * clusters);
  }
  Svg svg(kWidth, kHeight, "hosts and clusters by cluster size");
  const bool log_x = sizes.largest > 10;
  const bool log_y = most > 10;
  const double largest = static_cast<double>(sizes.largest);
  const Axis x(log_x ? 1.6 : 1, log_x ? largest * 1.15 : largest + 1, kLeft, kRight, log_x);
  const Axis y(log_y ? 0.8 : 0, static_cast<double>(most) * 1.25, kBottom, kTop, log_y);
  DrawHorizontalGrid(svg, y, "");
  for (const uint64_t tick : x.Ticks()) {
    const double at = x.At(static_cast<double>(tick));
    svg.Line(at, kBottom, at, kBottom + 4, "axis");
    svg.Text(at, kBottom + 17, "middle", WithThousands(tick));
  }
  svg.Text((kLeft + kRight) / 2, kBottom + 36, "middle", "cluster size", "label faint");
  for (const auto& [size, clusters] : sizes.clusters_of_size) {
    const double at = x.At(static_cast<double>(size));
    const std::string tip = StrCat(clusters, clusters == 1 ? " cluster of " : " clusters of ", size,
                                   ", ", size * clusters, " hosts");
    const double square = y.At(static_cast<double>(clusters));
    svg.Rect(at - 3.5, square - 3.5, 7, 7, "c0", tip);
    svg.Circle(at, y.At(static_cast<double>(size * clusters)), 4, "c3 open", tip);
  }
  Legend(svg, {{"c3", "hosts (circles)"}, {"c0", "clusters (squares)"}});
  return std::move(svg).Finish();
}

std::string PortsPlot(const RunReport& report) {
  if (report.host_ports == 0) return Empty("no keys");
  uint64_t most = 1;
  for (const auto& [port, counts] : report.ports) most = std::max(most, counts.host_ports);
  Svg svg(kWidth, kHeight, "hosts with a key by port");
  const Axis y(0, static_cast<double>(most) * 1.1, kBottom, kTop, false);
  DrawHorizontalGrid(svg, y, "");
  const Bars bars{report.ports.size()};
  size_t i = 0;
  for (const auto& [port, counts] : report.ports) {
    const double top = y.At(static_cast<double>(counts.host_ports));
    svg.Rect(bars.Left(i), top, bars.Width(), kBottom - top, "c0",
             StrCat("port ", port, ": ", WithThousands(counts.host_ports), " hosts"));
    svg.Text(bars.Middle(i), top - 5, "middle", WithThousands(counts.host_ports));
    LabelPort(svg, bars.Middle(i), port);
    ++i;
  }
  return std::move(svg).Finish();
}

std::string TlsVersionsPlot(const RunReport& report) {
  std::vector<uint16_t> ports;
  std::set<std::string> versions;
  for (const auto& [port, counts] : report.ports) {
    if (!counts.tls_versions.empty()) ports.push_back(port);
    for (const auto& [version, n] : counts.tls_versions) versions.insert(version);
  }
  if (ports.empty()) return Empty("no TLS");
  Svg svg(kWidth, kHeight, "TLS versions by port");
  const Axis y(0, 100, kBottom, kTop, false);
  DrawHorizontalGrid(svg, y, " %");
  const Bars bars{ports.size()};
  for (size_t i = 0; i < ports.size(); ++i) {
    const auto& counts = report.ports.at(ports[i]).tls_versions;
    uint64_t sum = 0;
    for (const auto& [version, n] : counts) sum += n;
    double below = 0;
    for (const auto& [version, n] : counts) {
      const double percent = 100 * Share{n, sum}.ratio();
      const double top = y.At(below + percent);
      svg.Rect(bars.Left(i), top, bars.Width(), y.At(below) - top, VersionCss(version),
               StrCat("port ", ports[i], ", ", version, ": ", WithThousands(n), " of ",
                      WithThousands(sum)));
      below += percent;
    }
    LabelPort(svg, bars.Middle(i), ports[i]);
  }
  std::vector<std::pair<std::string, std::string>> legend;
  legend.reserve(versions.size());
  for (const std::string& version : versions) {
    legend.emplace_back(VersionCss(version), version);
  }
  Legend(svg, legend);
  return std::move(svg).Finish();
}

std::string CoveragePlot(const RunReport& report) {
  const Ledger& plan = report.coverage.plan;
  struct Part {
    std::string_view name, css;
    uint64_t n;
  };
  const Part parts[] = {{"answered", "c1", plan.answered},
                        {"throttled", "c2", plan.throttled},
                        {"refused", "c3", plan.refused},
                        {"failed on our side", "c4", plan.failed},
                        {"unreachable or excluded", "c0", plan.unreachable + plan.excluded_late},
                        {"silent", "c5", plan.silent},
                        {"pending", "rest", plan.pending}};
  Svg svg(2 * kWidth, 74, "where the targets of the plan ended");
  constexpr double kSpan = 2 * kWidth - 4;
  // What is there at all is to be seen, though one in a thousand would be half a pixel.
  constexpr double kLeast = 3;
  double shown = 0;
  for (const Part& part : parts) {
    if (part.n > 0) shown += std::max(kLeast, kSpan * Share{part.n, plan.planned}.ratio());
  }
  double x = 2;
  double legend = 2;
  for (const Part& part : parts) {
    if (part.n == 0) continue;
    const double raw = std::max(kLeast, kSpan * Share{part.n, plan.planned}.ratio());
    const double width = std::max(kLeast, raw * kSpan / shown);
    const std::string text = StrCat(part.name, " ", WithThousands(part.n));
    svg.Rect(x, 4, width, 30, part.css, text);
    svg.Rect(legend, 50, 12, 12, part.css, text);
    svg.Text(legend + 18, 61, "start", text);
    x += width;
    legend += 44 + 7.6 * static_cast<double>(text.size());
  }
  return std::move(svg).Finish();
}

}  // namespace hark

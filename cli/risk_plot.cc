#include "cli/risk_plot.h"

#include <cstdio>

#include "base/strings.h"
#include "cli/html.h"

namespace hark {
namespace {

constexpr double kWidth = 560;
constexpr double kHeight = 300;
constexpr double kLeft = 56, kRight = 544, kTop = 30, kBottom = 252;
constexpr int kGridSteps = 5;

double X(double share) {
  return kLeft + (kRight - kLeft) * share;
}
double Y(double share) {
  return kBottom - (kBottom - kTop) * share;
}

std::string Percent(double share) {
  char buffer[16];
  std::snprintf(buffer, sizeof buffer, "%.1f %%", 100 * share);
  return buffer;
}

void DrawGrid(Svg& svg) {
  for (int i = 0; i <= kGridSteps; ++i) {
    const double share = static_cast<double>(i) / kGridSteps;
    svg.Line(kLeft, Y(share), kRight, Y(share), i == 0 ? "axis" : "grid");
    svg.Text(kLeft - 6, Y(share) + 4, "end", StrCat(20 * i, " %"));
    svg.Text(X(share), kBottom + 17, "middle", StrCat(20 * i, " %"));
  }
  svg.Line(X(0), Y(0), X(1), Y(1), "grid");
  svg.Text((kLeft + kRight) / 2, kBottom + 36, "middle", "of groups or keys, smallest first",
           "label faint");
}

void DrawCurve(Svg& svg, const Concentration& curve, std::string_view stroke, std::string_view dots,
               std::string_view what) {
  for (size_t i = 1; i < curve.lorenz.size(); ++i) {
    const auto& [x1, y1] = curve.lorenz[i - 1];
    const auto& [x2, y2] = curve.lorenz[i];
    svg.Line(X(x1), Y(y1), X(x2), Y(y2), stroke);
    svg.Circle(X(x2), Y(y2), 2.5, dots, StrCat(Percent(x2), " of ", what, " have ", Percent(y2)));
  }
}

}  // namespace

std::string LorenzPlot(const RiskReport& risk) {
  if (risk.crypto == 0) {
    Svg svg(kWidth, 80, "no keys");
    svg.Text(kWidth / 2, 44, "middle", "no keys");
    return std::move(svg).Finish();
  }
  Svg svg(kWidth, kHeight, "concentration of hosts in clusters and of uses in keys");
  DrawGrid(svg);
  DrawCurve(svg, risk.groups, "axis", "c0", "the groups");
  DrawCurve(svg, risk.keys, "axis", "c3", "the keys");
  svg.Rect(kLeft, 6, 11, 11, "c0", "groups");
  svg.Text(kLeft + 16, 16, "start", StrCat("hosts in groups, Gini ", Percent(risk.groups.gini)));
  svg.Rect(kLeft + 220, 6, 11, 11, "c3", "keys");
  svg.Text(kLeft + 236, 16, "start", StrCat("uses of keys, Gini ", Percent(risk.keys.gini)));
  return std::move(svg).Finish();
}

}  // namespace hark

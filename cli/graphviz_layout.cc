#include "cli/graphviz_layout.h"

#include <charconv>
#include <cmath>
#include <optional>

#include "analysis/graph_forces.h"
#include "analysis/graph_xml.h"
#include "base/log.h"
#include "base/strings.h"
#include "cli/child_program.h"

namespace hark {
namespace {

constexpr double kDotsPerInch = 72;
// Around every circle, half of what our own placer leaves between two.
constexpr double kRim = 9;
// A place farther away is none: 10 km of paper.
constexpr double kFarthest = 1e6 * kDotsPerInch;
// Graphviz keeps circles apart as far as its rounding allows.
constexpr int kSeparationRounds = 20;

std::string Inches(double dots) {
  char buffer[48];
  std::snprintf(buffer, sizeof buffer, "%.4f", dots / kDotsPerInch);
  return buffer;
}

std::optional<double> Dots(std::string_view inches) {
  double value = 0;
  const char* const end = inches.data() + inches.size();
  const auto [stop, error] = std::from_chars(inches.data(), end, value);
  if (error != std::errc() || stop != end || !std::isfinite(value)) return std::nullopt;
  if (std::abs(value * kDotsPerInch) > kFarthest) return std::nullopt;
  return value * kDotsPerInch;
}

// neato wants to know how long an edge should be; sfdp finds its own measure.
std::string Edge(const GraphBodies& bodies, uint32_t a, uint32_t b) {
  const double length = bodies.radius[a] + bodies.radius[b] + 3 * kRim;
  return StrCat(a, "--", b, "[len=", Inches(length), "];\n");
}

Result<PlacedBodies> Ask(const GraphvizOptions& options, const GraphBodies& bodies) {
  ChildLimits limits;
  limits.time = options.time_limit;
  HARK_ASSIGN_OR_RETURN(const std::string answer,
                        RunChild({options.program, "-Tplain"}, GraphvizQuestion(bodies), limits));
  PlacedBodies out;
  HARK_ASSIGN_OR_RETURN(out.at, ReadGraphvizAnswer(answer, bodies.radius.size()));
  SeparateBodies(bodies, out.at, kSeparationRounds);
  out.by = options.program.substr(options.program.rfind('/') + 1);
  return out;
}

}  // namespace

std::string GraphvizQuestion(const GraphBodies& bodies) {
  std::string out =
      "graph g{\noverlap=prism;\nsplines=false;\nnode[shape=circle,fixedsize=true,label=\"\"];\n";
  for (size_t i = 0; i < bodies.radius.size(); ++i) {
    out += StrCat(i, "[width=", Inches(2 * (bodies.radius[i] + kRim)), "];\n");
  }
  for (const auto& [a, b] : bodies.springs) out += Edge(bodies, a, b);
  return out + "}\n";
}

Result<std::vector<GraphPoint>> ReadGraphvizAnswer(const std::string& plain, size_t bodies) {
  std::vector<GraphPoint> out(bodies);
  std::vector<bool> seen(bodies);
  size_t places = 0;
  for (const std::string_view line : Split(plain, '\n')) {
    const std::vector<std::string_view> words = Split(line, ' ');
    if (words[0] != "node" || words.size() < 4) continue;
    const std::optional<uint64_t> body = ParseUint(words[1]);
    const std::optional<double> x = Dots(words[2]);
    const std::optional<double> y = Dots(words[3]);
    if (!body || *body >= bodies || !x || !y || seen[*body]) {
      return Corruption("a place that makes no sense");
    }
    seen[*body] = true;
    out[*body] = {*x, -*y};  // Graphviz counts upwards
    ++places;
  }
  if (places != bodies) return Corruption("some bodies have no place");
  return out;
}

BodyPlacer PlaceWithin(Duration time_limit) {
  return [time_limit](const GraphBodies& bodies) {
    const MonoTime end = SystemClock().Now() + time_limit;
    PlacedBodies placed = PlaceByForcesUntil(bodies, [end] { return SystemClock().Now() >= end; });
    if (placed.by == kCutShort) {
      LogInfo("cli/graph", "the time limit was reached; this graph is placed roughly");
    }
    return placed;
  };
}

BodyPlacer PlaceByGraphviz(GraphvizOptions options) {
  return [options = std::move(options)](const GraphBodies& bodies) {
    const BodyPlacer own = PlaceWithin(options.own_time_limit);
    if (bodies.radius.size() < options.fewest_bodies) return own(bodies);
    Result<PlacedBodies> placed = Ask(options, bodies);
    if (placed.ok()) return std::move(*placed);
    LogInfo("cli/graph", StrCat(options.program, ": ", placed.status().message(),
                                "; hark places this graph itself"));
    return own(bodies);
  };
}

}  // namespace hark

#include "analysis/graph_colours.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <set>

#include "base/outcome.h"
#include "base/strings.h"

namespace hark {
namespace {

struct PairRow {
  PortPair pair;
  std::string_view colour;
};

// The paper's 28 colours for its seven ports.
const std::array<PairRow, 28> kPairs = {{
    {{22, 22}, "black"},          {{22, 25}, "bisque"},        {{22, 110}, "yellow"},
    {{22, 143}, "aquamarine"},    {{22, 443}, "darkgray"},     {{22, 587}, "turquoise"},
    {{22, 993}, "magenta"},       {{25, 25}, "blue"},          {{25, 110}, "blanchedalmond"},
    {{25, 143}, "crimson"},       {{25, 443}, "violet"},       {{25, 587}, "wheat"},
    {{25, 993}, "brown"},         {{110, 110}, "chartreuse"},  {{110, 143}, "cyan"},
    {{110, 443}, "coral"},        {{110, 587}, "yellowgreen"}, {{110, 993}, "darkred"},
    {{143, 143}, "darkblue"},     {{143, 443}, "darkkhaki"},   {{143, 587}, "chocolate"},
    {{143, 993}, "darksalmon"},   {{443, 443}, "orange"},      {{443, 587}, "cornsilk"},
    {{443, 993}, "darkseagreen"}, {{587, 587}, "deeppink"},    {{587, 993}, "deepskyblue"},
    {{993, 993}, "maroon"},
}};

struct NamedRgb {
  std::string_view name;
  Rgb rgb;
};

// CSS Color Module Level 4, 6.1: what browsers paint for these names.
constexpr NamedRgb kNames[] = {
    {"black", {0x00, 0x00, 0x00}},
    {"bisque", {0xff, 0xe4, 0xc4}},
    {"yellow", {0xff, 0xff, 0x00}},
    {"aquamarine", {0x7f, 0xff, 0xd4}},
    {"darkgray", {0xa9, 0xa9, 0xa9}},
    {"turquoise", {0x40, 0xe0, 0xd0}},
    {"magenta", {0xff, 0x00, 0xff}},
    {"blue", {0x00, 0x00, 0xff}},
    {"blanchedalmond", {0xff, 0xeb, 0xcd}},
    {"crimson", {0xdc, 0x14, 0x3c}},
    {"violet", {0xee, 0x82, 0xee}},
    {"wheat", {0xf5, 0xde, 0xb3}},
    {"brown", {0xa5, 0x2a, 0x2a}},
    {"chartreuse", {0x7f, 0xff, 0x00}},
    {"cyan", {0x00, 0xff, 0xff}},
    {"coral", {0xff, 0x7f, 0x50}},
    {"yellowgreen", {0x9a, 0xcd, 0x32}},
    {"darkred", {0x8b, 0x00, 0x00}},
    {"darkblue", {0x00, 0x00, 0x8b}},
    {"darkkhaki", {0xbd, 0xb7, 0x6b}},
    {"chocolate", {0xd2, 0x69, 0x1e}},
    {"darksalmon", {0xe9, 0x96, 0x7a}},
    {"orange", {0xff, 0xa5, 0x00}},
    {"cornsilk", {0xff, 0xf8, 0xdc}},
    {"darkseagreen", {0x8f, 0xbc, 0x8f}},
    {"deeppink", {0xff, 0x14, 0x93}},
    {"deepskyblue", {0x00, 0xbf, 0xff}},
    {"maroon", {0x80, 0x00, 0x00}},
    // The spare ones, in the order they are given out.
    {"indigo", {0x4b, 0x00, 0x82}},
    {"olive", {0x80, 0x80, 0x00}},
    {"teal", {0x00, 0x80, 0x80}},
    {"tomato", {0xff, 0x63, 0x47}},
    {"slateblue", {0x6a, 0x5a, 0xcd}},
    {"sienna", {0xa0, 0x52, 0x2d}},
    {"seagreen", {0x2e, 0x8b, 0x57}},
    {"orchid", {0xda, 0x70, 0xd6}},
    {"steelblue", {0x46, 0x82, 0xb4}},
    {"goldenrod", {0xda, 0xa5, 0x20}},
    {"limegreen", {0x32, 0xcd, 0x32}},
    {"plum", {0xdd, 0xa0, 0xdd}},
    {"rosybrown", {0xbc, 0x8f, 0x8f}},
    {"salmon", {0xfa, 0x80, 0x72}},
    {"khaki", {0xf0, 0xe6, 0x8c}},
    {"darkslategray", {0x2f, 0x4f, 0x4f}},
};
constexpr size_t kFirstSpare = 28;

std::string_view PaperColour(PortPair pair) {
  for (const PairRow& row : kPairs) {
    if (row.pair == pair) return row.colour;
  }
  return "";
}

bool IsMail(uint16_t port) {
  switch (ProtocolOfPort(port)) {
    case Protocol::kSmtp:
    case Protocol::kSmtps:
    case Protocol::kPop3:
    case Protocol::kPop3s:
    case Protocol::kImap:
    case Protocol::kImaps:
      return true;
    case Protocol::kSsh:
    case Protocol::kHttps:
    case Protocol::kUnknown:
      return false;
  }
  return false;
}

// Distinct hues, none near the grey of an unknown AS nor so pale that a dot is lost on white.
constexpr std::string_view kPalette[] = {
    "#4363d8", "#e6194b", "#3cb44b", "#f58231", "#911eb4", "#42d4f4", "#ffe119", "#f032e6",
    "#9a6324", "#469990", "#bfef45", "#800000", "#808000", "#000075", "#fa8fb1", "#7b9cff",
    "#1b7f3b", "#c77dff", "#ffb000", "#5c4033", "#00a087", "#d4a373"};
constexpr size_t kPaletteSize = std::size(kPalette);

// One of hue, saturation and lightness' channels (CSS Color 4, 7.1).
uint8_t Channel(double hue, double lightness, double offset) {
  constexpr double kSaturation = 0.65;
  const double a = kSaturation * std::min(lightness, 1 - lightness);
  const double k = std::fmod(offset + hue * 12, 12);
  const double value = lightness - a * std::max(-1.0, std::min({k - 3, 9 - k, 1.0}));
  return static_cast<uint8_t>(std::lround(value * 255));
}

// Behind the palette: hues a golden angle apart, so that those given out together differ most.
std::string GeneratedColour(size_t n) {
  constexpr double kLightness[] = {0.45, 0.65, 0.3, 0.55, 0.38, 0.72};
  const double hue = std::fmod(0.61803398875 * static_cast<double>(n), 1.0);
  const double light = kLightness[n % std::size(kLightness)];
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", Channel(hue, light, 0), Channel(hue, light, 8),
                Channel(hue, light, 4));
  return text;
}

// Gives out colours, none twice.
class AsPalette {
 public:
  std::string Take(uint32_t asn) {
    for (size_t i = 0; i < kPaletteSize && in_palette_ < kPaletteSize; ++i) {
      const std::string_view colour = kPalette[(asn + i) % kPaletteSize];
      if (!taken_.emplace(colour).second) continue;
      ++in_palette_;
      return std::string(colour);
    }
    // Six lightnesses of 65,536 hues round to some hundred thousand colours; an AS number has 32
    // bits, but no cluster has that many. Who asks for more gets one that is taken.
    for (int tries = 0; tries < kMostTries; ++tries) {
      std::string colour = GeneratedColour(next_++);
      if (taken_.insert(colour).second) return colour;
    }
    return GeneratedColour(next_++);
  }

 private:
  static constexpr int kMostTries = 64;

  std::set<std::string, std::less<>> taken_ = {kUnknownAsColour};
  size_t in_palette_ = 0;
  size_t next_ = 0;
};

}  // namespace

std::string PortPairLabel(PortPair pair) {
  return StrCat("p", pair.high, "-p", pair.low);
}

LinkColour ColourOfPair(PortPair pair, LinkColouring colouring) {
  const std::string own(PaperColour(pair));
  if (colouring == LinkColouring::kEachPair) return {PortPairLabel(pair), own};
  if (IsMail(pair.low) && IsMail(pair.high)) return {"mail", "blue"};
  if (pair == PortPair(22, 22)) return {"ssh", own};
  if (pair == PortPair(443, 443)) return {"web", own};
  // The merged table has chocolate one way and turquoise the other for 22-587, and blue and
  // darkseagreen for 443 with 587 and 993: blue is mail's already.
  if (pair == PortPair(443, 587)) return {PortPairLabel(pair), "darkseagreen"};
  return {PortPairLabel(pair), own};
}

std::string SpareLinkColour(size_t n) {
  constexpr size_t kSpares = std::size(kNames) - kFirstSpare;
  return std::string(kNames[kFirstSpare + n % kSpares].name);
}

Rgb RgbOf(std::string_view colour) {
  if (colour.size() == 7 && colour[0] == '#') {
    const std::optional<std::string> bytes = HexDecode(colour.substr(1));
    if (!bytes) return {};
    const auto channel = [&](size_t i) { return static_cast<uint8_t>((*bytes)[i]); };
    return {channel(0), channel(1), channel(2)};
  }
  for (const NamedRgb& named : kNames) {
    if (named.name == colour) return named.rgb;
  }
  return {};
}

bool IsPale(Rgb rgb) {
  // Relative luminance as far as it matters here (Rec. 709 weights, no gamma).
  return 0.2126 * rgb.red + 0.7152 * rgb.green + 0.0722 * rgb.blue > 0.72 * 255;
}

std::vector<AsColour> ColourAses(const std::map<uint32_t, uint64_t>& hosts_of_asn) {
  std::vector<AsColour> out;
  out.reserve(hosts_of_asn.size());
  for (const auto& [asn, hosts] : hosts_of_asn) out.push_back({asn, hosts, ""});
  std::stable_sort(out.begin(), out.end(),
                   [](const AsColour& a, const AsColour& b) { return a.hosts > b.hosts; });
  AsPalette palette;
  for (AsColour& as : out) as.colour = as.asn == 0 ? kUnknownAsColour : palette.Take(as.asn);
  return out;
}

}  // namespace hark

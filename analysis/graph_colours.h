#pragma once

// The colours of cluster pictures. Lines say by which ports two hosts share a key, in the colours
// of the paper's Figure 6; dots say in which AS a host is. Every colour is a pure function of what
// it stands for and of what else is in the picture: the same cluster always looks the same.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hark {

// An unordered pair of ports: on one host the key was on one of them, on the other on the other.
struct PortPair {
  PortPair(uint16_t a, uint16_t b) : low(a < b ? a : b), high(a < b ? b : a) {}

  uint16_t low;
  uint16_t high;

  auto operator<=>(const PortPair&) const = default;
};

// "p443-p25": the higher port first, as in the paper's legends.
std::string PortPairLabel(PortPair pair);

// The two sets of colours: one colour a pair in a cluster of up to kPairColourHosts hosts, above
// that everything among mail ports is one colour.
enum class LinkColouring { kEachPair, kMerged };
inline constexpr size_t kPairColourHosts = 10;  // the paper's threshold

struct LinkColour {
  std::string label;
  std::string colour;  // a CSS and X11 name; "" when the paper's table does not know the pair
};

// A pair has one colour in whichever order its ports come; where the paper's merged table has two,
// that of the small table or else the first is used.
LinkColour ColourOfPair(PortPair pair, LinkColouring colouring);

// For pairs ColourOfPair has no colour for: the n-th of names that are in neither table.
std::string SpareLinkColour(size_t n);

struct Rgb {
  uint8_t red = 0;
  uint8_t green = 0;
  uint8_t blue = 0;

  bool operator==(const Rgb&) const = default;
};

// Of "#rrggbb" or of a name that ColourOfPair and SpareLinkColour give; black for anything else.
Rgb RgbOf(std::string_view colour);
// Too bright to be seen on white without something dark around it.
bool IsPale(Rgb rgb);

struct AsColour {
  uint32_t asn = 0;    // 0 unknown
  uint64_t hosts = 0;  // how many of the cluster's are in it
  std::string colour;  // "#rrggbb"
};

// Hosts in an AS nobody knows are grey, as in the paper.
inline constexpr char kUnknownAsColour[] = "#a5a5a5";

// A colour for every AS, no two the same; most hosts first, then by number. An AS mostly has the
// same colour in every cluster: its own place in the palette, unless an AS with more hosts took it.
std::vector<AsColour> ColourAses(const std::map<uint32_t, uint64_t>& hosts_of_asn);

}  // namespace hark

#include "analysis/graph_colours.h"

#include <gtest/gtest.h>

#include <set>

namespace hark {
namespace {

constexpr uint16_t kPorts[] = {22, 25, 110, 143, 443, 587, 993};
constexpr uint16_t kMail[] = {25, 110, 143, 587, 993};

TEST(LinkColourTest, GivesThePapersColourToEachOfIts28Pairs) {
  // Figure 6, row by row.
  const std::vector<std::string> figure = {
      "black",        "bisque",     "yellow",         "aquamarine", "darkgray",    "turquoise",
      "magenta",      "blue",       "blanchedalmond", "crimson",    "violet",      "wheat",
      "brown",        "chartreuse", "cyan",           "coral",      "yellowgreen", "darkred",
      "darkblue",     "darkkhaki",  "chocolate",      "darksalmon", "orange",      "cornsilk",
      "darkseagreen", "deeppink",   "deepskyblue",    "maroon"};
  std::vector<std::string> got;
  for (size_t i = 0; i < 7; ++i) {
    for (size_t j = i; j < 7; ++j) {
      got.push_back(ColourOfPair({kPorts[i], kPorts[j]}, LinkColouring::kEachPair).colour);
    }
  }
  EXPECT_EQ(got, figure);
  EXPECT_EQ(std::set<std::string>(got.begin(), got.end()).size(), 28u);
}

TEST(LinkColourTest, DoesNotCareWhichPortComesFirst) {
  for (const LinkColouring colouring : {LinkColouring::kEachPair, LinkColouring::kMerged}) {
    for (const uint16_t a : kPorts) {
      for (const uint16_t b : kPorts) {
        EXPECT_EQ(ColourOfPair({a, b}, colouring).colour, ColourOfPair({b, a}, colouring).colour);
        EXPECT_EQ(ColourOfPair({a, b}, colouring).label, ColourOfPair({b, a}, colouring).label);
      }
    }
  }
}

TEST(LinkColourTest, MergesMailInLargeClusters) {
  for (const uint16_t a : kMail) {
    for (const uint16_t b : kMail) {
      EXPECT_EQ(ColourOfPair({a, b}, LinkColouring::kMerged).colour, "blue");
      EXPECT_EQ(ColourOfPair({a, b}, LinkColouring::kMerged).label, "mail");
    }
  }
  EXPECT_EQ(ColourOfPair({465, 995}, LinkColouring::kMerged).label, "mail");
}

TEST(LinkColourTest, HasThePapersMergedColoursForTheRest) {
  const auto colour = [](uint16_t a, uint16_t b) {
    return ColourOfPair({a, b}, LinkColouring::kMerged).colour;
  };
  EXPECT_EQ(colour(22, 22), "black");
  EXPECT_EQ(colour(443, 443), "orange");
  EXPECT_EQ(colour(443, 25), "violet");
  EXPECT_EQ(colour(443, 110), "coral");
  EXPECT_EQ(colour(443, 143), "darkkhaki");
  EXPECT_EQ(colour(443, 587), "darkseagreen");
  EXPECT_EQ(colour(443, 993), "darkseagreen");
  EXPECT_EQ(colour(22, 25), "bisque");
  EXPECT_EQ(colour(22, 110), "yellow");
  EXPECT_EQ(colour(22, 143), "aquamarine");
  EXPECT_EQ(colour(22, 443), "darkgray");
  EXPECT_EQ(colour(22, 587), "turquoise");
  EXPECT_EQ(colour(22, 993), "magenta");
  EXPECT_EQ(ColourOfPair({22, 22}, LinkColouring::kMerged).label, "ssh");
  EXPECT_EQ(ColourOfPair({443, 443}, LinkColouring::kMerged).label, "web");
}

TEST(LinkColourTest, PutsTheHigherPortFirst) {
  EXPECT_EQ(PortPairLabel({25, 443}), "p443-p25");
  EXPECT_EQ(PortPairLabel({443, 25}), "p443-p25");
}

TEST(LinkColourTest, EveryNameHasAnRgb) {
  std::set<std::string> colours;
  for (const uint16_t a : kPorts) {
    for (const uint16_t b : kPorts) {
      colours.insert(ColourOfPair({a, b}, LinkColouring::kEachPair).colour);
    }
  }
  for (size_t n = 0; n < 16; ++n) {
    EXPECT_TRUE(colours.insert(SpareLinkColour(n)).second) << SpareLinkColour(n);
  }
  for (const std::string& colour : colours) {
    EXPECT_EQ(RgbOf(colour) == Rgb(), colour == "black") << colour;
  }
  EXPECT_EQ(RgbOf("#0a80ff"), (Rgb{0x0a, 0x80, 0xff}));
  EXPECT_EQ(RgbOf("#zzzzzz"), Rgb());
  EXPECT_TRUE(IsPale(RgbOf("cornsilk")));
  EXPECT_FALSE(IsPale(RgbOf("darkblue")));
}

TEST(AsColourTest, NoTwoAsesShareAColour) {
  std::map<uint32_t, uint64_t> hosts;
  for (uint32_t i = 0; i < 3000; ++i) hosts[i * 16'777'216 + i % 7] = 1 + i % 5;
  std::set<std::string> colours;
  for (const AsColour& as : ColourAses(hosts)) {
    EXPECT_TRUE(colours.insert(as.colour).second) << as.asn;
    EXPECT_EQ(as.colour.size(), 7u);
  }
  EXPECT_EQ(colours.size(), hosts.size());
}

TEST(AsColourTest, KeepsAnAssOwnColourWhereNobodyLargerHasIt) {
  const std::string own = ColourAses({{3, 1}})[0].colour;
  EXPECT_EQ(ColourAses({{3, 5}, {4, 9}})[1].colour, own);
  // 25 has the same place in the palette, and more hosts.
  const std::vector<AsColour> both = ColourAses({{3, 5}, {25, 9}});
  EXPECT_EQ(both[0].asn, 25u);
  EXPECT_EQ(both[0].colour, own);
  EXPECT_NE(both[1].colour, own);
}

TEST(AsColourTest, AnUnknownAsIsGreyAndNobodyElseIs) {
  std::map<uint32_t, uint64_t> hosts;
  for (uint32_t asn = 0; asn < 400; ++asn) hosts[asn] = 400 - asn;
  for (const AsColour& as : ColourAses(hosts)) {
    EXPECT_EQ(as.colour == kUnknownAsColour, as.asn == 0);
  }
}

TEST(AsColourTest, PutsMostHostsFirst) {
  const std::vector<AsColour> ases = ColourAses({{7, 1}, {9, 3}, {8, 3}});
  EXPECT_EQ(ases[0].asn, 8u);
  EXPECT_EQ(ases[1].asn, 9u);
  EXPECT_EQ(ases[2].asn, 7u);
}

}  // namespace
}  // namespace hark

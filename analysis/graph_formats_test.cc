// Whatever is in a graph, every format stays what it is.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "analysis/graph_dot.h"
#include "analysis/graph_fixture.h"
#include "analysis/graph_forces.h"
#include "analysis/graph_json.h"
#include "analysis/graph_picture.h"
#include "analysis/graph_svg.h"
#include "analysis/graph_xml.h"
#include "base/strings.h"

namespace hark {
namespace {

const char* const kHostile =
    "</title><script>alert(1)</script>]]>\" onload='x' \\\" & \\N \x01\xff\n-->";

// Is the text well-formed as far as tags go: every element closed in order, no stray '<' or '&'?
void ExpectWellFormed(const std::string& xml) {
  std::vector<std::string> open;
  for (size_t at = 0; at < xml.size();) {
    if (xml[at] == '&') {
      const std::string entity = xml.substr(at, xml.find(';', at) + 1 - at);
      ASSERT_TRUE(entity == "&amp;" || entity == "&lt;" || entity == "&gt;" || entity == "&quot;" ||
                  entity == "&#39;")
          << entity;
    }
    ASSERT_TRUE(xml[at] == '\n' || (xml[at] >= ' ' && xml[at] < 0x7f));
    if (xml[at] != '<') {
      ++at;
      continue;
    }
    const size_t end = xml.find('>', at);
    ASSERT_NE(end, std::string::npos);
    const std::string tag = xml.substr(at + 1, end - at - 1);
    ASSERT_EQ(tag.find('<'), std::string::npos) << tag;
    ASSERT_EQ(std::count(tag.begin(), tag.end(), '"') % 2, 0) << tag;
    if (tag[0] == '/') {
      ASSERT_FALSE(open.empty());
      ASSERT_EQ(tag.substr(1), open.back());
      open.pop_back();
    } else if (tag[0] != '?' && tag.back() != '/') {
      open.push_back(tag.substr(0, tag.find(' ')));
    }
    at = end + 1;
  }
  EXPECT_TRUE(open.empty());
}

ClusterGraph Hostile(GraphFormChoice form) {
  GraphFixture fixture;
  for (uint32_t i = 0; i < 12; ++i) {
    fixture.Host(i % 3, {{25, "a"}, {443, "a"}, {22, StrCat(i / 2)}}, kHostile);
  }
  ClusterGraph graph = *BuildClusterGraph("c1", fixture.Done(), form);
  // As if somebody had put names in their places: formats escape for themselves.
  graph.hosts[1].name = kHostile;
  graph.hosts[2].facts.emplace_back(kHostile);
  graph.hosts[3].colour = kHostile;
  graph.kinds[0].label = kHostile;
  graph.id = kHostile;
  return graph;
}

class GraphFormatsTest : public testing::TestWithParam<GraphFormChoice> {
 protected:
  const ClusterGraph graph_ = Hostile(GetParam());
  const GraphLayout layout_ = LayOut(graph_, PlaceByForces);
};

INSTANTIATE_TEST_SUITE_P(BothForms, GraphFormatsTest,
                         testing::Values(GraphFormChoice::kPairs, GraphFormChoice::kHubs));

TEST_P(GraphFormatsTest, XmlStaysWellFormedWhateverPeersSay) {
  for (const std::string& xml :
       {GraphAsSvg(graph_, layout_), GraphAsSvg(graph_, layout_, SvgUse::kInPage),
        GraphAsGexf(graph_, layout_), GraphAsGraphMl(graph_, layout_)}) {
    ExpectWellFormed(xml);
    EXPECT_EQ(xml.find("<script"), std::string::npos);
  }
}

TEST_P(GraphFormatsTest, DotHasNoQuoteThatAPeerClosed) {
  const std::string dot = GraphAsDot(graph_);
  bool quoted = false;
  std::string outside;
  for (size_t i = 0; i < dot.size(); ++i) {
    ASSERT_TRUE(dot[i] == '\n' || (dot[i] >= ' ' && dot[i] < 0x7f));
    if (quoted && dot[i] == '\\') {
      ++i;
    } else if (dot[i] == '"') {
      quoted = !quoted;
    } else if (!quoted) {
      outside += dot[i];
    }
  }
  EXPECT_FALSE(quoted);
  EXPECT_EQ(outside.find("script"), std::string::npos);
}

TEST_P(GraphFormatsTest, JsonSaysWhatTheGraphHolds) {
  const auto json = nlohmann::json::parse(GraphAsJson(graph_, layout_));
  EXPECT_EQ(json["hosts"].size(), graph_.hosts.size());
  EXPECT_EQ(json["keys"].size(), graph_.keys.size());
  EXPECT_EQ(json["links"].size(), graph_.links.size());
  EXPECT_EQ(json["form"], GetParam() == GraphFormChoice::kHubs ? "hubs" : "pairs");
  for (const auto& link : json["links"]) {
    EXPECT_LT(link["to"].get<size_t>(), graph_.nodes());
    EXPECT_LT(link["kind"].get<size_t>(), graph_.kinds.size());
  }
}

TEST_P(GraphFormatsTest, TheSameGraphGivesTheSameBytes) {
  const ClusterGraph again = Hostile(GetParam());
  const GraphLayout layout = LayOut(again, PlaceByForces);
  EXPECT_EQ(GraphAsSvg(graph_, layout_), GraphAsSvg(again, layout));
  EXPECT_EQ(GraphAsDot(graph_), GraphAsDot(again));
  EXPECT_EQ(GraphAsGexf(graph_, layout_), GraphAsGexf(again, layout));
  EXPECT_EQ(GraphAsGraphMl(graph_, layout_), GraphAsGraphMl(again, layout));
  EXPECT_EQ(GraphAsJson(graph_, layout_), GraphAsJson(again, layout));
}

size_t Count(const std::string& text, std::string_view what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

TEST_P(GraphFormatsTest, EveryNodeAndLinkIsThere) {
  const std::string svg = GraphAsSvg(graph_, layout_);
  EXPECT_EQ(Count(svg, "<circle class=\"host\""), graph_.hosts.size());
  EXPECT_EQ(Count(svg, "<rect class=\"key\""), graph_.keys.size());
  EXPECT_EQ(Count(svg, "<path d=\""), graph_.links.size());
  EXPECT_EQ(Count(GraphAsDot(graph_), " -- "), graph_.links.size());
  EXPECT_EQ(Count(GraphAsGexf(graph_, layout_), "<node id="), graph_.nodes());
  EXPECT_EQ(Count(GraphAsGexf(graph_, layout_), "<edge id="), graph_.links.size());
  EXPECT_EQ(Count(GraphAsGraphMl(graph_, layout_), "<node id="), graph_.nodes());
  EXPECT_EQ(Count(GraphAsGraphMl(graph_, layout_), "<edge id="), graph_.links.size());
}

TEST(GraphSvgTest, ManyLinesAreOnePathAColour) {
  GraphFixture fixture;
  const ClusterGraph graph = *BuildClusterGraph("c1", fixture.Clique(2500).Done());
  const std::string svg = GraphAsSvg(graph, LayOut(graph, PlaceByForces));
  EXPECT_EQ(Count(svg, "<path"), 1u);
  EXPECT_EQ(Count(svg, "<circle class=\"host\""), 2500u);
  ExpectWellFormed(svg);
}

TEST(GraphSvgTest, TheLegendNamesColoursAndCountsTheAsesItLeavesOut) {
  GraphFixture fixture;
  for (uint32_t i = 0; i < 40; ++i) fixture.Host(100 + i, {{25, "a"}});
  const ClusterGraph graph = *BuildClusterGraph("c1", fixture.Done());
  const std::string svg = GraphAsSvg(graph, LayOut(graph, PlaceByForces));
  EXPECT_NE(svg.find(">mail (780)</text>"), std::string::npos);
  EXPECT_NE(svg.find(">AS100 (1)</text>"), std::string::npos);
  EXPECT_EQ(svg.find(">AS139 (1)</text>"), std::string::npos);
  EXPECT_NE(svg.find(">16 more ASes (16)</text>"), std::string::npos);
}

TEST(PixelTextTest, NeverWritesWhatIsNoNumber) {
  EXPECT_EQ(PixelText(1.25), "1.2");
  EXPECT_EQ(PixelText(3), "3.0");
  EXPECT_EQ(PixelText(-0.01), "0.0");
  EXPECT_EQ(PixelText(0.0 / 0.0), "0.0");
  EXPECT_EQ(PixelText(1e300), "1000000000000.0");
}

}  // namespace
}  // namespace hark

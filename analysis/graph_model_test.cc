#include "analysis/graph_model.h"

#include <gtest/gtest.h>

#include <numeric>

#include "analysis/graph_fixture.h"
#include "base/strings.h"

namespace hark {
namespace {

ClusterGraph Build(GraphFixture& fixture, GraphFormChoice form = GraphFormChoice::kAuto) {
  Result<ClusterGraph> graph = BuildClusterGraph("c1", fixture.Done(), form);
  EXPECT_TRUE(graph.ok()) << graph.status().message();
  return graph.ok() ? std::move(*graph) : ClusterGraph();
}

std::vector<std::string> Labels(const ClusterGraph& graph) {
  std::vector<std::string> out;
  for (const LinkKind& kind : graph.kinds) out.push_back(StrCat(kind.label, "*", kind.links));
  return out;
}

// Sizes of the connected components, largest first.
std::vector<size_t> Components(const ClusterGraph& graph) {
  std::vector<uint32_t> root(graph.nodes());
  std::iota(root.begin(), root.end(), 0u);
  const auto find = [&](uint32_t node) {
    while (root[node] != node) node = root[node];
    return node;
  };
  for (const GraphLink& link : graph.links) root[find(link.from)] = find(link.to);
  std::map<uint32_t, size_t> sizes;
  for (uint32_t node = 0; node < graph.nodes(); ++node) ++sizes[find(node)];
  std::vector<size_t> out;
  for (const auto& [node, size] : sizes) out.push_back(size);
  return out;
}

TEST(GraphModelTest, DrawsALinePerHostPairAndColour) {
  GraphFixture fixture;
  fixture.Host(1, {{25, "a"}, {443, "a"}}).Host(2, {{25, "a"}, {22, "own"}});
  const ClusterGraph graph = Build(fixture);
  EXPECT_EQ(graph.form, GraphForm::kPairs);
  EXPECT_EQ(graph.hosts.size(), 2u);
  EXPECT_TRUE(graph.keys.empty());
  EXPECT_EQ(Labels(graph), (std::vector<std::string>{"p25-p25*1", "p443-p25*1"}));
  EXPECT_EQ(graph.kinds[0].colour, "blue");
  EXPECT_EQ(graph.kinds[1].colour, "violet");
}

TEST(GraphModelTest, AKeyOnTwoPortsOfOneHostJoinsItToNobody) {
  GraphFixture fixture;
  fixture.Host(1, {{25, "a"}, {443, "a"}, {22, "s"}}).Host(1, {{22, "s"}});
  const ClusterGraph graph = Build(fixture);
  EXPECT_EQ(Labels(graph), (std::vector<std::string>{"p22-p22*1"}));
}

TEST(GraphModelTest, MergesColoursAboveTenHosts) {
  GraphFixture ten;
  GraphFixture eleven;
  for (int i = 0; i < 11; ++i) {
    if (i < 10) ten.Host(1, {{25, "a"}, {993, "a"}});
    eleven.Host(1, {{25, "a"}, {993, "a"}});
  }
  EXPECT_EQ(Labels(Build(ten)),
            (std::vector<std::string>{"p25-p25*45", "p993-p25*45", "p993-p993*45"}));
  EXPECT_EQ(Labels(Build(eleven)), (std::vector<std::string>{"mail*55"}));
}

TEST(GraphModelTest, TakesTheHubFormWhenThereAreTooManyPairs) {
  GraphFixture small;
  const ClusterGraph pairs = Build(small.Clique(49));
  EXPECT_EQ(pairs.form, GraphForm::kPairs);
  EXPECT_EQ(pairs.links.size(), 1176u);
  GraphFixture large;
  const ClusterGraph hubs = Build(large.Clique(50));
  EXPECT_EQ(hubs.form, GraphForm::kHubs);
  EXPECT_EQ(hubs.keys.size(), 1u);
  EXPECT_EQ(hubs.links.size(), 50u);
  EXPECT_EQ(Labels(hubs), (std::vector<std::string>{"mail*50"}));
}

TEST(GraphModelTest, JoinsAHostToAKeyOnceAColour) {
  GraphFixture fixture;
  fixture.Host(1, {{22, "a"}, {25, "a"}, {110, "a"}, {443, "a"}}).Host(1, {{25, "a"}, {443, "b"}});
  const ClusterGraph graph = Build(fixture, GraphFormChoice::kHubs);
  EXPECT_EQ(graph.keys.size(), 1u) << "only shared keys are hubs";
  EXPECT_EQ(Labels(graph), (std::vector<std::string>{"ssh*1", "mail*2", "web*1"}));
  EXPECT_EQ(LinkLabel(graph, graph.links[1]), "p25, p110");
}

TEST(GraphModelTest, BothFormsConnectTheSame) {
  GraphFixture fixture;
  for (int i = 0; i < 30; ++i) {
    fixture.Host(1, {{25, StrCat(i)}, {443, StrCat((i + 1) % 30)}});
  }
  const ClusterDetail detail = fixture.Done();
  const auto pairs = BuildClusterGraph("c1", detail, GraphFormChoice::kPairs);
  const auto hubs = BuildClusterGraph("c1", detail, GraphFormChoice::kHubs);
  EXPECT_EQ(Components(*pairs), (std::vector<size_t>{30}));
  EXPECT_EQ(Components(*hubs), (std::vector<size_t>{60}));
}

TEST(GraphModelTest, RefusesMorePairsThanAnybodyCanUse) {
  GraphFixture fixture;
  const ClusterDetail detail = fixture.Clique(449).Done();
  const auto graph = BuildClusterGraph("c1", detail, GraphFormChoice::kPairs);
  EXPECT_EQ(graph.status().code(), StatusCode::kInvalidInput);
  EXPECT_TRUE(BuildClusterGraph("c1", detail, GraphFormChoice::kAuto).ok());
}

TEST(GraphModelTest, PortsThePaperDidNotAskGetColoursOfTheirOwn) {
  GraphFixture fixture;
  fixture.Host(1, {{8443, "a"}, {2222, "b"}}).Host(1, {{8443, "a"}, {2222, "b"}});
  const ClusterGraph graph = Build(fixture);
  ASSERT_EQ(graph.kinds.size(), 2u);
  EXPECT_EQ(graph.kinds[0].label, "p2222-p2222");
  EXPECT_EQ(graph.kinds[0].colour, SpareLinkColour(0));
  EXPECT_EQ(graph.kinds[1].colour, SpareLinkColour(1));
}

TEST(GraphModelTest, OneColourIsOneEntryOfTheLegend) {
  GraphFixture fixture;
  for (int i = 0; i < 11; ++i) fixture.Host(1, {{443, "a"}, {587, "a"}, {993, "a"}});
  const ClusterGraph graph = Build(fixture);
  EXPECT_EQ(Labels(graph),
            (std::vector<std::string>{"web*55", "p587-p443, p993-p443*55", "mail*55"}));
}

TEST(GraphModelTest, EscapesWhatPeersWrote) {
  GraphFixture fixture;
  const std::string banner = "220 \x1b[31m\xff\n" + std::string(200, 'x');
  fixture.Host(1, {{25, "a"}}, banner).Host(1, {{25, "a"}}, banner);
  const ClusterGraph graph = Build(fixture);
  const std::string& fact = graph.hosts[0].facts[0];
  EXPECT_NE(fact.find("220 \\x1b[31m\\xff\\x0a"), std::string::npos) << fact;
  EXPECT_LT(fact.size(), 150u);
  EXPECT_EQ(fact.substr(fact.size() - 3), "...");
}

TEST(GraphModelTest, ColoursHostsByAs) {
  GraphFixture fixture;
  fixture.Host(5, {{25, "a"}}).Host(0, {{25, "a"}}).Host(5, {{25, "a"}}).Host(6, {{25, "a"}});
  const ClusterGraph graph = Build(fixture);
  EXPECT_EQ(graph.hosts[0].colour, graph.hosts[2].colour);
  EXPECT_NE(graph.hosts[0].colour, graph.hosts[3].colour);
  EXPECT_EQ(graph.hosts[1].colour, kUnknownAsColour);
  EXPECT_EQ(graph.ases[0].asn, 5u);
  EXPECT_EQ(graph.ases[0].hosts, 2u);
}

}  // namespace
}  // namespace hark

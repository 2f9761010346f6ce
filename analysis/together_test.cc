#include "analysis/together.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "analysis/fake_run_reader.h"
#include "analysis/merged_walk.h"
#include "analysis/na_run_fixture.h"
#include "analysis/report.h"
#include "base/random.h"

namespace hark {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Address Host(uint32_t n) {
  return Address::V4(0x0a000000 + n);
}

std::unique_ptr<FakeRunReader> RunOf(const std::string& name, int64_t created,
                                     const std::string& country = "IE", uint32_t gate = 0) {
  auto run = std::make_unique<FakeRunReader>();
  run->mutable_run().set_name(name);
  run->mutable_run().set_created_unix_ms(created);
  run->mutable_run().set_country(country);
  run->mutable_run().set_gate_port(gate);
  run->mutable_run().add_ports(443);
  return run;
}

std::unique_ptr<RunReader> Merge(std::unique_ptr<RunReader> a, std::unique_ptr<RunReader> b) {
  std::vector<std::unique_ptr<RunReader>> readers;
  readers.push_back(std::move(a));
  readers.push_back(std::move(b));
  return Together(std::move(readers));
}

RunAnalysis Analyse(const RunReader& reader) {
  Result<RunAnalysis> analysis = AnalyseRun(reader);
  EXPECT_TRUE(analysis.ok()) << analysis.status().message();
  return analysis.ok() ? std::move(*analysis) : RunAnalysis();
}

TEST(TogetherTest, AKeyReplacedBetweenTwoRunsJoinsTheHostsOfBoth) {
  auto older = RunOf("old", 1), newer = RunOf("new", 2);
  for (const uint32_t n : {1, 2}) older->AddHost(Host(n));
  for (const uint32_t n : {2, 3}) newer->AddHost(Host(n));
  older->AddPort(Host(1), 443, {"first"});
  older->AddPort(Host(2), 443, {"first"});
  newer->AddPort(Host(2), 443, {"second"});
  newer->AddPort(Host(3), 443, {"second"});
  const RunAnalysis analysis = Analyse(*Merge(std::move(older), std::move(newer)));
  EXPECT_EQ(analysis.report.crypto, 3U);
  EXPECT_EQ(analysis.report.host_ports, 3U);
  ASSERT_EQ(analysis.clustering.clusters.size(), 1U);
  EXPECT_THAT(analysis.clustering.clusters[0].members, ElementsAre(0, 1, 2));
  EXPECT_EQ(analysis.clustering.key_uses, 4U);
  EXPECT_THAT(analysis.report.errors, IsEmpty());
}

TEST(TogetherTest, TheNewestObservationWithAKeyTellsOfAPort) {
  auto older = RunOf("old", 1), middle = RunOf("middle", 2), newer = RunOf("new", 3);
  for (const auto& run : {&older, &middle, &newer}) (*run)->AddHost(Host(1));
  const auto version = [](proto::PortRow& row, uint32_t wire) {
    row.mutable_observation()->mutable_tls()->set_version(wire);
  };
  version(older->AddPort(Host(1), 443, {"k"}), 0x0301);
  version(middle->AddPort(Host(1), 443, {"k"}), 0x0303);
  newer->AddPort(Host(1), 443, {}, Outcome::kRefused, Stage::kConnect);
  std::vector<std::unique_ptr<RunReader>> readers;
  readers.push_back(std::move(middle));
  readers.push_back(std::move(newer));
  readers.push_back(std::move(older));
  const RunReport report = Analyse(*Together(std::move(readers))).report;
  EXPECT_EQ(report.ports.at(443).tls_versions, (std::map<std::string, uint64_t>{{"TLSv1.2", 1}}));
  EXPECT_EQ(report.host_ports, 1U);
}

TEST(TogetherTest, AHostAtHomeInOneRunTakesPart) {
  auto ie = RunOf("IE-1", 1), gb = RunOf("GB-1", 2, "GB");
  ie->AddHost(Host(1), 5, proto::HostRow::IN);
  gb->AddHost(Host(1), 6, proto::HostRow::OUT);
  gb->AddHost(Host(2), 6, proto::HostRow::OUT);
  const auto both = Merge(std::move(ie), std::move(gb));
  EXPECT_EQ(both->run().country(), "");
  EXPECT_EQ(both->run().name(), "IE-1+GB-1");
  const RunAnalysis analysis = Analyse(*both);
  EXPECT_TRUE(analysis.hosts.takes_part(0));
  EXPECT_EQ(analysis.hosts.asn(0), 6U);
  EXPECT_FALSE(analysis.hosts.takes_part(1));
}

TEST(TogetherTest, ARunWithItselfIsTheRun) {
  const RunReport once = Analyse(*NaRunFixture::Build()).report;
  auto again = NaRunFixture::Build();
  again->mutable_run().set_name("NA-again");
  again->mutable_run().set_id(2);
  const auto both = Merge(NaRunFixture::Build(), std::move(again));
  EXPECT_EQ(both->run().country(), "NA");
  EXPECT_EQ(both->run().gate_port(), 25U);
  const RunReport twice = Analyse(*both).report;
  EXPECT_EQ(twice.clustered, once.clustered);
  EXPECT_EQ(twice.host_ports, once.host_ports);
  EXPECT_EQ(twice.unique_keys, once.unique_keys);
  EXPECT_EQ(twice.ssh_versions, once.ssh_versions);
  EXPECT_EQ(twice.coverage.plan.planned, 2 * once.coverage.plan.planned);
  EXPECT_TRUE(twice.coverage.sums_to_plan);
  EXPECT_THAT(twice.errors, IsEmpty());
}

TEST(TogetherTest, PlansAddUpWhereOnlySomeRunsHadAGate) {
  auto na = NaRunFixture::Build();
  auto list = RunOf("list", 1, "");
  list->mutable_run().set_planned(2);
  list->mutable_run().set_state(proto::RunRow::DONE);
  list->AddHost(Host(200), 1);
  list->AddJob(proto::JobRow::GRAB_TARGETS, 0, 2).mutable_tally()->set_silent(2);
  const RunReport report = Analyse(*Merge(std::move(na), std::move(list))).report;
  EXPECT_EQ(report.gate_port, 0U);
  EXPECT_EQ(report.coverage.plan.planned, 482837U);
  EXPECT_EQ(report.coverage.grabs.planned, 0U);
  EXPECT_THAT(report.errors, IsEmpty());
}

TEST(TogetherTest, OneRunIsGivenBackAsItIs) {
  std::vector<std::unique_ptr<RunReader>> one;
  one.push_back(RunOf("a", 1));
  const RunReader* const before = one[0].get();
  EXPECT_EQ(Together(std::move(one)).get(), before);
}

// Streams longer than the pieces they are taken in.
TEST(MergedWalkTest, VisitsEveryPositionOfEveryStreamOnceAndInOrder) {
  Random random(11);
  std::vector<std::set<int>> streams(3);
  std::set<int> all;
  for (std::set<int>& stream : streams) {
    for (int i = 0; i < 1500; ++i) stream.insert(static_cast<int>(random.Below(4000)));
    all.insert(stream.begin(), stream.end());
  }
  using Front = WalkFront<int, int>;
  std::vector<Front> fronts;
  for (const std::set<int>& stream : streams) {
    fronts.emplace_back([&stream](const std::optional<int>& from, const Front::Take& take) {
      for (auto at = from ? stream.lower_bound(*from) : stream.begin(); at != stream.end(); ++at) {
        HARK_RETURN_IF_ERROR(take(*at, -*at));
      }
      return Status::Ok();
    });
  }
  std::vector<int> visited;
  const Status walked =
      WalkTogether<int, int>(std::move(fronts), [&](const int& position, const auto& values) {
        visited.push_back(position);
        for (const auto& [stream, value] : values) {
          EXPECT_EQ(*value, -position);
          EXPECT_TRUE(streams[stream].contains(position));
        }
        const auto have = std::count_if(streams.begin(), streams.end(), [&](const auto& stream) {
          return stream.contains(position);
        });
        EXPECT_EQ(values.size(), static_cast<size_t>(have));
        return Status::Ok();
      });
  EXPECT_TRUE(walked.ok());
  EXPECT_EQ(visited, std::vector<int>(all.begin(), all.end()));
}

TEST(MergedWalkTest, AStreamsErrorEndsTheWalk) {
  using Front = WalkFront<int, int>;
  std::vector<Front> fronts;
  fronts.emplace_back([](const std::optional<int>&, const Front::Take& take) {
    HARK_RETURN_IF_ERROR(take(1, 1));
    return Corruption("unreadable");
  });
  int visited = 0;
  const Status walked = WalkTogether<int, int>(std::move(fronts), [&](const int&, const auto&) {
    ++visited;
    return Status::Ok();
  });
  EXPECT_EQ(walked.code(), StatusCode::kCorruption);
}

}  // namespace
}  // namespace hark

// What report and cluster commands look at, as an operator says it.

#include "cli/scope_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "analysis/na_run_fixture.h"
#include "base/file.h"
#include "cli/cluster_command.h"
#include "cli/command_fixture.h"
#include "cli/report_command.h"

namespace hark {
namespace {

using ::testing::HasSubstr;

Status ScopeError(const ScopeWishes& wishes) {
  return ScopeOf(wishes).status();
}

TEST(ScopeOfTest, NamesTheFlagThatIsWrong) {
  ScopeWishes wishes;
  EXPECT_TRUE(ScopeOf(wishes)->empty());
  wishes.asns = {"AS0"};
  EXPECT_THAT(ScopeError(wishes).message(), HasSubstr("--asn: 'AS0' is no AS number"));
  wishes = {};
  wishes.countries = {"Ireland"};
  EXPECT_THAT(ScopeError(wishes).message(), HasSubstr("--country: 'Ireland'"));
  wishes = {};
  wishes.prefixes = "10.0.0.1/8";
  EXPECT_THAT(ScopeError(wishes).message(), HasSubstr("--prefix"));
  wishes = {};
  wishes.until = "never";
  EXPECT_THAT(ScopeError(wishes).message(), HasSubstr("--until: 'never' is no date"));
  wishes.until = wishes.since = "2018-04-30";
  EXPECT_THAT(ScopeError(wishes).message(), HasSubstr("no visit is between them"));
  wishes = {};
  wishes.without_keys = "/nowhere";
  EXPECT_THAT(ScopeError(wishes).message(), HasSubstr("--without_keys"));
}

// Two runs in one store: Namibia's, and one a day later with a host that has a key of each of two
// clusters.
class ScopedCommandTest : public CommandTest {
 protected:
  void SetUp() override {
    Store(*NaRunFixture::Build());
    FakeRunReader second;
    proto::RunRow& run = second.mutable_run();
    run.set_id(2);
    run.set_name("bridge");
    run.set_country("NA");
    run.set_created_unix_ms(1'525'161'600'000);
    run.set_planned(1);
    run.add_ports(443);
    second.AddHost(Address::V4(0x0b000001), 9);
    second.AddPort(Address::V4(0x0b000001), 443, {"K1", "cluster 1"});
    Store(second);
  }

  nlohmann::json Report(std::vector<std::string> args) {
    args.emplace_back("--format=json");
    return nlohmann::json::parse(Output(RunReportCommand, std::move(args)));
  }
};

TEST_F(ScopedCommandTest, RunsTogetherAreOneSurvey) {
  const auto report = Report({"--run=NA-20180430,bridge", "--together"});
  EXPECT_EQ(exit_code_, 0);
  EXPECT_EQ(report["run"], "NA-20180430+bridge");
  EXPECT_EQ(report["crypto"], 380);
  EXPECT_EQ(report["clusters"], 29);  // K1's eight and the first plain five are one now
  EXPECT_EQ(report["max_cluster"], 14);
  EXPECT_EQ(report["scope"], nlohmann::json({"2 runs together"}));
  EXPECT_TRUE(report["errors"].empty());
}

TEST_F(ScopedCommandTest, TwoRunsAreNotTakenForOneUnasked) {
  EXPECT_EQ(Report({"--run=NA-20180430", "--run=bridge"})["runs"].size(), 2U);
  EXPECT_EQ(exit_code_, 0);
  EXPECT_EQ(Complaint(RunClusterList, {"--run=NA-20180430", "--run=bridge"}),
            "hark cluster list: --run: several runs; --together takes them for one\n");
  EXPECT_EQ(exit_code_, 2);
}

TEST_F(ScopedCommandTest, RunsSideBySideAreOfTheSamePart) {
  const auto report = Report({"--run=NA-20180430,bridge", "--ports=22"});
  EXPECT_EQ(exit_code_, 0);
  EXPECT_EQ(report["runs"][0]["scope"], nlohmann::json({"port 22"}));
  EXPECT_EQ(report["runs"][0]["ports"].size(), 1U);
  EXPECT_EQ(report["runs"][1]["crypto"], 0);
  EXPECT_THAT(Output(RunReportCommand, {"--run=NA-20180430,bridge", "--ports=22"}),
              HasSubstr("2 runs: NA-20180430, bridge (port 22)"));
}

TEST_F(ScopedCommandTest, AScopeIsToldInTheHeadingAndHasNoErrors) {
  const std::string text =
      Output(RunReportCommand, {"--run=NA-20180430", "--asn=AS1", "--ports=22,25"});
  EXPECT_EQ(exit_code_, 0);
  EXPECT_THAT(text, HasSubstr("run NA-20180430, country NA (AS1; ports 22, 25), started"));
  EXPECT_THAT(text, HasSubstr("the ledger knows nothing of a scope"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("error")));
}

TEST_F(ScopedCommandTest, KeysOnAListAreNobodys) {
  const std::string list = directory_ / "keys";
  ASSERT_TRUE(WriteFileAtomically(list, "# the largest\n" + KeyNamed("K1").ToHex() + " K1\n").ok());
  const auto without = Report({"--run=NA-20180430", "--without_keys=" + list});
  EXPECT_EQ(without["max_cluster"], 5);
  const auto only = Report({"--run=NA-20180430", "--only_keys=" + list});
  EXPECT_EQ(only["unique_keys"], 1);
  EXPECT_EQ(only["clustered"], 8);
}

TEST_F(ScopedCommandTest, ClustersAreThoseOfTheScope) {
  const auto all = nlohmann::json::parse(
      Output(RunClusterList, {"--run=NA-20180430", "--format=json", "--ports=22"}));
  for (const auto& cluster : all) EXPECT_LE(cluster["size"], 3);
  ASSERT_FALSE(all.empty());
  const std::string id = all[0]["id"];
  const std::string shown = Output(RunClusterShow, {id, "--run=NA-20180430", "--ports=22"});
  EXPECT_THAT(shown, HasSubstr(id));
  EXPECT_EQ(exit_code_, 0);
}

TEST_F(ScopedCommandTest, CoverageIsOfAWholeRun) {
  EXPECT_THAT(Complaint(RunReportCommand, {"--run=NA-20180430", "--coverage", "--ports=22"}),
              HasSubstr("--coverage is of one whole run"));
  EXPECT_EQ(exit_code_, 2);
}

}  // namespace
}  // namespace hark

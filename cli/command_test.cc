// The commands as an operator calls them, over a store on disk.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "analysis/na_run_fixture.h"
#include "base/file.h"
#include "base/strings.h"
#include "cli/cluster_command.h"
#include "cli/command_fixture.h"
#include "cli/report_command.h"
#include "cli/run_command.h"

namespace hark {
namespace {

class NamibiaCommandTest : public CommandTest {
 protected:
  void SetUp() override {
    CommandTest::SetUp();
    Store(*NaRunFixture::Build());
  }
};

TEST_F(NamibiaCommandTest, ReportPutsSeveralRunsSideBySide) {
  const auto again = NaRunFixture::Build();
  again->mutable_run().set_id(2);
  again->mutable_run().set_name("NA-2026");
  Store(*again);
  const auto json = nlohmann::json::parse(
      Output(RunReportCommand, {"--format=json", "--run=NA-2026,NA-20180430"}));
  EXPECT_EQ(exit_code_, 0);
  ASSERT_EQ(json["runs"].size(), 2U);
  EXPECT_EQ(json["runs"][0]["run"], "NA-2026");
  EXPECT_EQ(json["runs"][1]["crypto"], 379);
  EXPECT_NE(Output(RunReportCommand, {"--format=latex"}).find("\\label{hark:measures}"),
            std::string::npos);
  EXPECT_NE(Complaint(RunReportCommand, {"--run=NA-2026,none"}).find("no run 'none'"),
            std::string::npos);
  EXPECT_NE(Complaint(RunReportCommand, {"--run=NA-2026,NA-2026"}).find("twice"),
            std::string::npos);
  EXPECT_EQ(exit_code_, 2);
}

TEST_F(NamibiaCommandTest, ClusterListSaysWhatClustersAreMadeOf) {
  const auto json =
      nlohmann::json::parse(Output(RunClusterList, {"--stats", "--format=json", "--min_size=5"}));
  EXPECT_EQ(exit_code_, 0);
  ASSERT_EQ(json["clusters"].size(), 2U);
  EXPECT_EQ(json["total_sum"]["hosts"], 13);
}

TEST_F(NamibiaCommandTest, EveryRunSideBySideHasItsWholeReport) {
  const auto again = NaRunFixture::Build();
  again->mutable_run().set_id(2);
  again->mutable_run().set_name("NA-2026");
  Store(*again);
  const std::string runs = "--run=NA-2026,NA-20180430";
  const auto json =
      nlohmann::json::parse(Output(RunReportCommand, {"--format=json", runs, "--at=2018-03-16"}));
  for (const auto& run : json["runs"]) {
    EXPECT_EQ(run["trust"]["at"], "2018-03-16T00:00:00Z");
    EXPECT_TRUE(run.contains("hygiene"));
  }
  // One alone has nothing more.
  auto alone = nlohmann::json::parse(
      Output(RunReportCommand, {"--format=json", "--run=NA-20180430", "--at=2018-03-16"}));
  EXPECT_EQ(json["runs"][1], alone);
  EXPECT_NE(Complaint(RunReportCommand, {runs, "--plot=sizes"}).find("--plot is of one run"),
            std::string::npos);
}

TEST_F(NamibiaCommandTest, FlagsThatJudgeCertificatesAreRefusedWhereNoneAreRead) {
  for (const std::string other : {"--plot=sizes", "--coverage"}) {
    EXPECT_NE(Complaint(RunReportCommand, {other, "--at=2018-03-16"}).find("shows certificates"),
              std::string::npos);
    EXPECT_EQ(exit_code_, 2);
    EXPECT_FALSE(Output(RunReportCommand, {other}).empty());
  }
  EXPECT_NE(Complaint(RunClusterList, {"--at=2018-03-16"}).find("go with --stats"),
            std::string::npos);
  EXPECT_EQ(exit_code_, 2);
  EXPECT_NE(Output(RunClusterList, {"--ports=25,443"}).find("run NA-20180430 (ports 25, 443)\n"),
            std::string::npos);
}

// The golden files have nothing of certificates: what is said of them depends on the machine's
// roots.
TEST_F(NamibiaCommandTest, ReportReadsFromTheStoreWhatTheFixtureHolds) {
  const std::string text = Output(RunReportCommand, {});
  EXPECT_EQ(exit_code_, 0);
  const std::string golden_text = *ReadFile("cli/testdata/na_report.txt");
  for (const std::string_view line : Split(golden_text, '\n')) {
    EXPECT_NE(text.find(line), text.npos) << line;
  }
  const auto json =
      nlohmann::json::parse(Output(RunReportCommand, {"--format=json", "--run=NA-20180430"}));
  const auto golden = nlohmann::json::parse(*ReadFile("cli/testdata/na_report.json"));
  for (const auto& [name, value] : golden.items()) EXPECT_EQ(json[name], value) << name;
  EXPECT_TRUE(json.contains("certificate_classes"));
  EXPECT_EQ(Output(RunReportCommand, {"--format=html"}).find("<!doctype html>"), 0U);
}

TEST_F(NamibiaCommandTest, ClusterListAndShowTellTheSame) {
  const auto clusters = nlohmann::json::parse(Output(RunClusterList, {"--format=json"}));
  ASSERT_EQ(clusters.size(), 30U);
  EXPECT_EQ(clusters[0]["size"], 8);
  EXPECT_EQ(clusters[0]["members"].size(), 8U);
  EXPECT_EQ(clusters[0]["members"][0], "10.0.0.7");
  EXPECT_EQ(clusters[0]["asns"], nlohmann::json({1, 2, 3}));
  EXPECT_EQ(clusters[0]["keys"].size(), 3U);  // K4 is on one host only

  const std::string id = clusters[0]["id"];
  const auto shown = nlohmann::json::parse(Output(RunClusterShow, {id, "--format=json"}));
  EXPECT_EQ(shown["id"], id);
  EXPECT_EQ(shown["keys"].size(), 4U);
  EXPECT_EQ(shown["keys"][0]["host_ports"], 11);
  EXPECT_EQ(shown["keys"][0]["hosts"], 8);
  EXPECT_EQ(shown["members"].size(), 8U);
  EXPECT_EQ(shown["members"][0]["ports"].size(), 2U);
  EXPECT_EQ(shown["members"][0]["ports"][1]["port"], 443);
  EXPECT_NE(Output(RunClusterShow, {id.substr(0, 6)}).find("cluster " + id), std::string::npos);
  EXPECT_EQ(Output(RunClusterList, {"--format=csv", "--min_size=8"}).find("id,size,asns,keys"), 0U);
}

TEST_F(NamibiaCommandTest, ClusterShowRefusesIdsOfNoneOrSeveralClusters) {
  EXPECT_EQ(Complaint(RunClusterShow, {"cx"}),
            "hark cluster show: no cluster 'cx' in the run; hark cluster list shows them\n");
  EXPECT_EQ(exit_code_, 2);
  EXPECT_NE(Complaint(RunClusterShow, {"c"}).find("'c' could be 30 clusters"), std::string::npos);
  EXPECT_EQ(exit_code_, 2);
}

TEST_F(NamibiaCommandTest, NamesTheRunsThereAreWhenOneIsMissing) {
  EXPECT_EQ(Complaint(RunReportCommand, {"--run=XX"}),
            "hark report: --run: no run 'XX' in the store; it has NA-20180430\n");
  EXPECT_EQ(exit_code_, 2);
}

TEST_F(NamibiaCommandTest, RunListShowsTheRun) {
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(RunRunList({"--db=" + db(), "--format=json"}), 0);
  const auto runs = nlohmann::json::parse(::testing::internal::GetCapturedStdout());
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0]["name"], "NA-20180430");
  EXPECT_EQ(runs[0]["state"], "done");
  EXPECT_EQ(runs[0]["progress_pct"], 100);
}

TEST_F(CommandTest, ReportShowsALedgerThatDoesNotAddUpAndFails) {
  const auto reader = NaRunFixture::Build();
  reader->mutable_run().set_planned(482836);
  Store(*reader);
  EXPECT_EQ(Complaint(RunReportCommand, {}),
            "hark report: the ledger counts 482835 of 482836 planned targets\n");
  EXPECT_EQ(exit_code_, 1);
  const std::string text = Output(RunReportCommand, {});
  EXPECT_NE(text.find("hosts in clusters"), std::string::npos);
  EXPECT_NE(text.find("error: the ledger counts 482835 of 482836"), std::string::npos);
}

TEST_F(CommandTest, ReportWorksWhileTheScanIsWriting) {
  const auto reader = NaRunFixture::Build();
  reader->mutable_run().set_state(proto::RunRow::OPEN);
  reader->mutable_run().set_planned(4828350);
  const auto store = Store::Open(db(), Store::Mode::kReadWrite);
  ASSERT_TRUE(store.ok());
  ASSERT_TRUE(CopyRun(*reader, **store).ok());
  EXPECT_NE(Output(RunReportCommand, {}).find("run in progress, 10 % of the plan done"),
            std::string::npos);
  EXPECT_EQ(exit_code_, 0);
}

TEST_F(CommandTest, MistakesOfTheOperatorAreOneLineAndExitTwo) {
  const auto is_one_line = [](const std::string& text) {
    return !text.empty() && text.find('\n') == text.size() - 1;
  };
  EXPECT_TRUE(is_one_line(Complaint(RunReportCommand, {})));  // no such store
  EXPECT_EQ(exit_code_, 2);
  Store(*NaRunFixture::Build());
  for (const char* flag : {"--format=xml", "--fromat=json", "stray"}) {
    EXPECT_TRUE(is_one_line(Complaint(RunReportCommand, {flag}))) << flag;
    EXPECT_EQ(exit_code_, 2) << flag;
  }
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(RunReportCommand({"--db=" + db(), "--output=" + (directory_ / "no/such/dir")}), 2);
  EXPECT_TRUE(is_one_line(::testing::internal::GetCapturedStderr()));
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(RunReportCommand({}), 2);
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "hark report: needs --db=DIR, the store to read\n");
}

}  // namespace
}  // namespace hark

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "analysis/na_run_fixture.h"
#include "base/file.h"
#include "cli/cluster_render.h"
#include "cli/report_json.h"
#include "cli/report_text.h"

namespace hark {
namespace {

RunReport Namibia() {
  return AnalyseRun(*NaRunFixture::Build())->report;
}

// The file holds what hark printed when somebody last read it. HARK_UPDATE_GOLDEN=1 writes it anew.
void ExpectGolden(const std::string& name, const std::string& got) {
  const std::string path = "cli/testdata/" + name;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): never set here
  if (std::getenv("HARK_UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(WriteFileAtomically(path, got).ok());
  }
  const Result<std::string> want = ReadFile(path);
  ASSERT_TRUE(want.ok()) << want.status().message();
  EXPECT_EQ(got, *want);
}

TEST(ReportTextTest, ShowsNamibiaAsRead) {
  ExpectGolden("na_report.txt", ReportAsText(Namibia(), TextStyle{}));
}

TEST(ReportTextTest, ShowsNamibiaAsMarkdownAsRead) {
  ExpectGolden("na_report.md", ReportAsMarkdown(Namibia()));
}

TEST(ReportTextTest, ShowsNamibiaAsCsvAsRead) {
  ExpectGolden("na_report.csv", ReportAsCsv(Namibia()));
}

TEST(ReportJsonTest, ShowsNamibiaAsRead) {
  const std::string json = ReportAsJson(Namibia());
  ExpectGolden("na_report.json", json);
  const auto parsed = nlohmann::json::parse(json);
  EXPECT_EQ(parsed["hark_pct"], 21);
  EXPECT_EQ(parsed["paper_average"], 4.4);
  EXPECT_EQ(parsed["ports"]["443"], 172);
  EXPECT_EQ(parsed["multihomed"]["non_mh"], 19);
  EXPECT_EQ(parsed["coverage"]["sums_to_plan"], true);
}

TEST(ReportTextTest, MarksNothingWithoutAndSomethingWithColour) {
  RunReport report = Namibia();
  report.errors.push_back("one does not add up");
  EXPECT_EQ(ReportAsText(report, TextStyle{false}).find('\x1b'), std::string::npos);
  EXPECT_NE(ReportAsText(report, TextStyle{true}).find("\x1b[1;31merror: one does not add up"),
            std::string::npos);
}

TEST(ReportTextTest, SaysHowFarARunInProgressIs) {
  RunReport report = Namibia();
  report.done = false;
  report.finished_unix_ms = 0;
  report.coverage.plan.planned = 2 * report.coverage.plan.settled() + 1;
  EXPECT_EQ(ReportHeadline(report),
            "run NA-20180430, country NA, started 2018-04-30T08:00:00Z, run in progress, 49 % of "
            "the plan done");
  EXPECT_EQ(nlohmann::json::parse(ReportAsJson(report))["finished"], nullptr);
}

TEST(ClusterTextTest, ShowsABannersFirstLineEscaped) {
  FakeRunReader reader;
  for (uint32_t host = 1; host <= 2; ++host) {
    reader.AddHost(Address::V4(host), 64496);
    reader.AddPort(Address::V4(host), 25, {"shared"})
        .mutable_observation()
        ->set_greeting("220-\x1b[31m\xff" + std::string(500, 'x') + "\r\n220 more\r\n");
  }
  const HostTable hosts = *HostTable::Read(reader);
  const Clustering clustering = *FindClusters(reader, hosts);
  const ClusterDetail detail = *ReadClusterDetail(reader, hosts, clustering, 0);
  const std::string text = ClusterAsText(clustering.clusters[0], detail, false);
  EXPECT_NE(text.find("220-\\x1b[31m\\xffxxx"), text.npos) << text;
  EXPECT_EQ(text.find('\x1b'), text.npos);
  EXPECT_EQ(text.find(std::string(60, 'x')), text.npos);
  const auto json = nlohmann::json::parse(ClusterAsJson(clustering.clusters[0], detail));
  EXPECT_EQ(json["members"][0]["ports"][0]["banner"], "220-\\x1b[31m\\xff" + std::string(500, 'x'));
}

TEST(ReportTextTest, QuotesCsvFieldsThatNeedIt) {
  EXPECT_EQ(CsvField("a b"), "a b");
  EXPECT_EQ(CsvField("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
}

}  // namespace
}  // namespace hark

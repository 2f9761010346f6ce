// What the paper says of its runs side by side: shares and totals that follow from the rows of
// paper_rows_fixture.h. New Zealand's versions contradict its ports, so Table IX and its totals are
// tested without it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>

#include "analysis/paper_run_builder.h"
#include "analysis/runs_side_by_side.h"

namespace hark {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PaperTotalsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto* const reports = new std::vector<RunReport>;
    for (const PaperRow& row : PaperRows()) {
      reports->push_back(AnalyseRun(*PaperRunBuilder::Build(row))->report);
    }
    reports_ = reports;
  }
  static void TearDownTestSuite() { delete reports_; }

  // The table over the runs of 2018 but one.
  static Table Of(std::string_view name, std::string_view without = "") {
    std::vector<const RunReport*> runs;
    for (const RunReport& report : *reports_) {
      const bool of_2018 = report.run.find("-2018") != std::string::npos;
      if (of_2018 && report.run != without) runs.push_back(&report);
    }
    for (const Table& table : SideBySideTables(runs)) {
      if (table.name == name) return table;
    }
    ADD_FAILURE() << "no table " << name;
    return {};
  }

  static std::vector<std::string> Row(const Table& table, std::string_view run) {
    for (const std::vector<Cell>& row : table.rows) {
      if (row[0].shown.substr(0, run.size()) != run) continue;
      std::vector<std::string> out;
      for (size_t i = 1; i < row.size(); ++i) out.push_back(row[i].plain);
      return out;
    }
    ADD_FAILURE() << "no row " << run;
    return {};
  }

  static const std::vector<RunReport>* reports_;
};
const std::vector<RunReport>* PaperTotalsTest::reports_ = nullptr;

TEST_F(PaperTotalsTest, SharesOfRespondersAreThoseOfTableFive) {
  const Table table = Of("runs_sweep");
  const std::map<std::string, std::string> shares = {
      {"IE", "0.21"}, {"EE", "1.17"}, {"FI", "0.27"}, {"PT", "0.30"}, {"LU", "0.47"},
      {"UY", "0.08"}, {"NZ", "0.32"}, {"NA", "0.11"}, {"SG", "0.82"}, {"SI", "0.37"}};
  for (const auto& [run, share] : shares) EXPECT_EQ(Row(table, run).back(), share) << run;
  EXPECT_THAT(Row(table, "total"), ElementsAre("56572749", "215342", "0.38"));
}

TEST_F(PaperTotalsTest, VersionsAddUpAsInTableNine) {
  const Table table = Of("runs_tls_total", "NZ-20180425");
  EXPECT_THAT(Row(table, "IE"), ElementsAre("7", "7323", "6", "40209", "47545"));
  EXPECT_THAT(Row(table, "EE"), ElementsAre("10", "5672", "10", "58713", "64405"));
  EXPECT_THAT(Row(table, "FI"), ElementsAre("16", "5562", "4", "23801", "29383"));
  EXPECT_THAT(Row(table, "PT"), ElementsAre("21", "6169", "19", "52111", "58320"));
  EXPECT_THAT(Row(table, "LU"), ElementsAre("2", "1278", "1", "18790", "20071"));
  EXPECT_THAT(Row(table, "UY"), ElementsAre("1", "771", "3", "3804", "4579"));
  EXPECT_THAT(Row(table, "NA"), ElementsAre("5", "171", "0", "505", "681"));
  EXPECT_THAT(Row(table, "SG"), ElementsAre("16", "9319", "15", "168209", "177559"));
  EXPECT_THAT(Row(table, "SI"), ElementsAre("25", "5927", "2", "19048", "25002"));
  // The published totals less New Zealand's row.
  EXPECT_THAT(Row(table, "total"), ElementsAre("103", "42192", "60", "385190", "427545"));
}

TEST_F(PaperTotalsTest, SshVersionsAreSharedOutAsInTableTen) {
  const Table table = Of("runs_ssh");
  EXPECT_THAT(Row(table, "FI"), ElementsAre("269", "4611", "4880"));
  EXPECT_THAT(Row(table, "total"), ElementsAre("403", "59608", "60011"));
  EXPECT_THAT(table.notes, Contains(HasSubstr("0.67 %, 2.0 99.33 %")));
}

// Truncated, and of all twelve runs.
TEST_F(PaperTotalsTest, ClassesOfClustersHaveTheSharesOfTableTwelve) {
  const std::map<std::string, std::array<uint64_t, 3>> shares = {
      {"IE-20171130", {29, 23, 47}}, {"IE-20180316", {26, 22, 51}}, {"EE-20171130", {36, 36, 26}},
      {"EE-20180324", {31, 37, 30}}, {"FI-20180326", {21, 29, 48}}, {"PT-20180403", {13, 33, 53}},
      {"LU-20180423", {17, 20, 62}}, {"UY-20180424", {21, 12, 66}}, {"NZ-20180425", {20, 28, 50}},
      {"NA-20180430", {63, 6, 30}},  {"SG-20180430", {15, 34, 49}}, {"SI-20180514", {20, 15, 63}}};
  for (const RunReport& report : *reports_) {
    const MultihomedCounts& counts = report.multihomed;
    const uint64_t clusters = report.sizes.clusters;
    const std::array<uint64_t, 3> got = {Share{counts.not_multihomed, clusters}.percent_truncated(),
                                         Share{counts.possible, clusters}.percent_truncated(),
                                         Share{counts.no_info, clusters}.percent_truncated()};
    EXPECT_EQ(got, shares.at(report.run)) << report.run;
  }
}

}  // namespace
}  // namespace hark

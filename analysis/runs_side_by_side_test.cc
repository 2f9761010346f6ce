#include "analysis/runs_side_by_side.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/na_run_fixture.h"
#include "analysis/paper_run_builder.h"

namespace hark {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

const Table& Find(const std::vector<Table>& tables, std::string_view name) {
  for (const Table& table : tables) {
    if (table.name == name) return table;
  }
  ADD_FAILURE() << "no table " << name;
  return tables[0];
}

std::vector<std::string> Row(const Table& table, std::string_view name) {
  for (const std::vector<Cell>& row : table.rows) {
    if (row[0].shown != name) continue;
    std::vector<std::string> out;
    for (size_t i = 1; i < row.size(); ++i) out.push_back(row[i].plain);
    return out;
  }
  ADD_FAILURE() << "no row " << name;
  return {};
}

RunReport ReportNamed(std::string_view name) {
  for (const PaperRow& row : PaperRows()) {
    if (row.name == name) return AnalyseRun(*PaperRunBuilder::Build(row))->report;
  }
  ADD_FAILURE();
  return {};
}

class SideBySideTest : public ::testing::Test {
 protected:
  const RunReport na_ = AnalyseRun(*NaRunFixture::Build())->report;
  const RunReport uy_ = ReportNamed("UY-20180424");
  const std::vector<Table> tables_ = SideBySideTables({&uy_, &na_});
};

TEST_F(SideBySideTest, HasAColumnARunAsInTableFour) {
  const Table& table = Find(tables_, "measures_paper");
  EXPECT_EQ(table.columns[1].heading, "UY-20180424");
  EXPECT_THAT(Row(table, "listeners (IPs)"), ElementsAre("1878", "551"));
  EXPECT_THAT(Row(table, "crypto host/ports"), ElementsAre("4806", "820"));
  EXPECT_THAT(Row(table, "median cluster size"), ElementsAre("7.5", "4"));
  EXPECT_THAT(Row(table, "average cluster size"), ElementsAre("29.67", "4.4"));
  EXPECT_THAT(Row(table, "HARK, in clusters of crypto"), ElementsAre("53", "21"));
  EXPECT_THAT(Row(Find(tables_, "measures_hark"), "median cluster size"), ElementsAre("2", "2"));
}

TEST_F(SideBySideTest, HasARowARunAndATotalAsInTablesFiveAndSix) {
  const Table& sweep = Find(tables_, "runs_sweep");
  EXPECT_THAT(Row(sweep, "UY-20180424"), ElementsAre("2456088", "1878", "0.08"));
  EXPECT_THAT(Row(sweep, "NA-20180430"), ElementsAre("482835", "551", "0.11"));
  EXPECT_THAT(Row(sweep, "total"), ElementsAre("2938923", "2429", "0.08"));
  EXPECT_THAT(
      Row(Find(tables_, "runs_ports"), "NA-20180430"),
      ElementsAre("139", "183", "78", "105", "172", "78", "65", "681", "379", "172", "551"));
  EXPECT_THAT(Row(Find(tables_, "runs_ports"), "total").back(), "2429");
}

TEST_F(SideBySideTest, AddsVersionsUpAsInTablesNineAndTen) {
  const Table& tls = Find(tables_, "runs_tls_total");
  EXPECT_THAT(Row(tls, "UY-20180424"), ElementsAre("1", "771", "3", "3804", "4579"));
  EXPECT_THAT(Row(tls, "NA-20180430"), ElementsAre("5", "171", "0", "505", "681"));
  EXPECT_THAT(Row(tls, "total"), ElementsAre("6", "942", "3", "4309", "5260"));
  EXPECT_THAT(
      tls.notes,
      ElementsAre("of all: SSLv3 0.11 %, TLSv1.0 17.91 %, TLSv1.1 0.06 %, TLSv1.2 81.92 %"));
  EXPECT_THAT(Row(Find(tables_, "runs_ssh"), "total"), ElementsAre("10", "356", "366"));
  EXPECT_EQ(Find(tables_, "runs_tls").rows.size(), 12U);
}

TEST_F(SideBySideTest, GivesRowsAndTotalOfTableTwelve) {
  const Table& table = Find(tables_, "runs_multihomed");
  EXPECT_THAT(Row(table, "NA-20180430"),
              ElementsAre("3", "15", "1", "19", "63", "2", "6", "9", "30", "30"));
  EXPECT_THAT(Row(table, "total"),
              ElementsAre("11", "46", "4", "57", "27", "25", "11", "128", "60", "210"));
}

TEST_F(SideBySideTest, PutsEveryOtherTableBelowOneAnother) {
  const Table& outcomes = Find(tables_, "outcomes");
  EXPECT_EQ(outcomes.columns[0].heading, "run");
  EXPECT_EQ(outcomes.columns[1].heading, "outcome");
  for (const Table& table : tables_) {
    for (const std::vector<Cell>& row : table.rows) {
      EXPECT_EQ(row.size(), table.columns.size()) << table.name;
    }
  }
}

// All twelve, as the paper's page has them.
TEST(TwelveRunsTest, AddUpToThePapersTotals) {
  std::vector<RunReport> reports;
  for (const PaperRow& row : PaperRows()) {
    reports.push_back(AnalyseRun(*PaperRunBuilder::Build(row))->report);
  }
  std::vector<const RunReport*> all, of_2018;
  for (const RunReport& report : reports) {
    all.push_back(&report);
    if (report.run.find("-2018") != std::string::npos) of_2018.push_back(&report);
  }
  EXPECT_THAT(
      Row(Find(SideBySideTables(all), "runs_multihomed"), "total"),
      ElementsAre("772", "1006", "1117", "2365", "21", "3240", "29", "5485", "49", "11090"));
  const std::vector<Table> tables = SideBySideTables(of_2018);
  EXPECT_THAT(Row(Find(tables, "runs_sweep"), "total"), ElementsAre("56572749", "215342", "0.38"));
  EXPECT_THAT(Row(Find(tables, "runs_ports"), "total"),
              ElementsAre("60011", "71676", "75520", "77963", "77624", "73297", "81698", "457778",
                          "138281", "77043", "215324"));
  EXPECT_THAT(Row(Find(tables, "runs_ssh"), "total"), ElementsAre("403", "59608", "60011"));
}

}  // namespace
}  // namespace hark

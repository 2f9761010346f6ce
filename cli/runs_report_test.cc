#include "cli/runs_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "analysis/na_run_fixture.h"
#include "base/strings.h"
#include "cli/report_latex.h"

namespace hark {
namespace {

using ::testing::HasSubstr;

size_t Count(const std::string& text, std::string_view what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + what.size())) ++n;
  return n;
}

std::vector<RunReport> TwoRuns() {
  RunReport na = AnalyseRun(*NaRunFixture::Build())->report;
  RunReport second = na;
  second.run = "NA_2026 & more";
  second.errors = {"does not add up"};
  return {na, second};
}

TEST(LatexTest, LetsEveryCharacterThatTexReadsStandForItself) {
  EXPECT_EQ(Latex("\\input{x}"), "\\textbackslash{}input\\{x\\}");
  EXPECT_EQ(Latex("50 % of $1 & #2_a"), "50 \\% of \\$1 \\& \\#2\\_a");
  EXPECT_EQ(Latex("~^<>|\"`"),
            "\\textasciitilde{}\\textasciicircum{}\\textless{}\\textgreater{}\\textbar{}"
            "\\textquotedbl{}\\textasciigrave{}");
  EXPECT_EQ(Latex("a--b---c"), "a-{}-b-{}-{}-c");
  EXPECT_EQ(Latex("d8d7d707… Σn² é"), "d8d7d707\\ldots{} $\\Sigma$n$^2$ é");
  EXPECT_EQ(Latex("a\r\nb\x01\x7f"), "a  b  ");
}

TEST(LatexTest, HasInEveryTableAsManyCellsAsColumns) {
  Table table{"t_1", "100 % & more", {{"a_b", false}, {"n"}}, {}, true, {"note #1"}};
  table.rows = {{TextCell("  [part]"), CountCell(1234)}, {TextCell("total"), CountCell(1234)}};
  EXPECT_EQ(TableAsLatex(table),
            "\\begin{table}[htbp]\n\\centering\n\\caption{100 \\% \\& more}\n\\label{hark:t_1}\n"
            "\\begin{tabular}{lr}\n\\hline\n{}a\\_b & n \\\\\n\\hline\n"
            "{}\\quad [part] & 1,234 \\\\\n\\hline\n{}total & 1,234 \\\\\n\\hline\n"
            "\\end{tabular}\n\\par{\\footnotesize note \\#1}\n\\end{table}\n");
}

TEST(LatexTest, GivesEveryTableOfAReport) {
  const RunReport na = AnalyseRun(*NaRunFixture::Build())->report;
  const std::vector<Table> tables = ReportTables(na);
  const std::string latex = ReportAsLatex("run\nNA", tables, {});
  EXPECT_EQ(Count(latex, "\\begin{table}"), tables.size());
  EXPECT_EQ(Count(latex, "\\end{table}"), tables.size());
  EXPECT_THAT(latex, HasSubstr("% hark report: run NA\n"));
  EXPECT_THAT(latex, HasSubstr("\\label{hark:multihomed}"));
}

TEST(RunNamesTest, TakesListsApartAndNoNameTwice) {
  EXPECT_EQ(*RunNames("A,B"), (std::vector<std::string>{"A", "B"}));
  EXPECT_EQ(*RunNames(""), std::vector<std::string>{""});
  EXPECT_FALSE(RunNames("A,,B").ok());
  EXPECT_FALSE(RunNames("A,").ok());
  EXPECT_FALSE(RunNames("A,B,A").ok());
}

TEST(RunsReportTest, ShowsRunsBesideOneAnotherInEveryFormat) {
  const std::vector<RunReport> runs = TwoRuns();
  const std::string text = RunsReport(runs, "text", false);
  EXPECT_THAT(text, HasSubstr("2 runs: NA-20180430, NA_2026 & more"));
  EXPECT_THAT(text, HasSubstr("error: NA_2026 & more: does not add up"));
  EXPECT_THAT(text, ::testing::Not(HasSubstr("\x1b")));
  EXPECT_THAT(RunsReport(runs, "markdown", false), HasSubstr("|---|---:|---:|"));
  EXPECT_THAT(RunsReport(runs, "latex", false), HasSubstr("NA\\_2026 \\& more"));
  EXPECT_THAT(RunsReport(runs, "html", false), HasSubstr("NA_2026 &amp; more"));
  const std::string csv = RunsReport(runs, "csv", false);
  EXPECT_THAT(csv, HasSubstr("\nNA-20180430,measures,some crypto,paper's definition,379\n"));
  const auto json = nlohmann::json::parse(RunsReport(runs, "json", false));
  EXPECT_EQ(json["runs"][1]["run"], "NA_2026 & more");
  EXPECT_EQ(json["runs"][0]["crypto"], 379);
  EXPECT_EQ(json["tables"][0]["name"], "measures_paper");
  EXPECT_EQ(json["tables"][0]["rows"][0].size(), 3U);
}

TEST(RunsReportTest, GivesACsvOfFiveFieldsALine) {
  const std::string csv = RunsReport(TwoRuns(), "csv", false);
  for (const std::string_view line : Split(csv, '\n')) {
    if (line.empty() || line.find('"') != line.npos) continue;
    EXPECT_EQ(std::count(line.begin(), line.end(), ','), 4) << line;
  }
}

}  // namespace
}  // namespace hark

#include "cli/html.h"

#include <gtest/gtest.h>

#include "analysis/na_run_fixture.h"
#include "base/markup.h"
#include "cli/report_html.h"
#include "cli/report_plots.h"

namespace hark {
namespace {

size_t Count(const std::string& text, const std::string& piece) {
  size_t n = 0;
  for (size_t at = 0; (at = text.find(piece, at)) != text.npos; at += piece.size()) ++n;
  return n;
}

TEST(HtmlTest, EscapesWhatHtmlWouldRead) {
  EXPECT_EQ(EscapeMarkup("<a href=\"x\">'&'</a>"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
}

TEST(ReportHtmlTest, IsOnePageWithoutNetworkOrScript) {
  const std::string page = ReportAsHtml(*AnalyseRun(*NaRunFixture::Build()));
  EXPECT_EQ(Count(page, "<svg"), 5U);
  EXPECT_EQ(Count(page, "<svg"), Count(page, "</svg>"));
  EXPECT_EQ(Count(page, "<table>"), 11U);
  EXPECT_EQ(Count(page, "http:"), 0U);
  EXPECT_EQ(Count(page, "https:"), 0U);
  EXPECT_EQ(Count(page, "<script"), 0U);
  EXPECT_EQ(Count(page, "url("), 0U);
  EXPECT_NE(page.find("<b>21.11 %</b>"), page.npos);
  EXPECT_NE(page.find("prefers-color-scheme: dark"), page.npos);
}

TEST(ReportHtmlTest, ShowsNoByteOfAHostileRunNameAsMarkup) {
  RunAnalysis analysis = *AnalyseRun(*NaRunFixture::Build());
  analysis.report.run = "<script>\x01";
  const std::string page = ReportAsHtml(analysis);
  EXPECT_EQ(Count(page, "<script"), 0U);
  EXPECT_NE(page.find("<h1>&lt;script&gt;\\x01</h1>"), page.npos);
}

TEST(ReportHtmlTest, SaysWhatDoesNotAddUp) {
  RunAnalysis analysis = *AnalyseRun(*NaRunFixture::Build());
  analysis.report.errors = {"the ledger counts 1 of 2 <targets>"};
  EXPECT_NE(ReportAsHtml(analysis).find("the ledger counts 1 of 2 &lt;targets&gt;</p>"),
            std::string::npos);
}

TEST(ReportPlotsTest, DrawACircleAndASquareForEverySize) {
  const std::string plot = ClusterSizePlot(MeasureSizes({{2, 18}, {3, 9}, {1991, 1}}));
  EXPECT_EQ(Count(plot, "<circle"), 3U);
  EXPECT_EQ(Count(plot, "1 cluster of 1991, 1991 hosts"), 2U);
  EXPECT_EQ(Count(plot, "nan"), 0U);
}

TEST(ReportPlotsTest, DrawAnEmptyRun) {
  const RunReport empty;
  for (const std::string& plot : {ClusterSizePlot(empty.sizes), PortsPlot(empty),
                                  TlsVersionsPlot(empty), CoveragePlot(empty)}) {
    EXPECT_EQ(Count(plot, "<svg"), 1U);
    EXPECT_EQ(Count(plot, "nan"), 0U);
    EXPECT_EQ(Count(plot, "inf"), 0U);
  }
}

}  // namespace
}  // namespace hark

// The paper's result tables, run by run, out of synthetic stores. Cells that contradict another
// table of the paper are no oracle and are left out: the host/ports and their percentages of
// EE-2018 and SG, the keys of SG, and the versions on port 25 of New Zealand.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "analysis/paper_run_builder.h"
#include "analysis/report.h"

namespace hark {

namespace {

// Each run is built and analysed once for all tests.
const RunReport& ReportOf(const PaperRow& row) {
  static auto* const kReports = new std::map<std::string_view, RunReport>;
  const auto at = kReports->find(row.name);
  if (at != kReports->end()) return at->second;
  Result<RunAnalysis> analysis = AnalyseRun(*PaperRunBuilder::Build(row));
  EXPECT_TRUE(analysis.ok()) << analysis.status().message();
  return (*kReports)[row.name] = std::move(analysis->report);
}

std::vector<PaperRow> RowsOf2018() {
  std::vector<PaperRow> out;
  for (const PaperRow& row : PaperRows()) {
    if (row.name.substr(3, 4) == "2018") out.push_back(row);
  }
  return out;
}

std::string NameOf(const ::testing::TestParamInfo<PaperRow>& row) {
  std::string name(row.param.name);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

class PaperTest : public ::testing::TestWithParam<PaperRow> {
 protected:
  const PaperRow& row_ = GetParam();
  const RunReport& report_ = ReportOf(GetParam());
};

// The tables of the sweep, ports and versions begin in 2018.
class Paper2018Test : public PaperTest {};

TEST_P(PaperTest, GivesItsColumnOfTableThreeOrFour) {
  EXPECT_EQ(report_.listeners, row_.records);
  EXPECT_EQ(report_.out_of_country, row_.abroad);
  EXPECT_EQ(report_.in_country, row_.records - row_.abroad);
  EXPECT_EQ(report_.no_crypto, row_.no_crypto);
  EXPECT_EQ(report_.crypto, row_.crypto);
  EXPECT_EQ(report_.crypto_share().percent_truncated(), row_.crypto_pct);
  if (row_.host_ports > 0) {
    EXPECT_EQ(report_.host_ports, row_.host_ports);
  }
  if (row_.keys > 0) {
    EXPECT_EQ(report_.unique_keys, row_.keys);
  }
  if (row_.keys_pct > 0) {
    EXPECT_EQ(report_.keys_share().percent_truncated(), row_.keys_pct);
  }
  EXPECT_EQ(report_.local_only, row_.local);
  EXPECT_EQ(report_.clustered, row_.crypto - row_.local);
  EXPECT_EQ(report_.hark().percent_truncated(), row_.hark);
  EXPECT_THAT(report_.errors, ::testing::IsEmpty());
}

TEST_P(PaperTest, GivesItsClusterSizesOfTableThreeOrFour) {
  for (const PaperRun& run : kPaperRuns) {
    if (run.name != row_.name) continue;
    EXPECT_EQ(report_.clustered, run.clustered);
    EXPECT_EQ(report_.sizes.clusters, run.clusters);
    EXPECT_EQ(report_.sizes.largest, run.max);
    EXPECT_EQ(report_.sizes.paper_median, run.median);
    EXPECT_EQ(report_.sizes.paper_average, run.average);
    EXPECT_EQ(report_.sizes.median, 2);
  }
}

TEST_P(Paper2018Test, GivesItsRowOfTableFive) {
  const Ledger& plan = report_.coverage.plan;
  EXPECT_EQ(plan.probed(), row_.probed);
  EXPECT_EQ(plan.answered, row_.responders);
  EXPECT_TRUE(report_.coverage.sums_to_plan);
}

TEST_P(Paper2018Test, GivesItsRowOfTableSix) {
  uint64_t tls = 0;
  for (size_t p = 0; p < 7; ++p) {
    EXPECT_EQ(report_.ports.at(kPaperPorts[p]).host_ports, row_.ports[p]) << kPaperPorts[p];
    tls += p == 0 ? 0 : row_.ports[p];
  }
  EXPECT_EQ(report_.host_ports - report_.ports.at(22).host_ports, tls);
  EXPECT_EQ(report_.no_crypto + report_.out_of_country, row_.records - row_.crypto);
}

TEST_P(Paper2018Test, GivesItsVersionsOfTablesSevenToTen) {
  const char* const kVersions[] = {"SSLv3", "TLSv1.0", "TLSv1.1", "TLSv1.2"};
  for (size_t p = 1; p < 7; ++p) {
    if (row_.name.substr(0, 2) == "NZ" && kPaperPorts[p] == 25) continue;
    std::map<std::string, uint64_t> want;
    for (size_t v = 0; v < 4; ++v) {
      if (row_.tls[p - 1][v] > 0) want[kVersions[v]] = row_.tls[p - 1][v];
    }
    EXPECT_EQ(report_.ports.at(kPaperPorts[p]).tls_versions, want) << kPaperPorts[p];
  }
  EXPECT_EQ(report_.ssh_versions.at("1.99"), row_.ssh[0]);
  EXPECT_EQ(report_.ssh_versions.at("2.0"), row_.ssh[1]);
}

TEST_P(PaperTest, GivesItsRowOfTableTwelve) {
  const MultihomedCounts& got = report_.multihomed;
  EXPECT_EQ(got.mixed, row_.mixed);
  EXPECT_EQ(got.several_as, row_.several_as);
  EXPECT_EQ(got.multikey, row_.multikey);
  EXPECT_EQ(got.not_multihomed, row_.not_multihomed);
  EXPECT_EQ(got.possible, row_.possible);
  EXPECT_EQ(got.no_info, row_.no_info);
}

TEST_P(PaperTest, KeepsTheBoundsOfTableTwelve) {
  const MultihomedCounts& got = report_.multihomed;
  EXPECT_EQ(got.not_multihomed + got.possible + got.no_info, report_.sizes.clusters);
  EXPECT_GE(got.not_multihomed, std::max({got.mixed, got.several_as, got.multikey}));
  EXPECT_LE(got.not_multihomed, got.mixed + got.several_as + got.multikey);
}

INSTANTIATE_TEST_SUITE_P(Run, PaperTest, ::testing::ValuesIn(PaperRows()), NameOf);
INSTANTIATE_TEST_SUITE_P(Run, Paper2018Test, ::testing::ValuesIn(RowsOf2018()), NameOf);

}  // namespace
}  // namespace hark

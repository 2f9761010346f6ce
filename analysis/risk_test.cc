#include "analysis/risk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/fake_run_reader.h"
#include "analysis/na_run_fixture.h"
#include "analysis/report.h"
#include "analysis/risk_tables.h"

namespace hark {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

Address Host(uint32_t n) {
  return Address::V4(0x0a000000 + n);
}

RunReport Report(const RunReader& reader) {
  Result<RunAnalysis> analysis = AnalyseRun(reader);
  EXPECT_TRUE(analysis.ok()) << analysis.status().message();
  return analysis.ok() ? analysis->report : RunReport();
}

TEST(ConcentrationTest, EqualThingsAreNotConcentrated) {
  const Concentration equal = MeasureConcentration({{3, 7}});
  EXPECT_EQ(equal.things, 7U);
  EXPECT_EQ(equal.sum, 21U);
  EXPECT_DOUBLE_EQ(equal.gini, 0);
  EXPECT_DOUBLE_EQ(equal.top_percent_share, 1.0 / 7);
  EXPECT_THAT(equal.lorenz, ElementsAre(Pair(0, 0), Pair(1, 1)));
}

TEST(ConcentrationTest, GiniIsTheMeanDifferenceOverTwiceTheMean) {
  const std::vector<double> sizes = {1, 1, 1, 2, 2, 7, 30};
  double differences = 0, sum = 0;
  for (const double a : sizes) {
    sum += a;
    for (const double b : sizes) differences += std::abs(a - b);
  }
  const double expected = differences / (2 * static_cast<double>(sizes.size()) * sum);
  EXPECT_NEAR(MeasureConcentration({{1, 3}, {2, 2}, {7, 1}, {30, 1}}).gini, expected, 1e-12);
}

TEST(ConcentrationTest, TheLargestOneInAHundredIsRoundedUp) {
  EXPECT_DOUBLE_EQ(MeasureConcentration({{1, 100}, {50, 1}}).top_percent_share, 51.0 / 150);
  EXPECT_DOUBLE_EQ(MeasureConcentration({{1, 99}, {50, 1}}).top_percent_share, 50.0 / 149);
}

TEST(ConcentrationTest, NothingHasNoConcentration) {
  const Concentration none = MeasureConcentration({});
  EXPECT_EQ(none.gini, 0);
  EXPECT_EQ(none.things, 0U);
  EXPECT_EQ(SizeQuantile({}, 0.5), 0U);
}

TEST(ConcentrationTest, AQuantileIsASizeThatOccurs) {
  const std::map<uint64_t, uint64_t> sizes = {{2, 5}, {3, 4}, {40, 1}};
  EXPECT_EQ(SizeQuantile(sizes, 0.25), 2U);
  EXPECT_EQ(SizeQuantile(sizes, 0.5), 2U);
  EXPECT_EQ(SizeQuantile(sizes, 0.51), 3U);
  EXPECT_EQ(SizeQuantile(sizes, 0.9), 3U);
  EXPECT_EQ(SizeQuantile(sizes, 0.91), 40U);
  EXPECT_EQ(SizeQuantile(sizes, 1), 40U);
}

// Three hosts with one key, two more with another; a key on two ports of one host; a lone host.
class RiskTest : public ::testing::Test {
 protected:
  RiskTest() {
    for (uint32_t n = 1; n <= 6; ++n) reader_.AddHost(Host(n));
    for (const uint32_t n : {1, 2, 3}) reader_.AddPort(Host(n), 443, {"three"});
    for (const uint32_t n : {4, 5}) reader_.AddPort(Host(n), 22, {"two"});
    reader_.AddPort(Host(3), 22, {"own"});
    reader_.AddPort(Host(6), 443, {"alone"});
    reader_.AddPort(Host(6), 993, {"alone"});
  }

  FakeRunReader reader_;
};

TEST_F(RiskTest, SumsTheSquaresOfClustersAndOfKeys) {
  const RiskReport risk = Report(reader_).reuse.risk;
  EXPECT_EQ(risk.cluster_squares, 9U + 4U);
  EXPECT_EQ(risk.key_squares, 9U + 4U + 1U + 1U);
  EXPECT_DOUBLE_EQ(risk.cluster_risk(), 13.0 / 6);
  EXPECT_DOUBLE_EQ(risk.key_risk(), 15.0 / 6);
  EXPECT_DOUBLE_EQ(risk.hosts_lost_with_one(), 14.0 / 6);
  EXPECT_THAT(risk.keys_of_hosts, ElementsAre(Pair(1, 2), Pair(2, 1), Pair(3, 1)));
  EXPECT_EQ(risk.groups.things, 3U);
  EXPECT_EQ(risk.groups.sum, 6U);
}

TEST_F(RiskTest, CountsHostsByThePortsAndProtocolsOfTheirSharedKeys) {
  const RiskReport risk = Report(reader_).reuse.risk;
  EXPECT_EQ(risk.by_port.at(443).hosts, 4U);
  EXPECT_EQ(risk.by_port.at(443).reusing, 3U);
  EXPECT_EQ(risk.by_port.at(22).hosts, 3U);
  EXPECT_EQ(risk.by_port.at(22).reusing, 2U);
  EXPECT_EQ(risk.by_port.at(993).reusing, 0U);
  EXPECT_EQ(risk.ssh.hosts, 3U);
  EXPECT_EQ(risk.tls.hosts, 4U);
  EXPECT_EQ(risk.tls.reusing, 3U);
}

TEST_F(RiskTest, AKeyOnOneHostsSshAndAnothersTlsIsReUsedOnBoth) {
  reader_.AddPort(Host(6), 22, {"three"});
  const RiskReport risk = Report(reader_).reuse.risk;
  EXPECT_EQ(risk.by_port.at(22).reusing, 3U);
  EXPECT_EQ(risk.by_port.at(443).reusing, 3U);
}

TEST_F(RiskTest, PossiblyMultihomedClustersAreLeftOutOrCountOnce) {
  const RiskReport risk = Report(reader_).reuse.risk;  // {4, 5}: one AS, the same SSH key on both
  EXPECT_EQ(risk.without_possible.hosts, 4U);
  EXPECT_EQ(risk.without_possible.reusing, 3U);
  EXPECT_EQ(risk.possible_as_one.hosts, 5U);
  EXPECT_EQ(risk.possible_as_one.reusing, 3U);
}

TEST_F(RiskTest, WithoutReUseEveryHostLosesItselfOnly) {
  FakeRunReader reader;
  for (uint32_t n = 1; n <= 3; ++n) {
    reader.AddHost(Host(n));
    reader.AddPort(Host(n), 443, {std::string(1, static_cast<char>('a' + n))});
  }
  const RiskReport risk = Report(reader).reuse.risk;
  EXPECT_EQ(risk.cluster_risk(), 0);
  EXPECT_EQ(risk.key_risk(), 1);
  EXPECT_EQ(risk.hosts_lost_with_one(), 1);
  EXPECT_EQ(risk.groups.gini, 0);
}

TEST(NamibiaRiskTest, GivesTheRisksOfThePapersRun) {
  const RunReport report = Report(*NaRunFixture::Build());
  // 18 clusters of 2, 9 of 3, one each of 4, 5 and 8 (the paper's sizes).
  EXPECT_EQ(report.reuse.risk.cluster_squares, 18U * 4 + 9 * 9 + 16 + 25 + 64);
  EXPECT_EQ(report.reuse.risk.groups.things, 30U + 299U);
  EXPECT_EQ(report.reuse.risk.without_possible.hosts, 379U - 5);
  EXPECT_EQ(report.reuse.risk.without_possible.reusing, 80U - 5);
  EXPECT_EQ(report.reuse.risk.possible_as_one.hosts, 379U - 3);
  EXPECT_EQ(report.reuse.risk.by_port.at(22).hosts, 139U);
  EXPECT_EQ(HarkTable(report).rows.size(), 5U + 7U);
  EXPECT_EQ(RiskTable(report).rows[0][1].plain, "258");
  EXPECT_EQ(QuantilesTable(report).rows[1][1].plain, "2");
}

}  // namespace
}  // namespace hark

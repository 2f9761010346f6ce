#include "analysis/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analysis/na_run_fixture.h"

namespace hark {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

RunReport Report(const RunReader& reader) {
  Result<RunAnalysis> analysis = AnalyseRun(reader);
  EXPECT_TRUE(analysis.ok()) << analysis.status().message();
  return analysis.ok() ? analysis->report : RunReport();
}

class NamibiaTest : public ::testing::Test {
 protected:
  const RunReport report_ = Report(*NaRunFixture::Build());
};

TEST_F(NamibiaTest, GivesThePapersRowOfTableFour) {
  EXPECT_EQ(report_.listeners, 551U);
  EXPECT_EQ(report_.out_of_country, 0U);
  EXPECT_EQ(report_.in_country, 551U);
  EXPECT_EQ(report_.country_unknown, 0U);
  EXPECT_EQ(report_.no_crypto, 172U);
  EXPECT_EQ(report_.crypto, 379U);
  EXPECT_EQ(report_.crypto_share().percent_truncated(), 68U);
  EXPECT_EQ(report_.host_ports, 820U);
  EXPECT_EQ(report_.unique_keys, 504U);
  EXPECT_EQ(report_.keys_share().percent_truncated(), 61U);
  EXPECT_EQ(report_.local_only, 299U);
  EXPECT_EQ(report_.clustered, 80U);
  EXPECT_EQ(report_.hark().percent_truncated(), 21U);
  EXPECT_DOUBLE_EQ(report_.hark().ratio(), 80.0 / 379.0);
  EXPECT_EQ(report_.sizes.clusters, 30U);
  EXPECT_EQ(report_.sizes.largest, 8U);
  EXPECT_EQ(report_.sizes.paper_median, 4);
  EXPECT_EQ(report_.sizes.paper_average, 4.4);
  EXPECT_EQ(report_.sizes.median, 2);
}

TEST_F(NamibiaTest, GivesThePapersRowOfTableSix) {
  std::vector<uint64_t> counts;
  for (const auto& [port, seen] : report_.ports) counts.push_back(seen.host_ports);
  EXPECT_THAT(counts, ElementsAre(139, 183, 78, 105, 172, 78, 65));
}

TEST_F(NamibiaTest, GivesThePapersTlsAndSshVersions) {
  EXPECT_THAT(report_.ports.at(143).tls_versions,
              ElementsAre(Pair("SSLv3", 2), Pair("TLSv1.0", 19), Pair("TLSv1.2", 84)));
  EXPECT_THAT(report_.ports.at(22).tls_versions, IsEmpty());
  EXPECT_THAT(report_.ssh_versions, ElementsAre(Pair("1.99", 6), Pair("2.0", 133)));
}

TEST_F(NamibiaTest, GivesThePapersRowOfTableTwelve) {
  const MultihomedCounts& row = report_.multihomed;
  EXPECT_EQ(row.mixed, 3U);
  EXPECT_EQ(row.several_as, 15U);
  EXPECT_EQ(row.multikey, 1U);
  EXPECT_EQ(row.not_multihomed, 19U);
  EXPECT_EQ(row.possible, 2U);
  EXPECT_EQ(row.no_info, 9U);
}

TEST_F(NamibiaTest, NamesTheMostReusedKeyAndAddsUp) {
  EXPECT_EQ(report_.most_reused.key, KeyNamed("K1"));
  EXPECT_EQ(report_.most_reused.host_ports, 11U);
  EXPECT_EQ(report_.most_reused.hosts, 8U);
  EXPECT_EQ(report_.coverage.plan.probed(), 482835U);
  EXPECT_TRUE(report_.coverage.sums_to_plan);
  EXPECT_THAT(report_.errors, IsEmpty());
}

// A small run without a gate.
class ReportTest : public ::testing::Test {
 protected:
  ReportTest() {
    reader_.mutable_run().set_planned(10);
    reader_.mutable_run().set_state(proto::RunRow::DONE);
    for (const uint32_t port : {22, 443}) reader_.mutable_run().add_ports(port);
  }

  static Address Host(uint32_t n) { return Address::V4(0x0a000000 + n); }

  FakeRunReader reader_;
};

TEST_F(ReportTest, CountsHostsAbroadOnlyAsSuchAndInOutcomes) {
  reader_.mutable_run().set_gate_port(25);
  reader_.AddHost(Host(1));
  reader_.AddHost(Host(2), 0, proto::HostRow::UNKNOWN);
  reader_.AddHost(Host(3), 1, proto::HostRow::OUT);
  reader_.AddPort(Host(1), 443, {"a"}).mutable_observation()->mutable_tls()->set_version(0x0304);
  reader_.AddPort(Host(2), 443, {}, Outcome::kTlsAlert, Stage::kHello);
  reader_.AddPort(Host(3), 443, {"a"}).mutable_observation()->mutable_tls()->set_version(0x0303);
  const RunReport report = Report(reader_);
  EXPECT_EQ(report.listeners, 3U);
  EXPECT_EQ(report.out_of_country, 1U);
  EXPECT_EQ(report.country_unknown, 1U);
  EXPECT_EQ(report.in_country, 2U);
  EXPECT_EQ(report.known_in_country(), 1U);
  EXPECT_EQ(report.crypto, 1U);
  EXPECT_EQ(report.no_crypto, 1U);
  EXPECT_EQ(report.clustered, 0U);
  EXPECT_THAT(report.ports.at(443).tls_versions, ElementsAre(Pair("TLSv1.3", 1)));
  EXPECT_THAT(report.ports.at(443).outcomes,
              ElementsAre(Pair(Outcome::kOk, 2), Pair(Outcome::kTlsAlert, 1)));
}

TEST_F(ReportTest, CallsOnlyHostsThatAnsweredListenersWhenThereIsNoGate) {
  for (uint32_t host = 1; host <= 3; ++host) reader_.AddHost(Host(host));
  reader_.AddPort(Host(1), 22, {}, Outcome::kRefused, Stage::kConnect);
  reader_.AddPort(Host(2), 22, {}, Outcome::kClosed, Stage::kGreeting);
  reader_.AddPort(Host(3), 22, {"k1", "k2"});
  const RunReport report = Report(reader_);
  EXPECT_EQ(report.listeners, 2U);
  EXPECT_EQ(report.no_crypto, 1U);
  EXPECT_EQ(report.host_ports, 1U);
  EXPECT_EQ(report.unique_keys, 2U);
}

TEST_F(ReportTest, DoesNotTrustWhatStrangersCallTheirVersion) {
  const char* const lines[] = {"SSH-2.0-x",       "SSH-1.99-x", "SSH-<b>-x",
                               "SSH-2.0000000-x", "hello",      "SSH-2.0"};
  uint32_t host = 0;
  for (const char* line : lines) {
    reader_.AddHost(Host(++host));
    reader_.AddPort(Host(host), 22, {StrCat("k", host)})
        .mutable_observation()
        ->mutable_ssh()
        ->set_identification(line);
  }
  EXPECT_THAT(Report(reader_).ssh_versions,
              ElementsAre(Pair("1.99", 1), Pair("2.0", 1), Pair("other", 4)));
}

// A store whose key index lost its entries.
class ReaderWithoutIndex final : public FakeRunReader {
 public:
  Status ForEachKeyUse(const std::function<Status(const KeyUse&)>&) const override {
    return Status::Ok();
  }
};

TEST(IntegrityTest, SaysWhenTheKeyIndexAndTheObservationsDisagree) {
  ReaderWithoutIndex reader;
  reader.AddHost(Address::V4(1));
  reader.AddPort(Address::V4(1), 443, {"a", "b"});
  EXPECT_THAT(Report(reader).errors,
              ElementsAre("the key index holds 0 uses of keys, the observations 2"));
}

TEST_F(ReportTest, IsAllZeroForAnEmptyRun) {
  const RunReport report = Report(reader_);
  EXPECT_EQ(report.listeners, 0U);
  EXPECT_EQ(report.hark().percent_truncated(), 0U);
  EXPECT_EQ(report.hark().ratio(), 0);
  EXPECT_EQ(report.most_reused.hosts, 0U);
  EXPECT_EQ(report.ports.size(), 2U);
}

TEST_F(ReportTest, TakesNoThrottledSshdForAHostWithoutSsh) {
  for (const uint32_t host : {1, 2, 3}) {
    reader_.AddHost(Address::V4(host));
    reader_.AddPort(Address::V4(host), 443, {"web"});
  }
  reader_.AddPort(Address::V4(1), 22, {"ssh"});
  reader_.AddPort(Address::V4(2), 22, {"ssh"});
  reader_.AddPort(Address::V4(3), 22, {}, Outcome::kThrottled, Stage::kGreeting);
  EXPECT_EQ(Report(reader_).multihomed.mixed, 0U);
  EXPECT_EQ(Report(reader_).multihomed.possible, 1U);
  reader_.AddPort(Address::V4(3), 22, {}, Outcome::kRefused, Stage::kConnect);
  EXPECT_EQ(Report(reader_).multihomed.mixed, 1U);
}

TEST(MultihomedTest, TakesAnSshdWithSeveralKeysForOneMachine) {
  Cluster cluster;
  cluster.members = {0, 1};
  cluster.asns = {1};
  cluster.ssh_hosts = 2;
  cluster.ssh_keys = 3;
  cluster.most_keys_of_sshd = 3;  // RSA, ECDSA and Ed25519 on both, or on one and some on the other
  EXPECT_EQ(ClassifyMultihomed(cluster), MultihomedClass::kPossible);
  cluster.ssh_keys = 4;  // one of them has a key of its own
  EXPECT_EQ(ClassifyMultihomed(cluster), MultihomedClass::kNot);
  EXPECT_TRUE(SignsAgainstMultihomed(cluster).multikey);
}

}  // namespace
}  // namespace hark

#include "analysis/key_reuse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "analysis/na_run_fixture.h"
#include "analysis/paper_clusters_fixture.h"

namespace hark {
namespace {

class KeyReuseTest : public ::testing::Test {
 protected:
  void Show(uint32_t host, uint16_t port, const std::vector<std::string>& keys) {
    if (hosts_.insert(host).second) reader_.AddHost(Address::V4(host));
    reader_.AddPort(Address::V4(host), port, keys);
  }

  static SshReuse Reuse(const RunReader& reader) {
    const HostTable hosts = *HostTable::Read(reader);
    return MeasureKeyReuse(reader, hosts, *FindClusters(reader, hosts))->ssh;
  }
  static TwoHostClusters TwoHost(const RunReader& reader) {
    const HostTable hosts = *HostTable::Read(reader);
    return MeasureKeyReuse(reader, hosts, *FindClusters(reader, hosts))->two_host;
  }

  FakeRunReader reader_;

 private:
  std::set<uint32_t> hosts_;
};

TEST_F(KeyReuseTest, GivesNamibiasMostReusedSshKeyAndNoPureCluster) {
  const SshReuse got = Reuse(*NaRunFixture::Build());
  EXPECT_EQ(got.most.key.host_ports, 3U);
  EXPECT_EQ(got.most.key.key, KeyNamed("possible a ssh"));
  EXPECT_EQ(got.pure.cluster, "");
  EXPECT_EQ(got.pure_clusters, 0U);
}

TEST_F(KeyReuseTest, TakesTheMostFrequentKeyOfAClusterNotTheLastOne) {
  // Two keys in one cluster, each in turn the more frequent one: whichever sorts last.
  for (const bool swap : {false, true}) {
    FakeRunReader reader;
    for (uint32_t host = 1; host <= 5; ++host) {
      reader.AddHost(Address::V4(host));
      reader.AddPort(Address::V4(host), 443, {"web"});
      reader.AddPort(Address::V4(host), 22, {(host <= 3) != swap ? "a" : "b"});
    }
    EXPECT_EQ(Reuse(reader).most.key.key, KeyNamed(swap ? "b" : "a"));
    EXPECT_EQ(Reuse(reader).most.key.host_ports, 3U);
    EXPECT_EQ(Reuse(reader).most.cluster_hosts, 5U);
  }
}

TEST_F(KeyReuseTest, CallsNoClusterPureThatHasATlsKeyOnAnyPort) {
  for (const uint32_t host : {1, 2, 3, 4}) Show(host, 22, {"with mail"});
  Show(4, 25, {"mail"});  // the reference overlooked port 25
  for (const uint32_t host : {5, 6, 7}) Show(host, 22, {"pure"});
  const SshReuse got = Reuse(reader_);
  EXPECT_EQ(got.most.key.key, KeyNamed("with mail"));
  EXPECT_EQ(got.pure.key.key, KeyNamed("pure"));
  EXPECT_EQ(got.pure.key.host_ports, 3U);
  EXPECT_EQ(got.pure.cluster_hosts, 3U);
  EXPECT_EQ(got.pure_clusters, 1U);
}

TEST_F(KeyReuseTest, CountsNoUseOfASshKeyOutsideSsh) {
  for (const uint32_t host : {1, 2}) Show(host, 22, {"k"});
  for (const uint16_t port : {443, 993}) Show(1, port, {"k"});
  EXPECT_EQ(Reuse(reader_).most.key.host_ports, 2U);
  EXPECT_EQ(Reuse(reader_).pure_clusters, 0U);
}

TEST_F(KeyReuseTest, FindsThePureClusterOfTableSixteen) {
  PaperClusterBuilder builder(reader_);
  for (const PaperCluster& row : TableXvi()) builder.Add(row);
  const SshReuse got = Reuse(reader_);
  EXPECT_EQ(got.most.key.host_ports, 48U);  // cluster 199
  EXPECT_EQ(got.most.cluster_hosts, 48U);
  EXPECT_EQ(got.pure.key.host_ports, 25U);  // cluster 103
  EXPECT_EQ(got.pure_clusters, 3U);         // and 76 and 648
}

// The Irish run's combinations that the text names, and one of each kind.
TEST_F(KeyReuseTest, BreaksTwoHostClustersDownByPortPairs) {
  uint32_t host = 0, key = 0;
  const auto pair = [&](const std::vector<uint16_t>& ports, bool key_a_port) {
    const uint32_t one = ++host, other = ++host;
    const std::string base = StrCat("k", ++key);
    for (const uint16_t port : ports) {
      const std::string name = key_a_port ? StrCat(base, " ", port) : base;
      Show(one, port, {name});
      Show(other, port, {name});
    }
  };
  for (int i = 0; i < 150; ++i) pair({25}, false);
  for (int i = 0; i < 143; ++i) pair({443}, false);
  for (int i = 0; i < 41; ++i) pair({25, 443}, false);
  for (int i = 0; i < 27; ++i) pair({22}, false);
  for (int i = 0; i < 24; ++i) pair({25, 443}, true);
  const TwoHostClusters got = TwoHost(reader_);
  EXPECT_EQ(got.clusters, 385U);
  EXPECT_EQ(got.combinations, 5U);
  ASSERT_EQ(got.rows.size(), 5U);
  const auto row = [&](size_t i) {
    return StrCat(PortPairsText(got.rows[i].pairs), " / ", got.rows[i].keys, " / ",
                  got.rows[i].clusters);
  };
  EXPECT_EQ(row(0), "25=25 / 1 / 150");
  EXPECT_EQ(row(1), "443=443 / 1 / 143");
  EXPECT_EQ(row(2), "25=25 25=443 443=25 443=443 / 1 / 41");
  EXPECT_EQ(row(3), "22=22 / 1 / 27");
  EXPECT_EQ(row(4), "25=25 443=443 / 2 / 24");
}

// All 742 of the run. The 165 combinations the text does not name are made up: the same ports on
// both hosts, or one port on one host and another on the other.
TEST_F(KeyReuseTest, CountsTheIrishRuns742ClustersOf170Combinations) {
  constexpr uint16_t kPorts[] = {22, 25, 110, 143, 443, 587, 993};
  uint32_t host = 0;
  const auto pair = [&](const std::vector<uint16_t>& one, const std::vector<uint16_t>& other,
                        size_t clusters) {
    for (size_t i = 0; i < clusters; ++i) {
      const std::string key = StrCat("k", ++host);
      for (const uint16_t port : one) Show(host, port, {key});
      ++host;
      for (const uint16_t port : other) Show(host, port, {key});
    }
  };
  const std::map<std::vector<uint16_t>, size_t> named = {
      {{25}, 150}, {{443}, 143}, {{25, 443}, 41}, {{22}, 27}};
  size_t left = 742 - 385;
  for (uint32_t bits = 1; bits < 128; ++bits) {
    std::vector<uint16_t> ports;
    for (size_t p = 0; p < 7; ++p) {
      if ((bits >> p & 1) != 0) ports.push_back(kPorts[p]);
    }
    const auto at = named.find(ports);
    const size_t clusters = at != named.end() ? at->second : 2;
    if (at == named.end()) left -= clusters;
    pair(ports, ports, clusters);
  }
  for (const uint16_t one : kPorts) {
    for (const uint16_t other : kPorts) {
      if (one != other) pair({one}, {other}, one == 993 && other == 587 ? left - 41 : 1);
    }
  }
  for (int i = 0; i < 24; ++i) {
    for (const uint32_t of_pair : {host + 1, host + 2}) {
      Show(of_pair, 25, {StrCat("mail ", host)});
      Show(of_pair, 443, {StrCat("web ", host)});
    }
    host += 2;
  }
  const TwoHostClusters got = TwoHost(reader_);
  EXPECT_EQ(got.clusters, 742U);
  EXPECT_EQ(got.paper_combinations, 170U);
  EXPECT_EQ(got.combinations, 170U - 21) << "25=443 is 443=25";
}

TEST_F(KeyReuseTest, TakesACombinationAndItsMirrorImageForOne) {
  Show(1, 25, {"a"});
  Show(2, 443, {"a"});
  Show(3, 443, {"b"});
  Show(4, 25, {"b"});
  Show(5, 25, {"c"});
  for (const uint32_t host : {5, 6, 7}) Show(host, 22, {"three hosts"});
  Show(8, 443, {"lone"});
  const TwoHostClusters got = TwoHost(reader_);
  EXPECT_EQ(got.clusters, 2U);
  EXPECT_EQ(got.combinations, 1U);
  EXPECT_EQ(got.paper_combinations, 2U);
  ASSERT_EQ(got.rows.size(), 1U);
  EXPECT_EQ(PortPairsText(got.rows[0].pairs), "25=443");
}

}  // namespace
}  // namespace hark

#include "tests/lab/truth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/file.h"
#include "base/strings.h"
#include "tests/lab/generators.h"
#include "tests/lab/key_store.h"

namespace hark::lab {
namespace {

using Json = nlohmann::ordered_json;

// Names stand for keys: the arithmetic does not care.
Truth TruthOf(const Scenario& scenario) {
  return WorkOutTruth(scenario, TruthOptions(), [](const std::string& name) { return name; });
}

Scenario Shipped(const std::string& name) {
  const std::string path = "tests/lab/scenarios/" + name;  // tests run in the source directory
  const Result<std::string> text = ReadFile(path);
  EXPECT_TRUE(text.ok()) << text.status().message();
  const Result<Scenario> scenario = ParseScenario(text.ok() ? *text : "", path);
  EXPECT_TRUE(scenario.ok()) << scenario.status().message();
  return scenario.ok() ? *scenario : Scenario();
}

TEST(PaperNamibia, HasEveryNumberOfThePublishedTables) {
  const Result<Scenario> scenario = PaperScenario("NA-20180430");
  ASSERT_TRUE(scenario.ok());
  const Json report = TruthOf(*scenario).report;
  const Json expected = {{"targets", 482835},   {"listeners", 551},     {"out_of_country", 0},
                         {"in_country", 551},   {"no_crypto", 172},     {"crypto", 379},
                         {"crypto_pct", 68},    {"host_ports", 820},    {"unique_keys", 504},
                         {"keys_pct", 61},      {"local_only", 299},    {"clustered", 80},
                         {"hark_pct", 21},      {"clusters", 30},       {"max_cluster", 8},
                         {"paper_median", 4.0}, {"paper_average", 4.4}, {"median_cluster", 2.0}};
  for (const auto& [field, value] : expected.items()) EXPECT_EQ(report[field], value) << field;
  EXPECT_NEAR(report["mean_cluster"].get<double>(), 80.0 / 30, 1e-12);
  EXPECT_EQ(report["ports"].dump(),
            R"({"22":139,"25":183,"110":78,"143":105,"443":172,"587":78,"993":65})");
  EXPECT_EQ(report["multihomed"].dump(),
            R"({"mixed":3,"as":15,"multikey":1,"non_mh":19,"possible_mh":2,"no_info":9})");
  EXPECT_EQ(report["ssh_versions"].dump(), R"({"1.99":6,"2.0":133})");
  EXPECT_EQ(report["tls_versions"]["25"].dump(), R"({"TLSv1.0":61,"TLSv1.2":122})");
  EXPECT_EQ(report["tls_versions"]["443"].dump(), R"({"TLSv1.0":52,"TLSv1.2":120})");
  EXPECT_EQ(report["tls_versions"]["143"].dump(), R"({"SSLv3":2,"TLSv1.0":19,"TLSv1.2":84})");
  EXPECT_EQ(report["tls_versions"]["993"].dump(), R"({"SSLv3":3,"TLSv1.0":11,"TLSv1.2":51})");
  EXPECT_EQ(report["differs"].size(), 0U);
}

TEST(Truth, CountsBothKeysOfADualServerAndLeavesUnreachableOnesOut) {
  const Result<Scenario> scenario = ParseScenario(
      "key r type=rsa-2048\n"
      "host 127.9.0.1\nport 25 smtp\nport 443 https key=r,e\n"
      "port 22 ssh keys=a ca=authority unknown-keys=3 behaviour=penalty\n"
      "host 127.9.0.2\nport 25 smtp\nport 22 ssh keys=b kex=sntrup761x25519-sha512\n"
      "port 993 imaps key=r tls=ssl3\n",
      "test");
  ASSERT_TRUE(scenario.ok()) << scenario.status().message();
  const Json report = TruthOf(*scenario).report;
  EXPECT_EQ(report["unique_keys"], 3);  // r, e and a
  EXPECT_EQ(report["host_ports"], 3);
  EXPECT_EQ(report["clustered"], 2);
  EXPECT_EQ(report["tls_versions"]["993"].dump(), R"({"SSLv3":1})");
}

TEST(PaperNamibia, LetsEveryHostAnswerOnTheGatePort) {
  const Result<Scenario> scenario = PaperScenario("NA-20180430");
  ASSERT_TRUE(scenario.ok());
  const RangeSet targets = Targets(*scenario);
  EXPECT_EQ(targets.size(), 482'835U);
  std::set<uint32_t> addresses;
  for (const Host& host : scenario->hosts) {
    EXPECT_EQ(host.services.front().port, 25);
    EXPECT_TRUE(targets.Contains(host.address.v4()));
    addresses.insert(host.address.v4());
  }
  EXPECT_EQ(addresses.size(), 551U);
}

TEST(PaperNamibia, IsTheOnlyRunKnownHostByHost) {
  EXPECT_EQ(PaperScenario("IE-20180316").status().code(), StatusCode::kInvalidInput);
}

struct SizesRow {
  const char* run;
  uint64_t local_only, no_crypto, clusters, clustered, max;
  double median, average;  // over distinct sizes, as published
  const char* sizes;
};

// The smaller runs of the paper: local-only and no-crypto hosts, and what must come out.
const SizesRow kRuns[] = {
    {"NA-20180430", 299, 172, 30, 80, 8, 4, 4.4, "2*18 3*9 4 5 8"},
    {"UY-20180424", 720, 336, 180, 822, 245, 7.5, 29.67,
     "2*93 3*62 4*6 5*3 6*3 7*2 8*2 9*2 10 11*4 46 245"},
    {"LU-20180423", 1966, 686, 446, 4144, 1012, 19, 73,
     "2*231 3*70 4*24 5*18 6*13 7*10 8*8 9*7 10*6 11*5 12*5 13*4 14*4 15*3 16*4 19*2 20*2 21*2 "
     "22*2 23*2 24*2 25*2 26*2 27*2 28*2 29 30 31 32*9 759 1012"},
    {"NZ-20180425", 5814, 11872, 811, 5644, 281, 25.5, 47.12,
     "2*421 3*120 4*47 5*33 6*25 7*19 8*16 9*13 10*11 11*10 12*8 13*7 14*8 15*6 16*6 17*5 18*5 "
     "19*4 20*4 21*4 25*3 26*3 27*3 29*2 32*2 35*2 38*2 42*2 46 50 55 60*7 65 71 78 85 93 101 110 "
     "121 279 281"},
    {"SI-20180514", 3529, 1882, 612, 4348, 948, 19.5, 66.88,
     "2*318 3*185 4*17 5*12 6*9 7*7 8*6 9*5 10*4 11*4 12*3 13*3 14*3 15*2 16*2 17*2 19*2 20*2 "
     "21*2 22*2 23*2 24 25 26 27 28 29 30 31 32 33*2 46*7 738 948"},
    {"IE-20171130", 5651, 12959, 823, 5006, 671, 21, 63.23,
     "2*427 3*283 4*18 5*12 6*9 7*7 8*6 9*5 10*4 11*4 12*3 13*3 14*3 15*2 16*2 17*2 18*2 19*2 20*2 "
     "21*2 22*2 24 27 29 32*2 36 39 43 48 52 58*5 63 70 77 85 93 103 664 671"},
    {"IE-20180316", 8570, 5273, 1437, 9698, 1991, 26.5, 87.78,
     "2*742 3*444 4*38 5*27 6*20 7*16 8*13 9*11 10*9 11*8 12*7 13*6 14*6 15*5 16*5 17*4 18*4 19*4 "
     "20*3 21*4 22*3 23*3 24*4 25*2 26*2 27*3 28*2 29*2 30*2 31*2 32*2 33*2 34*2 35*2 36*2 37*2 "
     "38*2 39 40 41 48*10 90 92 118 119 121 123 249 578 1991"},
    {"FI-20180326", 4675, 26106, 1029, 5725, 373, 24, 50.65,
     "2*535 3*315 4*28 5*20 6*15 7*13 8*10 9*8 10*7 11*6 12*5 13*5 14*4 15*4 16*4 17*3 18*3 19*3 "
     "20*3 21*2 22*2 24*2 25*2 26*2 27*2 28*2 30*2 32 36 40*2 46 51 58*6 66 74 80 83 94 106 120 "
     "135 372 373"},
    {"PT-20180403", 4143, 4169, 1512, 11407, 2016, 30, 117.51,
     "2*786 3*523 4*30 5*21 6*16 7*13 8*10 9*9 10*7 11*6 12*6 13*5 14*4 15*4 16*4 17*3 18*3 19*3 "
     "20*3 21*3 22*2 23*2 24*2 25*2 26*2 27*2 28*2 30*2 31*2 33*3 36 39 42 45 48 49 52 56 60*8 64 "
     "69 75 80 86 93 100 108 116 125 134 144 155 167 2005 2016"},
    {"EE-20171130", 3176, 796, 521, 8803, 2874, 36, 121.18,
     "2*270 3*25 4*28 5*21 6*17 7*14 8*12 9*10 10*9 11*8 12*8 13*6 14*6 15*5 16*5 17*5 18*4 19*4 "
     "20*4 21*4 22*4 26*3 36*2 37*2 38*2 39*2 40*2 41*2 42*2 43*2 44*2 45*2 46*2 47*2 48*2 49*2 "
     "50*2 51*2 52 53 54 55 56*11 1335 2874"},
    {"EE-20180324", 3303, 1519, 639, 11671, 2402, 42, 98.04,
     "2*332 3*20 4*19 5*17 6*14 7*12 8*11 9*10 10*9 11*9 12*8 13*8 14*7 15*7 16*6 17*6 18*6 19*6 "
     "20*6 21*5 22*5 23*5 24*5 25*5 26*5 27*4 28*4 41*3 43*3 44*3 45*3 46*3 47*3 48*3 49*3 50*3 "
     "51*3 52*3 53*3 54*3 55*3 56*3 57*3 58*3 59*3 60*3 61*3 62*3 63*2 64*2 65*2 66*15 173 558 603 "
     "2402"},
    {"SG-20180430", 22644, 21885, 3050, 29079, 2800, 52.5, 179.47,
     "2*1586 3*1044 4*57 5*40 6*30 7*24 8*19 9*16 10*14 11*12 12*10 13*9 14*8 15*7 16*7 17*6 18*6 "
     "19*5 20*5 21*5 22*4 23*4 24*4 25*4 26*3 27*3 28*3 29*3 30*3 31*3 32*3 33*2 34*2 35*2 36*2 "
     "37*2 38*2 39*2 40*2 41*2 42*2 43*2 44*2 45*2 46*2 47*2 48*2 49*2 50 51 52 53 54*2 57 58 "
     "60*15 64 67 71 75 80 84 89 94 99 105 111 117 124 131 137 139 146 155 164 173 183 193 204 216 "
     "228 241 255 270 285 301 318 336 356 376 397 420 444 469 496 524 554 586 619 654 2697 2800"},
};

class PaperSizes : public ::testing::TestWithParam<SizesRow> {};

TEST_P(PaperSizes, ComeOutAsPublished) {
  const SizesRow& row = GetParam();
  SizesOptions options;
  options.sizes = row.sizes;
  options.local_only = row.local_only;
  options.no_crypto = row.no_crypto;
  const Result<Scenario> scenario = SizesScenario(options);
  ASSERT_TRUE(scenario.ok()) << scenario.status().message();
  const Json report = TruthOf(*scenario).report;
  EXPECT_EQ(report["no_crypto"], row.no_crypto);
  EXPECT_EQ(report["local_only"], row.local_only);
  EXPECT_EQ(report["clustered"], row.clustered);
  EXPECT_EQ(report["clusters"], row.clusters);
  EXPECT_EQ(report["max_cluster"], row.max);
  EXPECT_EQ(report["paper_median"].get<double>(), row.median);
  EXPECT_NEAR(report["paper_average"].get<double>(), row.average, 0.005);
}

INSTANTIATE_TEST_SUITE_P(AllTwelveRuns, PaperSizes, ::testing::ValuesIn(kRuns),
                         [](const auto& test) {
                           std::string name = test.param.run;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(Sizes, RefuseWhatIsNoDistribution) {
  for (const char* text : {"", "1", "2*0", "x", "2*3*4", "3*9999999"}) {
    SizesOptions options;
    options.sizes = text;
    EXPECT_EQ(SizesScenario(options).status().code(), StatusCode::kInvalidInput) << text;
  }
}

TEST(Truth, SeesTheFiveHostsAsOneCluster) {
  const Truth truth = TruthOf(Shipped("five-hosts.scenario"));
  ASSERT_EQ(truth.clusters.size(), 1U);
  EXPECT_EQ(truth.clusters[0]["size"], 5);
  EXPECT_EQ(truth.clusters[0]["members"].dump(),
            R"(["127.30.0.1","127.30.0.2","127.30.0.3","127.30.0.4","127.30.0.5"])");
  EXPECT_EQ(truth.clusters[0]["keys"].dump(), R"(["five/a","five/c","five/d"])");
}

TEST(Truth, JoinsSshAndTlsByTheKeyItself) {
  const Scenario scenario = Shipped("ssh-tls.scenario");
  KeyStore keys("");
  ASSERT_TRUE(keys.Prepare(scenario).ok());
  const Truth truth = WorkOutTruth(scenario, TruthOptions(), [&](const std::string& name) {
    return Sha256Hex(keys.Find(name, scenario.key_types.at(name))->spki_der);
  });
  EXPECT_EQ(truth.report["clusters"], 3);
  EXPECT_EQ(truth.report["unique_keys"], 3);
  EXPECT_EQ(truth.report["clustered"], 6);
  EXPECT_EQ(truth.clusters[0]["keys"][0].get<std::string>().size(), 64U);
}

TEST(Truth, CountsOnlyListenersOfTheCountryThatShowTheirKeys) {
  const Result<Scenario> scenario = ParseScenario(
      "country NA\n"
      "prefix 127.9.0.0/24 asn=1\n"
      "host 127.9.0.1\nport 25 smtp key=K\n"
      "host 127.9.0.2\nport 25 smtp key=K behaviour=silent\n"       // not a listener
      "host 127.9.0.3\nport 443 https key=K\n"                      // not on the gate port
      "host 127.9.0.4 country=ZA\nport 25 smtp key=K\n"             // out of country
      "host 127.9.0.5\nport 25 smtp key=K behaviour=no-starttls\n"  // no crypto
      "host 127.9.0.6\nport 25 smtp behaviour=throttled\nport 443 https key=L tls=1.0-1.1\n"
      "host 127.8.0.6\nport 25 smtp key=K\n",  // outside the targets
      "x");
  ASSERT_TRUE(scenario.ok()) << scenario.status().message();
  const Json report = TruthOf(*scenario).report;
  EXPECT_EQ(report["targets"], 256);
  EXPECT_EQ(report["listeners"], 4);
  EXPECT_EQ(report["out_of_country"], 1);
  EXPECT_EQ(report["no_crypto"], 1);
  EXPECT_EQ(report["crypto"], 2);
  EXPECT_EQ(report["clusters"], 0);
  EXPECT_EQ(report["tls_versions"]["443"].dump(), R"({"TLSv1.1":1})");
}

TEST(GeoFile, HasALineForEveryHostUnlikeItsPrefix) {
  const Result<Scenario> scenario = ParseScenario(
      "country NA\n"
      "prefix 127.9.0.0/24 asn=1\n"
      "prefix 127.10.0.0/32 asn=1\n"
      "prefix 127.11.0.0/24 asn=1 target=no\n"
      "host 127.9.0.1\nport 25 smtp\n"
      "host 127.9.0.2 asn=2\nport 25 smtp\n"
      "host 127.10.0.0 country=ZA\nport 25 smtp\n",
      "x");
  ASSERT_TRUE(scenario.ok()) << scenario.status().message();
  EXPECT_EQ(GeoCsv(*scenario),
            "prefix,country,asn\n127.9.0.0/24,NA,1\n127.11.0.0/24,NA,1\n127.9.0.2/32,NA,2\n"
            "127.10.0.0/32,ZA,1\n");
  EXPECT_EQ(TargetsText(*scenario), "127.9.0.0/24\n127.10.0.0/32\n");
}

TEST(Layout, HoldsExactlyTheAddressesAskedForOutsideTheMachinesOwn) {
  for (uint64_t n :
       {1ULL, 256ULL, 482'835ULL, 524'288ULL, 524'289ULL, 11'583'062ULL, 16'000'000ULL}) {
    const Result<std::vector<Range>> ranges = LayOut(n);
    ASSERT_TRUE(ranges.ok()) << n;
    EXPECT_EQ(RangeSet(*ranges).size(), n);
    EXPECT_GE(ranges->front().first, 0x7f010000U);
    EXPECT_LE(ranges->back().last, 0x7fffffffU);
    for (const Range& range : *ranges) {
      EXPECT_EQ(range.first % (uint64_t{range.last} - range.first + 1), 0U);
    }
  }
  EXPECT_FALSE(LayOut(0).ok());
  EXPECT_FALSE(LayOut(17'000'000).ok());
}

TEST(RandomCountry, FollowsFromItsSeed) {
  CountryOptions options;
  options.hosts = 2000;
  const Result<Scenario> one = CountryScenario(options);
  const Result<Scenario> again = CountryScenario(options);
  options.seed = 2;
  const Result<Scenario> other = CountryScenario(options);
  ASSERT_TRUE(one.ok() && again.ok() && other.ok());
  EXPECT_TRUE(*one == *again);
  EXPECT_FALSE(*one == *other);
}

TEST(RandomCountry, HasClustersStrangersAndOddManners) {
  CountryOptions options;
  options.hosts = 5000;
  const Result<Scenario> scenario = CountryScenario(options);
  ASSERT_TRUE(scenario.ok());
  const Json report = TruthOf(*scenario).report;
  EXPECT_GT(report["clusters"], 50);
  EXPECT_LT(report["max_cluster"], 200);
  EXPECT_GT(report["out_of_country"], 10);
  EXPECT_GT(report["no_crypto"], 500);
  EXPECT_EQ(report["ports"].size(), 7U);
  std::set<Behaviour> manners;
  size_t services = 0;
  for (const Host& host : scenario->hosts) {
    services += host.services.size();
    for (const Service& service : host.services) manners.insert(service.behaviour);
  }
  EXPECT_GE(manners.size(), 10U);
  EXPECT_NEAR(static_cast<double>(services) / 5000, 2.2, 0.4);
}

}  // namespace
}  // namespace hark::lab

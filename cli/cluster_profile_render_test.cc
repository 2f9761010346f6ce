#include "cli/cluster_profile_render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "analysis/facts_fixture.h"
#include "analysis/na_run_fixture.h"
#include "base/file.h"
#include "base/testing/temp_directory.h"

namespace hark {
namespace {

using ::testing::HasSubstr;

class ClusterProfileRenderTest : public ::testing::Test {
 protected:
  ClusterProfileRenderTest() {
    analysis_.hosts = *HostTable::Read(*reader_);
    analysis_.clustering = *FindClusters(*reader_, analysis_.hosts);
  }
  std::string List(const std::string& format, uint64_t min_size = 2) {
    return *ClusterStatsList(*reader_, analysis_, min_size, {format, false, ""});
  }
  std::string Show(const std::string& format) {
    return *ClusterProfileReport(*reader_, analysis_.hosts, analysis_.clustering, 0,
                                 {format, false, ""});
  }

  const std::unique_ptr<FakeRunReader> reader_ = NaRunFixture::Build();
  RunAnalysis analysis_;
};

TEST_F(ClusterProfileRenderTest, ListsNamibiasClustersWithTotals) {
  const auto json = nlohmann::json::parse(List("json"));
  ASSERT_EQ(json["clusters"].size(), 30U);
  EXPECT_EQ(json["clusters"][0]["host_ports"], 16);
  EXPECT_EQ(json["clusters"][0]["most_reused"]["host_ports"], 11);
  EXPECT_EQ(json["clusters"][0]["trusted"], nullptr);
  EXPECT_EQ(json["total_sum"]["hosts"], 80);
  EXPECT_EQ(json["total_distinct"]["ases"], 3);
  const auto large = nlohmann::json::parse(List("json", 4));
  EXPECT_EQ(large["clusters"].size(), 3U);
  EXPECT_EQ(large["total_sum"]["hosts"], 8 + 5 + 4);
}

TEST_F(ClusterProfileRenderTest, ListsInEveryFormat) {
  EXPECT_THAT(List("text"), HasSubstr("not judged"));
  EXPECT_THAT(List("text"), HasSubstr("multi-homed-host"));
  EXPECT_THAT(List("csv"), HasSubstr("cluster_stats,summed,IPs,80\n"));
  EXPECT_THAT(List("markdown"), HasSubstr("| summed | 80 |"));
  EXPECT_THAT(List("latex"), HasSubstr("{}summed & 80 &"));
}

TEST_F(ClusterProfileRenderTest, ShowsAClusterInEveryFormat) {
  const auto json = nlohmann::json::parse(Show("json"));
  EXPECT_EQ(json["size"], 8);
  EXPECT_EQ(json["keys"][0]["hosts_on_port"]["443"], 3);
  EXPECT_EQ(json["keys"][0]["links"][1]["links"], 21);
  EXPECT_EQ(json["as_split"][0]["hosts"], 4);
  EXPECT_EQ(json["stats"]["tls_keys"], 4);
  EXPECT_EQ(json["causes"], nlohmann::json::array());
  EXPECT_THAT(Show("text"), HasSubstr("Members by AS"));
  EXPECT_THAT(Show("text"), HasSubstr("no rule of docs/cause-hints.md speaks"));
  EXPECT_THAT(Show("csv"), HasSubstr("as_split,1,hosts,4\n"));
  EXPECT_THAT(Show("csv"), HasSubstr("members,10.0.0.7 25,outcome,ok\n"));
  EXPECT_THAT(Show("markdown"), HasSubstr("| 25=443 | 21 |"));
  EXPECT_THAT(Show("latex"), HasSubstr("\\label{hark:as_split}"));
}

TEST_F(ClusterProfileRenderTest, NamesTheFileOfKnownKeysThatIsWrong) {
  const TempDirectory directory;
  const std::string path = directory / "known_keys";
  ASSERT_TRUE(WriteFileAtomically(path, "nonsense\n").ok());
  const Result<std::string> got = ClusterStatsList(*reader_, analysis_, 2, {"text", false, path});
  ASSERT_FALSE(got.ok());
  EXPECT_THAT(std::string(got.status().message()), HasSubstr("--known_keys: "));
  EXPECT_THAT(std::string(got.status().message()), HasSubstr("line 1"));
}

// Clusters whose members show certificates.
class JudgedClusterTest : public ::testing::Test {
 protected:
  JudgedClusterTest() {
    const TestCertificate shared = run_.root().Issue({{"*.example"}});
    for (uint32_t host = 1; host <= 3; ++host) {
      run_.AddHost(host);
      run_.Show(host, 443, shared);
    }
    run_.Show(3, 993, TestCa::SelfSigned({{"x.example"}}));
    analysis_.hosts = *HostTable::Read(run_.reader());
    analysis_.clustering = *FindClusters(run_.reader(), analysis_.hosts);
  }
  ClusterView View(const std::string& format) {
    return {format, false, "", &run_.options(), {"ports 443, 993"}};
  }
  std::string List(const std::string& format) {
    return *ClusterStatsList(run_.reader(), analysis_, 2, View(format));
  }
  std::string Show(const std::string& format) {
    return *ClusterProfileReport(run_.reader(), analysis_.hosts, analysis_.clustering, 0,
                                 View(format));
  }

  FactsFixture run_;
  RunAnalysis analysis_;
};

TEST_F(JudgedClusterTest, TellsBrowserTrustAndWildcardsInEveryFormat) {
  const auto list = nlohmann::json::parse(List("json"));
  EXPECT_EQ(list["clusters"][0]["trusted"], 3);
  EXPECT_EQ(list["clusters"][0]["wildcard"], 3);
  EXPECT_EQ(list["total_distinct"]["trusted_certs"], 1);
  EXPECT_EQ(list["trust"]["source"], "test roots");
  const auto show = nlohmann::json::parse(Show("json"));
  EXPECT_EQ(show["stats"]["trusted"], 3);
  EXPECT_EQ(show["trust"]["judged"], true);
  for (const char* format : {"text", "csv", "markdown", "latex"}) {
    EXPECT_THAT(List(format), ::testing::Not(HasSubstr("not judged"))) << format;
    EXPECT_THAT(Show(format), ::testing::Not(HasSubstr("not judged"))) << format;
  }
  EXPECT_THAT(List("csv"), HasSubstr(",browser-trusted,3\n"));
  EXPECT_THAT(List("text"), HasSubstr("1 roots of test roots"));
}

TEST_F(JudgedClusterTest, SaysOfWhichPartOfTheRunItIs) {
  const std::string line = "run facts (ports 443, 993)\n";
  EXPECT_THAT(List("text"), HasSubstr(line));
  EXPECT_THAT(Show("text"), HasSubstr(line));
  EXPECT_THAT(Show("markdown"), HasSubstr(line));
  EXPECT_EQ(List("latex").find("% " + line), 0U);
  EXPECT_EQ(List("csv").find("table,row,column,value\ncluster_stats,"), 0U);
  EXPECT_EQ(nlohmann::json::parse(Show("json"))["scope"], nlohmann::json({"ports 443, 993"}));
  EXPECT_EQ(nlohmann::json::parse(List("json"))["scope"], nlohmann::json({"ports 443, 993"}));
}

}  // namespace
}  // namespace hark

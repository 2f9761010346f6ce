#include "cli/cluster_profile_render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

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

}  // namespace
}  // namespace hark

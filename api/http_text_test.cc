#include "api/http_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hark {
namespace {

TEST(ParseTargetTest, DecodesOnceAndMergesSlashesBeforeThat) {
  const HttpTarget target = ParseTarget("//host/ssh/%32%2F%2Fa+b%2525/").value();
  EXPECT_EQ(target.path, "/host/ssh/2//a+b%25");
  EXPECT_EQ(target.exact_path, "//host/ssh/2//a+b%25");
  EXPECT_EQ(ParseTarget("/a%C3%A4").value().path, "/a\xc3\xa4");
  EXPECT_EQ(ParseTarget("/").value().path, "/");
  EXPECT_EQ(ParseTarget("/a").value().exact_path, "");
}

TEST(ParseTargetTest, DotsMeanNothing) {
  EXPECT_EQ(ParseTarget("/../../etc/passwd").value().path, "/../../etc/passwd");
  EXPECT_EQ(ParseTarget("/a/%2e%2e/b").value().path, "/a/../b");
}

TEST(ParseTargetTest, TakesTheQueryApart) {
  const HttpTarget target = ParseTarget("/a?port=22&x=%26&port=23&flag&=v").value();
  EXPECT_EQ(target.query.at("port"), "23");
  EXPECT_EQ(target.query.at("x"), "&");
  EXPECT_EQ(target.query.at("flag"), "");
}

TEST(ParseTargetTest, TakesAWholeUrl) {
  EXPECT_EQ(ParseTarget("http://hark.example:8500/stats?x=1").value().path, "/stats");
  EXPECT_EQ(ParseTarget("http://hark.example").value().path, "/");
}

TEST(ParseTargetTest, RefusesWhatIsNoTextOrNoPath) {
  for (const char* bad : {"/%", "/%4", "/%zz", "/%ff", "/%c0%af", "/%ed%a0%80", "/%00", "/a?x=%ff",
                          "*", "host/ssh", "", "?x", "/%f5%80%80%80"}) {
    EXPECT_FALSE(ParseTarget(bad).ok()) << bad;
  }
}

TEST(ChooseCodingTest, FollowsTheClientsWeights) {
  EXPECT_EQ(ChooseCoding(""), ContentCoding::kIdentity);
  EXPECT_EQ(ChooseCoding("gzip, deflate"), ContentCoding::kGzip);
  EXPECT_EQ(ChooseCoding("gzip, zstd"), ContentCoding::kZstd);
  EXPECT_EQ(ChooseCoding("gzip;q=0.9, zstd;q=0.2"), ContentCoding::kGzip);
  EXPECT_EQ(ChooseCoding("zstd;q=0"), ContentCoding::kIdentity);
  EXPECT_EQ(ChooseCoding("*"), ContentCoding::kZstd);
  EXPECT_EQ(ChooseCoding("*;q=0, gzip;q=0.001"), ContentCoding::kGzip);
  EXPECT_EQ(ChooseCoding("identity, gzip;q=0.5"), ContentCoding::kIdentity);
  EXPECT_EQ(ChooseCoding("gzip;q=nonsense"), ContentCoding::kIdentity);
  EXPECT_EQ(ChooseCoding("gzip;q=7"), ContentCoding::kIdentity);
}

TEST(ReadCredentialsTest, ReadsBasicBearerAndTheOwnField) {
  // "cert:cert.secret:x"
  const auto basic = ReadCredentials("Basic Y2VydDpjZXJ0LnNlY3JldDp4", "");
  ASSERT_TRUE(basic.has_value());
  EXPECT_EQ(basic->user, "cert");
  EXPECT_EQ(basic->key, "cert.secret:x");
  EXPECT_EQ(ReadCredentials("bearer abc", "other")->key, "abc");
  EXPECT_EQ(ReadCredentials("", " abc ")->key, "abc");
  for (const char* bad : {"Basic", "Basic !!!", "Basic Y2VydA==", "Digest x", "Basic  "}) {
    EXPECT_FALSE(ReadCredentials(bad, "").has_value()) << bad;
  }
}

TEST(NamesTagTest, ComparesWeakly) {
  EXPECT_TRUE(NamesTag("\"a\", W/\"b\"", "\"b\""));
  EXPECT_TRUE(NamesTag("*", "\"b\""));
  EXPECT_FALSE(NamesTag("\"bb\"", "\"b\""));
  EXPECT_FALSE(NamesTag("", "\"b\""));
}

TEST(LastForwardedTest, IsWhatTheNearestProxySaw) {
  EXPECT_EQ(LastForwarded("10.0.0.1, 192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(LastForwarded("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(LastForwarded(""), "");
}

TEST(IsLocalHostFieldTest, NamesOfOthersAreNot) {
  for (const char* good :
       {"127.0.0.1:8500", "localhost:8500", "[::1]:8500", "[::1]", "", "LocalHost"}) {
    EXPECT_TRUE(IsLocalHostField(good)) << good;
  }
  for (const char* bad :
       {"evil.example", "localhost.evil.example:8500", "[evil", "127.0.0.1.evil"}) {
    EXPECT_FALSE(IsLocalHostField(bad)) << bad;
  }
}

}  // namespace
}  // namespace hark

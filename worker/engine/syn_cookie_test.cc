#include "worker/engine/syn_cookie.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"

namespace hark {
namespace {

const std::string kKey = "0123456789abcdef";

SynEvidence ReplyTo(const SynCookie& cookie, uint32_t source, uint32_t target, uint16_t port) {
  return {.source = source,
          .target = target,
          .source_port = cookie.source_port,
          .target_port = port,
          .sequence = cookie.sequence};
}

TEST(SynCookieTest, AReplyToOurSynProvesItself) {
  const SynCookies cookies(kKey, 61000, 61039);
  for (uint32_t target = 0; target < 1000; ++target) {
    const SynCookie cookie = cookies.Of(1, target, 25);
    EXPECT_TRUE(cookies.Proves(ReplyTo(cookie, 1, target, 25)));
  }
}

TEST(SynCookieTest, AReplyWithAnyOneThingWrongProvesNothing) {
  const SynCookies cookies(kKey, 61000, 61039);
  const SynEvidence right = ReplyTo(cookies.Of(1, 2, 25), 1, 2, 25);
  for (uint32_t i = 1; i < 65536; ++i) {
    SynEvidence wrong = right;
    wrong.sequence += i;
    EXPECT_FALSE(cookies.Proves(wrong));
  }
  for (auto spoil : std::vector<void (*)(SynEvidence&)>{
           [](SynEvidence& e) { e.source ^= 1; }, [](SynEvidence& e) { e.target ^= 1; },
           [](SynEvidence& e) { e.source_port ^= 1; },
           [](SynEvidence& e) { e.target_port ^= 1; }}) {
    SynEvidence wrong = right;
    spoil(wrong);
    EXPECT_FALSE(cookies.Proves(wrong));
  }
}

TEST(SynCookieTest, AnotherKeyProvesNothing) {
  const SynCookies ours(kKey, 61000, 61039);
  const SynCookies others("0123456789abcdeF", 61000, 61039);
  EXPECT_FALSE(ours.Proves(ReplyTo(others.Of(1, 2, 25), 1, 2, 25)));
}

TEST(SynCookieTest, PortsComeFromTheWholeRangeAndFromNowhereElse) {
  const SynCookies cookies(kKey, 61000, 61039);
  std::vector<int> seen(40);
  for (uint32_t target = 0; target < 40000; ++target) {
    const uint16_t port = cookies.Of(1, target, 25).source_port;
    ASSERT_GE(port, 61000);
    ASSERT_LE(port, 61039);
    ++seen[port - 61000U];
  }
  for (const int n : seen) EXPECT_NEAR(n, 1000, 200);  // six standard deviations
  EXPECT_EQ(SynCookies(kKey, 7, 7).Of(1, 2, 3).source_port, 7);
}

}  // namespace
}  // namespace hark

#include "worker/probe/repeatable_random.h"

#include <gtest/gtest.h>
#include <openssl/rand.h>

#include <set>
#include <string>

namespace hark {
namespace {

constexpr size_t kDrawn = 48;

std::string Public() {
  unsigned char bytes[kDrawn] = {};
  EXPECT_EQ(RAND_bytes_ex(RepeatableRandom::Library(), bytes, kDrawn, 0), 1);
  return {bytes, bytes + kDrawn};
}

std::string Private() {
  unsigned char bytes[kDrawn] = {};
  EXPECT_EQ(RAND_priv_bytes_ex(RepeatableRandom::Library(), bytes, kDrawn, 0), 1);
  return {bytes, bytes + kDrawn};
}

TEST(RepeatableRandoms, GiveTheSameForTheSameStep) {
  const RepeatableRandom random;
  ASSERT_TRUE(random.Use(3, kHelloRandomBytes));
  const std::string first = Public() + Private() + Public();
  ASSERT_TRUE(random.Use(4, kHelloRandomBytes));
  EXPECT_NE(Public() + Private() + Public(), first);
  ASSERT_TRUE(random.Use(3, kLegacyRandomBytes));
  EXPECT_EQ(Public().size(), kDrawn);
  ASSERT_TRUE(random.Use(3, kHelloRandomBytes));
  EXPECT_EQ(Public() + Private() + Public(), first);
}

TEST(RepeatableRandoms, HaveNothingInCommonElse) {
  std::set<std::string> seen;
  for (int i = 0; i < 4; ++i) {
    const RepeatableRandom random;
    for (uint32_t step : {0u, 1u, 256u, 1u << 31}) {
      ASSERT_TRUE(random.Use(step, kHelloRandomBytes));
      for (int draw = 0; draw < 3; ++draw) {
        seen.insert(Public());
        seen.insert(Private());
      }
    }
  }
  EXPECT_EQ(seen.size(), 4u * 4 * 3 * 2);
}

TEST(RepeatableRandoms, EndAtTheirSizeAndDoNotBeginAnew) {
  const RepeatableRandom random;
  ASSERT_TRUE(random.Use(0, kDrawn));
  Public();
  unsigned char more = 0;
  EXPECT_NE(RAND_bytes_ex(RepeatableRandom::Library(), &more, 1, 0), 1);
  EXPECT_FALSE(random.Use(0, kLegacyRandomBytes + 1));
}

}  // namespace
}  // namespace hark

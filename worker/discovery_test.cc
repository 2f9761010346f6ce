#include "worker/discovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strings.h"
#include "worker/engine/raw_privileges.h"

namespace hark {
namespace {

using ::testing::HasSubstr;

// Where root may write only as long as it has its privileges.
class SomebodyElsesDirectory : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0 || !MayOpenRawSockets()) GTEST_SKIP() << "this takes root";
    config_.state_dir = StrCat(::testing::TempDir(), "hark-discovery-", getpid());
    constexpr uid_t kSomebody = 65534;
    ASSERT_EQ(mkdir(config_.state_dir.c_str(), 0700), 0);
    ASSERT_EQ(chown(config_.state_dir.c_str(), kSomebody, kSomebody), 0);
  }
  void TearDown() override { rmdir(config_.state_dir.c_str()); }

  WorkerConfig config_;
};

TEST_F(SomebodyElsesDirectory, LeavesAutoWithConnectAndItsPrivileges) {
  const auto channel = OpenDiscovery(config_);
  ASSERT_TRUE(channel.ok()) << channel.status().message();
  EXPECT_EQ(*channel, nullptr);
  EXPECT_TRUE(MayOpenRawSockets());
}

TEST_F(SomebodyElsesDirectory, IsAnErrorThatSaysWhatToDoForSyn) {
  config_.discover = "syn";
  const auto channel = OpenDiscovery(config_);
  ASSERT_FALSE(channel.ok());
  EXPECT_EQ(channel.status().code(), StatusCode::kInvalidInput);
  EXPECT_THAT(channel.status().message(), HasSubstr("is user 65534's"));
  EXPECT_THAT(channel.status().message(), HasSubstr("chown it"));
}

TEST(WithoutPrivileges, WhatIsTriedFailsAsItWouldLaterAndTheyAreBackAfterwards) {
  const bool may = MayOpenRawSockets();
  bool without = true;
  const Status tried = TryWithoutPrivileges([&] {
    without = MayOpenRawSockets();
    return Internal("as told");
  });
  EXPECT_FALSE(without);
  EXPECT_EQ(tried.message(), "as told");
  EXPECT_EQ(MayOpenRawSockets(), may);
}

}  // namespace
}  // namespace hark

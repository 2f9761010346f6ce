#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "base/strings.h"
#include "cli/control_client.h"
#include "cli/control_file.h"

namespace hark {
namespace {

class ControlFileTest : public ::testing::Test {
 protected:
  ControlFileTest() { std::filesystem::create_directory(db_); }
  ~ControlFileTest() override { std::filesystem::remove_all(db_); }

  const std::string db_ = StrCat(::testing::TempDir(), "/hark-control-", getpid());
};

TEST_F(ControlFileTest, TellsWhereTheCoordinatorIsToBeAskedWhileItIsThere) {
  EXPECT_FALSE(FindCoordinator(db_)->runs);
  {
    ControlFile held = *ControlFile::Hold(db_);
    EXPECT_TRUE(FindCoordinator(db_)->runs);
    EXPECT_EQ(FindCoordinator(db_)->waits_for, "it is just starting");
    ASSERT_TRUE(held.SayEndpoint("ipc:///srv/db/coordinator.ipc").ok());
    EXPECT_EQ(FindCoordinator(db_)->endpoint, "ipc:///srv/db/coordinator.ipc");
    struct stat info {};
    ASSERT_EQ(stat((db_ + "/control").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
  }
  EXPECT_FALSE(FindCoordinator(db_)->runs) << "what a dead one wrote is nobody's place";
}

TEST_F(ControlFileTest, IsHeldByOneCoordinatorOnly) {
  const Result<ControlFile> first = ControlFile::Hold(db_);
  ASSERT_TRUE(first.ok());
  const Result<ControlFile> second = ControlFile::Hold(db_);
  EXPECT_EQ(second.status().code(), StatusCode::kInvalidInput);
  EXPECT_TRUE(FindCoordinator(db_)->runs) << "a look takes no lock";
  EXPECT_EQ(ControlFile::Hold(db_ + "/none").ok(), false);
}

TEST_F(ControlFileTest, SaysTheLastThingOnly) {
  ControlFile held = *ControlFile::Hold(db_);
  ASSERT_TRUE(held.SayEndpoint("ipc:///a/long/one/that/is/written/over").ok());
  ASSERT_TRUE(held.SayWaits("the disk is full").ok());
  const CoordinatorPlace place = *FindCoordinator(db_);
  EXPECT_EQ(place.endpoint, "");
  EXPECT_EQ(place.waits_for, "the disk is full");
  ASSERT_TRUE(held.SayWaits(std::string(5000, 'x')).ok());
  EXPECT_LT(FindCoordinator(db_)->waits_for.size(), 1000U);
  EXPECT_EQ(ReadFile(db_ + "/control")->size(), 1000U) << "a full disk can refuse a new block";
}

TEST_F(ControlFileTest, NobodyIsAskedWhereNobodyRunsOrWaits) {
  const auto none = ControlClient::Connect(db_);
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(*none, nullptr);
  ControlFile held = *ControlFile::Hold(db_);
  ASSERT_TRUE(held.SayWaits("the disk is full\x1b[2J").ok());
  const auto waits = ControlClient::Connect(db_);
  EXPECT_EQ(waits.status().code(), StatusCode::kUnavailable);
  EXPECT_NE(waits.status().message().find("the disk is full\\x1b[2J"), std::string::npos)
      << waits.status().message();
  ASSERT_TRUE(held.SayEndpoint("ipc://" + db_ + "/coordinator.ipc").ok());
  EXPECT_FALSE(ControlClient::Connect(db_).ok()) << "without DB/operator.key";
}

TEST(ObedienceTexts, SayWhoHasNotYet) {
  Obedience all;
  EXPECT_EQ(ObedienceText(all), "no worker is connected; those that come will obey it");
  all.workers = 6;
  all.took = std::chrono::milliseconds(349);
  EXPECT_EQ(ObedienceText(all), "applied by 6 of 6 workers in 0.3 s");
  all.workers = 1;
  EXPECT_EQ(ObedienceText(all), "applied by 1 of 1 worker in 0.3 s");
  Obedience some;
  some.workers = 20;
  for (int i = 0; i < 10; ++i) some.not_yet.push_back(StrCat("w", i));
  EXPECT_EQ(ObedienceText(some),
            "applied by 10 of 20 workers in 0.0 s; not yet by w0, w1, w2, w3, w4, w5, w6, w7 and 2 "
            "more");
}

}  // namespace
}  // namespace hark

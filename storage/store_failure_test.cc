// The store on a disk that fails (storage/testing/frail_disk.h): what RocksDB does by itself, below
// anything of ours. coordinator/power_cut_test.cc plays whole runs.

#include <gtest/gtest.h>

#include "storage/store.h"
#include "storage/testing/frail_disk.h"

namespace hark {
namespace {

Status Put(Store& store, const std::string& name, bool sync) {
  const auto write = store.NewWrite();
  write->PutMeta(name, std::string(100, 'x'));
  return store.Commit(*write, sync);
}

bool Has(const Store& store, const std::string& name) {
  const auto value = store.Meta(name);
  EXPECT_TRUE(value.ok()) << value.status().message();
  return value.ok() && value->has_value();
}

TEST(StoreFailureTest, APowerCutKeepsWhatWasSyncedAndOfTheRestAPrefix) {
  int kept = 0;
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    FrailDisk disk(seed);
    auto store = std::move(disk.Open()).value();
    ASSERT_TRUE(Put(*store, "synced", true).ok());
    for (int i = 0; i < 8; ++i) ASSERT_TRUE(Put(*store, std::to_string(i), false).ok());
    disk.PowerOff();
    store.reset();
    disk.PowerOn();
    auto again = disk.Open();
    ASSERT_TRUE(again.ok()) << "seed " << seed << ": " << again.status().message();
    EXPECT_TRUE(Has(**again, "synced"));
    bool all_so_far = true;
    for (int i = 0; i < 8; ++i) {
      const bool here = Has(**again, std::to_string(i));
      EXPECT_TRUE(all_so_far || !here) << "seed " << seed << ": a hole before " << i;
      all_so_far = here;
      kept += here ? 1 : 0;
    }
  }
  // The disk keeps some and loses some, or the test shows nothing.
  EXPECT_GT(kept, 40);
  EXPECT_LT(kept, 280);
}

TEST(StoreFailureTest, ADiskThatLiesAboutSyncsLosesWhatItPromised) {
  int lost = 0;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    FrailDisk disk(seed);
    auto store = std::move(disk.Open()).value();
    disk.LieAboutSyncs(true);
    ASSERT_TRUE(Put(*store, "promised", true).ok());
    disk.PowerOff();
    store.reset();
    disk.PowerOn();
    lost += Has(**disk.Open(), "promised") ? 0 : 1;
  }
  EXPECT_GT(lost, 0);
}

class StoreErrorTest : public testing::Test {
 protected:
  // A store whose every write fails after the next `after` of the disk's. The first Commit that
  // does is failed_, of the name lost_.
  void BreakAfter(uint64_t after, FrailDisk::Fault fault) {
    disk_ = std::make_unique<FrailDisk>(after);
    store_ = std::move(disk_->Open()).value();
    ASSERT_TRUE(Put(*store_, "before", true).ok());
    disk_->FailWrites(after, 1'000'000, fault);
    failed_ = nullptr;
    for (int i = 0; failed_ == nullptr; ++i) {
      auto write = store_->NewWrite();
      lost_ = std::to_string(i);
      write->PutMeta(lost_, "y");
      if (!store_->Commit(*write, true).ok()) failed_ = std::move(write);
    }
    EXPECT_FALSE(Has(*store_, lost_));
    EXPECT_FALSE(Put(*store_, "too early", true).ok());
    EXPECT_FALSE(store_->Resume().ok()) << "the disk fails still";
    disk_->Heal();
  }

  // What a power cut leaves of it all.
  void Reopen() {
    disk_->PowerOff();
    store_.reset();
    disk_->PowerOn();
    auto again = disk_->Open();
    ASSERT_TRUE(again.ok()) << again.status().message();
    store_ = std::move(again).value();
    EXPECT_TRUE(Has(*store_, "before"));
    EXPECT_FALSE(Has(*store_, "too early"));
  }

  std::unique_ptr<FrailDisk> disk_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<StoreWrite> failed_;
  std::string lost_;
};

TEST_F(StoreErrorTest, Row16AfterAFullDiskItGoesOnWithoutReopeningAndTheSameWriteCounts) {
  for (uint64_t after = 0; after < 12; ++after) {
    BreakAfter(after, FrailDisk::Fault::kFull);
    const Status status = store_->Resume();
    ASSERT_TRUE(status.ok()) << "after " << after << ": " << status.message();
    EXPECT_FALSE(Has(*store_, lost_));
    ASSERT_TRUE(store_->Commit(*failed_, true).ok());
    EXPECT_TRUE(Has(*store_, lost_));
    Reopen();
    EXPECT_TRUE(Has(*store_, lost_));
  }
}

// RocksDB 7.8 takes an error of the device for fatal: who goes on opens the store again.
TEST_F(StoreErrorTest, Row16AfterAnErrorOfTheDeviceOnlyReopeningHelps) {
  for (uint64_t after = 0; after < 12; ++after) {
    BreakAfter(after, FrailDisk::Fault::kIo);
    EXPECT_EQ(store_->Resume().code(), StatusCode::kIo);
    Reopen();
    EXPECT_TRUE(Put(*store_, "afterwards", true).ok());
  }
}

}  // namespace
}  // namespace hark

#include "api/view_keeper.h"

#include <gtest/gtest.h>

#include <atomic>

#include "base/testing/temp_directory.h"

namespace hark {
namespace {

constexpr Duration kOften = std::chrono::milliseconds(1);

proto::RunRow RunNamed(uint32_t id, const std::string& name) {
  proto::RunRow run;
  run.set_id(id);
  run.set_name(name);
  return run;
}

void Put(Store& store, const proto::RunRow& run) {
  const auto write = store.NewWrite();
  write->PutRun(run);
  ASSERT_TRUE(store.Commit(*write, true).ok());
}

TEST(ViewKeeperTest, SeesWhatIsWrittenBesideItAndKeepsOlderViewsReadable) {
  const TempDirectory directory;
  auto store = Store::Open(directory.path(), Store::Mode::kReadWrite).value();
  Put(*store, RunNamed(1, "first"));
  const auto keeper = ViewKeeper::OfDirectory(directory.path(), kOften).value();
  const auto old = keeper->Newest();
  EXPECT_EQ(old->store->Runs()->size(), 1U);
  Put(*store, RunNamed(2, "second"));
  while (keeper->Newest()->store->Runs()->size() < 2) std::this_thread::yield();
  EXPECT_GT(keeper->Newest()->generation, old->generation);
  EXPECT_EQ(old->store->Runs()->size(), 1U);
}

TEST(ViewKeeperTest, AnUnchangedStoreKeepsItsView) {
  std::atomic<int> looks = 0, taken = 0;
  const std::shared_ptr<Store> store = Store::OpenInMemory().value();
  const auto keeper = ViewKeeper::Start(
                          [&]() -> Result<ApiView> {
                            ++taken;
                            return ApiView{store, store->ReadHistory(), 0};
                          },
                          [&] {
                            ++looks;
                            return std::string("same");
                          },
                          kOften)
                          .value();
  while (looks < 20) std::this_thread::yield();
  EXPECT_EQ(taken, 1);
}

TEST(ViewKeeperTest, AViewThatCannotBeTakenLeavesTheOlderOne) {
  std::atomic<int> looks = 0;
  const std::shared_ptr<Store> store = Store::OpenInMemory().value();
  const auto keeper = ViewKeeper::Start(
                          [&]() -> Result<ApiView> {
                            if (looks > 1) return IoError("gone");
                            return ApiView{store, store->ReadHistory(), 0};
                          },
                          [&] { return std::to_string(++looks); }, kOften)
                          .value();
  while (looks < 10) std::this_thread::yield();
  EXPECT_EQ(keeper->Newest()->generation, 1U);
}

TEST(ViewKeeperTest, NoStoreIsToldAtOnce) {
  EXPECT_FALSE(ViewKeeper::OfDirectory("/nowhere", kOften).ok());
}

}  // namespace
}  // namespace hark

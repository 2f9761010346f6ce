#include "coordinator/backup_desk.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/testing/temp_directory.h"

namespace hark {
namespace {

class BackupDeskTest : public ::testing::Test {
 protected:
  BackupDeskTest() : store_(*Store::Open(directory_ / "db", Store::Mode::kReadWrite)) {
    const auto write = store_->NewWrite();
    proto::RunRow run;
    run.set_id(1);
    run.set_name("r");
    write->PutRun(run);
    EXPECT_TRUE(store_->Commit(*write, true).ok());
  }

  static proto::BackUp To(const std::string& to) {
    proto::BackUp request;
    request.set_to(to);
    return request;
  }

  // Asks after a backup until it is done.
  static Result<proto::BackupState> Await(BackupDesk& desk, uint64_t ticket) {
    proto::BackUp request;
    request.set_ticket(ticket);
    for (;;) {
      Result<proto::BackupState> state = desk.On(request);
      if (!state.ok() || state->done()) return state;
      std::this_thread::yield();  // the copying has a thread of its own
    }
  }

  TempDirectory directory_;
  std::unique_ptr<Store> store_;
};

TEST_F(BackupDeskTest, ABackupIsBegunAskedAfterAndCanBeRestored) {
  BackupDesk desk(*store_);
  const auto begun = desk.On(To(directory_ / "backups"));
  ASSERT_TRUE(begun.ok()) << begun.status().message();
  EXPECT_FALSE(begun->done());
  const auto done = Await(desk, begun->ticket());
  ASSERT_TRUE(done.ok()) << done.status().message();
  EXPECT_EQ(done->id(), 1U);
  EXPECT_GT(done->bytes(), 0U);
  ASSERT_TRUE(RestoreStore(directory_ / "backups", 0, directory_ / "new").ok());
  const auto restored = Store::Open(directory_ / "new", Store::Mode::kReadOnly);
  ASSERT_TRUE(restored.ok());
  EXPECT_TRUE((*restored)->FindRun("r").ok());
}

TEST_F(BackupDeskTest, TheStoreIsWrittenWhileItIsCopied) {
  BackupDesk desk(*store_);
  const auto begun = desk.On(To(directory_ / "backups"));
  ASSERT_TRUE(begun.ok());
  for (uint32_t id = 2; id < 200; ++id) {
    const auto write = store_->NewWrite();
    proto::RunRow run;
    run.set_id(id);
    run.set_name(std::to_string(id));
    write->PutRun(run);
    ASSERT_TRUE(store_->Commit(*write, false).ok());
  }
  ASSERT_TRUE(Await(desk, begun->ticket()).ok());
  ASSERT_TRUE(RestoreStore(directory_ / "backups", 0, directory_ / "new").ok());
  const auto restored = Store::Open(directory_ / "new", Store::Mode::kReadOnly);
  ASSERT_TRUE(restored.ok());
  EXPECT_TRUE((*restored)->FindRun("r").ok());
}

TEST_F(BackupDeskTest, OnlyAbsolutePathsAndTicketsItGaveAreTaken) {
  BackupDesk desk(*store_);
  for (const std::string& path :
       {std::string(), std::string("backups"), std::string("/a\0b", 4), std::string(5000, '/')}) {
    EXPECT_EQ(desk.On(To(path)).status().code(), StatusCode::kInvalidInput);
  }
  proto::BackUp request;
  request.set_ticket(7);
  EXPECT_EQ(desk.On(request).status().code(), StatusCode::kInvalidInput);
}

TEST_F(BackupDeskTest, WhatGoesWrongIsTheAnswer) {
  BackupDesk desk(*store_);
  const auto begun = desk.On(To(directory_ / "db/inside"));
  ASSERT_TRUE(begun.ok());
  EXPECT_EQ(Await(desk, begun->ticket()).status().code(), StatusCode::kInvalidInput);
}

}  // namespace
}  // namespace hark

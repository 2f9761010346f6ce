#include "storage/store.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/testing/temp_directory.h"
#include "keys/key_id.h"
#include "storage/schema.h"
#include "storage/seen_merge.h"

namespace hark {
namespace {

std::unique_ptr<Store> OpenOrDie(const std::string& path, Store::Mode mode) {
  Result<std::unique_ptr<Store>> store = Store::Open(path, mode);
  EXPECT_TRUE(store.ok()) << store.status().message();
  return std::move(store).value();
}

Address Host(uint8_t last) {
  return Address::V4(0x7f000000U + last);
}

// A run with one host a call, showing `key` on port 25.
void WriteHost(Store& store, uint8_t last, std::string_view key_seed, int64_t when = 1000) {
  const auto write = store.NewWrite();
  proto::RunRow run;
  run.set_id(1);
  run.set_name("XX-1");
  write->PutRun(run);
  proto::HostRow host;
  host.set_started_unix_ms(when);
  write->PutHost(1, Host(last), host);
  proto::PortRow row;
  row.mutable_observation()->set_port(25);
  row.mutable_observation()->set_duration_ms(static_cast<uint32_t>(when));
  row.add_keys(Sha256(key_seed));
  write->PutPort(1, Host(last), 25, row);
  ASSERT_TRUE(store.Commit(*write, true).ok());
}

std::vector<KeyUse> KeyUses(const Store& store) {
  std::vector<KeyUse> uses;
  auto reader = store.ReadRun("XX-1");
  EXPECT_TRUE(reader.ok());
  EXPECT_TRUE((*reader)
                  ->ForEachKeyUse([&](const KeyUse& use) {
                    uses.push_back(use);
                    return Status::Ok();
                  })
                  .ok());
  return uses;
}

TEST(StoreTest, GivesBackWhatWasCommittedAfterReopening) {
  TempDirectory dir;
  {
    const auto store = OpenOrDie(dir.path(), Store::Mode::kReadWrite);
    WriteHost(*store, 2, "k");
    WriteHost(*store, 1, "k");
  }
  const auto store = OpenOrDie(dir.path(), Store::Mode::kReadOnly);
  const std::vector<KeyUse> uses = KeyUses(*store);
  ASSERT_EQ(uses.size(), 2U);
  EXPECT_EQ(uses[0].address, Host(1));
  EXPECT_EQ(uses[1].address, Host(2));
  EXPECT_EQ(uses[0].port, 25);
  EXPECT_EQ(uses[0].key.bytes(), Sha256("k"));
}

uintmax_t BytesInLogs(const std::string& path) {
  uintmax_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() == ".log") bytes += entry.file_size();
  }
  return bytes;
}

TEST(StoreTest, LeavesNothingInTheLogToReplayWhenItIsClosed) {
  TempDirectory dir;
  auto writer = OpenOrDie(dir.path(), Store::Mode::kReadWrite);
  WriteHost(*writer, 1, "k");
  EXPECT_GT(BytesInLogs(dir.path()), 0U);
  // A reader that is still there keeps the store open, and is no hindrance.
  auto reader = std::move(writer->ReadRun("XX-1")).value();
  writer.reset();
  EXPECT_GT(BytesInLogs(dir.path()), 0U);
  reader.reset();
  EXPECT_EQ(BytesInLogs(dir.path()), 0U);
  EXPECT_EQ(KeyUses(*OpenOrDie(dir.path(), Store::Mode::kReadOnly)).size(), 1U);
}

TEST(StoreTest, ShowsNothingOfAWriteThatWasNotCommitted) {
  const auto store = std::move(Store::OpenInMemory()).value();
  const auto write = store->NewWrite();
  write->PutMeta("a", "1");
  EXPECT_FALSE(store->Meta("a")->has_value());
  ASSERT_TRUE(store->Commit(*write, true).ok());
  EXPECT_EQ(store->Meta("a")->value(), "1");
}

TEST(StoreTest, AReaderKeepsItsViewWhileOthersWrite) {
  const auto store = std::move(Store::OpenInMemory()).value();
  WriteHost(*store, 1, "k");
  const auto reader = std::move(store->ReadRun("XX-1")).value();
  WriteHost(*store, 2, "k");
  int hosts = 0;
  ASSERT_TRUE(reader
                  ->ForEachHost([&](const Address&, const proto::HostRow&) {
                    ++hosts;
                    return Status::Ok();
                  })
                  .ok());
  EXPECT_EQ(hosts, 1);
}

TEST(StoreTest, DigestDependsOnFactsAndNotOnOrderOrTime) {
  const auto a = std::move(Store::OpenInMemory()).value();
  const auto b = std::move(Store::OpenInMemory()).value();
  WriteHost(*a, 1, "k", 1000);
  WriteHost(*a, 2, "l", 2000);
  WriteHost(*b, 2, "l", 7000);
  WriteHost(*b, 1, "k", 9000);
  EXPECT_EQ(*a->LogicalDigest("XX-1"), *b->LogicalDigest("XX-1"));
  WriteHost(*b, 3, "k");
  EXPECT_NE(*a->LogicalDigest("XX-1"), *b->LogicalDigest("XX-1"));
}

TEST(StoreTest, ARowThatReplacesAnotherTakesItsIndexEntriesAway) {
  const auto store = std::move(Store::OpenInMemory()).value();
  WriteHost(*store, 1, "old");
  WriteHost(*store, 1, "new");
  std::vector<KeyUse> uses = KeyUses(*store);
  ASSERT_EQ(uses.size(), 1U);
  EXPECT_EQ(uses[0].key.bytes(), Sha256("new"));
  EXPECT_EQ(store->FindPort(1, Host(1), 25)->keys(0), Sha256("new"));
  // Twice in one write, and a key that both rows have.
  const auto write = store->NewWrite();
  proto::PortRow row;
  row.add_keys(Sha256("new"));
  row.add_keys(Sha256("first"));
  write->PutPort(1, Host(1), 25, row);
  row.set_keys(1, Sha256("second"));
  write->PutPort(1, Host(1), 25, row);
  ASSERT_TRUE(store->Commit(*write, false).ok());
  uses = KeyUses(*store);
  ASSERT_EQ(uses.size(), 2U);
  for (const KeyUse& use : uses) {
    EXPECT_TRUE(use.key.bytes() == Sha256("new") || use.key.bytes() == Sha256("second"));
  }
}

TEST(StoreTest, KeepsTheRevisitListsOfARun) {
  const auto store = std::move(Store::OpenInMemory()).value();
  const auto write = store->NewWrite();
  for (uint64_t i = 0; i < 300; ++i) {
    StoredRevisit revisit;
    revisit.list = 1 + static_cast<uint32_t>(i % 2);
    revisit.position = i / 2;
    revisit.row.set_address(std::string(Host(static_cast<uint8_t>(i)).bytes()));
    revisit.row.set_due_unix_ms(static_cast<int64_t>(i));
    write->PutRevisit(1, revisit);
  }
  ASSERT_TRUE(store->Commit(*write, false).ok());
  const auto some = *store->Revisits(1, 2, 1, 3);
  ASSERT_EQ(some.size(), 2U);
  EXPECT_EQ(some[1], Host(5));
  EXPECT_FALSE(store->Revisits(1, 2, 149, 151).ok());
  std::vector<int64_t> due;
  ASSERT_TRUE(store
                  ->ForEachRevisit(1,
                                   [&](const StoredRevisit& revisit) {
                                     due.push_back(revisit.row.due_unix_ms());
                                     EXPECT_EQ(revisit.position, (due.size() - 1) % 150);
                                     return Status::Ok();
                                   })
                  .ok());
  ASSERT_EQ(due.size(), 300U);
  EXPECT_EQ(due[149], 298);
  EXPECT_EQ(due[150], 1);
}

TEST(StoreTest, BringsAStoreOfTheLastVersionUpToDate) {
  TempDirectory dir;
  {
    const auto store = OpenOrDie(dir.path(), Store::Mode::kReadWrite);
    WriteHost(*store, 1, "k");
    const auto write = store->NewWrite();
    write->PutMeta("schema_version", "1");
    ASSERT_TRUE(store->Commit(*write, true).ok());
  }
  {
    const auto reader = OpenOrDie(dir.path(), Store::Mode::kReadOnly);
    EXPECT_EQ(KeyUses(*reader).size(), 1U);
    EXPECT_EQ(reader->Meta("schema_version")->value(), "1");
  }
  const auto store = OpenOrDie(dir.path(), Store::Mode::kReadWrite);
  EXPECT_EQ(store->Meta("schema_version")->value(), "4");
}

TEST(StoreTest, RemovesWhatOlderStoresHeldAndNobodyReads) {
  TempDirectory dir;
  const std::string retired(schema::kRetiredFamily);
  {
    const auto store = OpenOrDie(dir.path(), Store::Mode::kReadWrite);
    WriteHost(*store, 1, "k");
    const auto write = store->NewWrite();
    write->PutMeta("schema_version", "2");
    ASSERT_TRUE(store->Commit(*write, true).ok());
  }
  {
    std::vector<std::string> names;
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, dir.path(), &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : names)
      families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    rocksdb::DB* opened = nullptr;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    ASSERT_TRUE(rocksdb::DB::Open({}, dir.path(), families, &handles, &opened).ok());
    const std::unique_ptr<rocksdb::DB> db(opened);
    rocksdb::ColumnFamilyOptions options;
    options.merge_operator = MakeSeenMerge();
    ASSERT_TRUE(db->CreateColumnFamily(options, retired, &handles.emplace_back()).ok());
    for (const char* value : {"\1\x08\1", "\1\x08\2"}) {
      ASSERT_TRUE(db->Merge({}, handles.back(), "a host", value).ok());
    }
    for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
  }
  EXPECT_EQ(KeyUses(*OpenOrDie(dir.path(), Store::Mode::kReadOnly)).size(), 1U);
  for (int again = 0; again < 2; ++again) {
    const auto store = OpenOrDie(dir.path(), Store::Mode::kReadWrite);
    EXPECT_EQ(store->Meta("schema_version")->value(), "4");
    EXPECT_EQ(KeyUses(*store).size(), 1U);
  }
  std::vector<std::string> names;
  ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, dir.path(), &names).ok());
  EXPECT_EQ(std::count(names.begin(), names.end(), retired), 0);
}

TEST(StoreTest, RefusesASecondWriterWithOneClearLine) {
  TempDirectory dir;
  const auto store = OpenOrDie(dir.path(), Store::Mode::kReadWrite);
  const auto second = Store::Open(dir.path(), Store::Mode::kReadWrite);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), StatusCode::kInvalidInput);
  EXPECT_NE(second.status().message().find("in use by another hark"), std::string::npos);
}

TEST(StoreTest, ReadsBesideAWriter) {
  TempDirectory dir;
  const auto writer = OpenOrDie(dir.path(), Store::Mode::kReadWrite);
  WriteHost(*writer, 1, "k");
  const auto reader = OpenOrDie(dir.path(), Store::Mode::kReadOnly);
  EXPECT_EQ(KeyUses(*reader).size(), 1U);
}

TEST(StoreTest, OpensBesideAWriterThatPutsTablesTogether) {
  TempDirectory dir;
  const auto writer = OpenOrDie(dir.path(), Store::Mode::kReadWrite);
  // Few enough to end before a reader gives up, however slow the machine.
  constexpr int kWrites = 150, kReaders = 40;
  std::thread writing([&] {
    for (int i = 0; i < kWrites; ++i) {
      const auto write = writer->NewWrite();
      write->PutSighting({Host(static_cast<uint8_t>(i % 250)), 22, i, {OutcomeFact(0, 7)}});
      ASSERT_TRUE(writer->CommitBulk(*write).ok());
      std::this_thread::sleep_for(std::chrono::milliseconds(3));  // still far more than any writer
    }
  });
  int opened = 0;
  for (int i = 0; i < kReaders; ++i) {
    const auto reader = Store::Open(dir.path(), Store::Mode::kReadOnly);
    EXPECT_TRUE(reader.ok()) << reader.status().message();
    opened += reader.ok() && (*reader)->Meta("schema_version").ok() ? 1 : 0;
  }
  writing.join();
  EXPECT_EQ(opened, kReaders);
}

TEST(StoreTest, LeavesOtherPeoplesDirectoriesAlone) {
  TempDirectory dir;
  std::ofstream(dir.path() + "/thesis.tex") << "x";
  const auto store = Store::Open(dir.path(), Store::Mode::kReadWrite);
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.status().code(), StatusCode::kInvalidInput);
  const auto missing = Store::Open(dir.path() + "/none", Store::Mode::kReadOnly);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.status().code(), StatusCode::kInvalidInput);
  EXPECT_FALSE(std::filesystem::exists(dir.path() + "/none"));
}

TEST(StoreTest, KeepsListenersInOrderOfDiscovery) {
  const auto store = std::move(Store::OpenInMemory()).value();
  const auto write = store->NewWrite();
  for (uint64_t i = 0; i < 300; ++i) write->PutListener(1, i, Host(static_cast<uint8_t>(300 - i)));
  ASSERT_TRUE(store->Commit(*write, false).ok());
  EXPECT_EQ(*store->ListenerCount(1), 300U);
  EXPECT_EQ(*store->ListenerCount(2), 0U);
  const auto some = *store->Listeners(1, 255, 258);
  ASSERT_EQ(some.size(), 3U);
  EXPECT_EQ(some[0], Host(45));
}

}  // namespace
}  // namespace hark

// Statistics, check, repair, backup, restore and prune of a store.

#include <gtest/gtest.h>
#include <rocksdb/write_batch.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "base/random.h"
#include "base/strings.h"
#include "base/testing/temp_directory.h"
#include "keys/certificate.h"
#include "keys/key_id.h"
#include "keys/ssh_key.h"
#include "keys/testing/test_ca.h"
#include "storage/backup.h"
#include "storage/check.h"
#include "storage/prune.h"
#include "storage/remember.h"
#include "storage/rocks.h"
#include "storage/stats.h"

namespace hark {
namespace {

using schema::Family;

constexpr int64_t kDay = 86'400;
constexpr int64_t kFirst = 1'700'000'000;

std::string BlobNamed(const std::string& seed) {
  return std::string("\0\0\0\x0bssh-ed25519\0\0\0\x20", 19) + Sha256(seed);
}

class CareTest : public ::testing::Test {
 protected:
  CareTest() : store_(Open("db")) {}

  std::unique_ptr<Store> Open(const std::string& name, Store::Mode mode = Store::Mode::kReadWrite) {
    auto store = Store::Open(directory_ / name, mode);
    EXPECT_TRUE(store.ok()) << store.status().message();
    return std::move(store).value();
  }

  static Address HostAt(uint32_t host) { return Address::V4(0x0a000000 + host); }

  // Each host with an SSH key of its own, and a certificate that all of the run share.
  static Status PutRun(Store& store, uint32_t id, uint32_t hosts, int64_t unix_s) {
    const auto write = store.NewWrite();
    proto::RunRow run;
    run.set_id(id);
    run.set_name(StrCat("run-", id));
    run.set_state(proto::RunRow::DONE);
    run.set_created_unix_ms(unix_s * 1000);
    run.set_finished_unix_ms(unix_s * 1000 + 1000);
    run.set_target_set(Sha256(StrCat("targets ", id)));
    write->PutTargetSet(run.target_set(), StrCat("targets ", id));
    write->PutRun(run);
    proto::JobRow job;
    job.set_id(1);
    write->PutJob(id, job);
    for (uint32_t i = 0; i < hosts; ++i) PutHost(*write, id, i, unix_s);
    return store.Commit(*write, true);
  }

  static void PutHost(StoreWrite& write, uint32_t run, uint32_t number, int64_t unix_s) {
    static const TestCertificate certificate = TestCa("root").Issue({.names = {"a.example"}});
    proto::HostRow host;
    host.set_started_unix_ms(unix_s * 1000);
    write.PutHost(run, HostAt(number), host);
    proto::PortRow row;
    row.mutable_observation()->set_port(22);
    const std::string blob = BlobNamed(std::to_string(number));
    proto::SshHostKey& key = *row.mutable_observation()->mutable_ssh()->add_keys();
    key.set_blob(blob);
    row.add_keys(std::string(ReadSshKey(blob).id.bytes()));
    write.PutPort(run, HostAt(number), 22, row);
    proto::PortRow tls;
    tls.mutable_observation()->set_port(443);
    tls.mutable_observation()->mutable_tls()->set_version(0x303);
    tls.mutable_observation()->mutable_tls()->add_chain_sha256(Sha256(certificate.der));
    tls.add_keys(std::string(KeyIdOfCertificate(certificate.der)->bytes()));
    write.PutPort(run, HostAt(number), 443, tls);
    write.PutCertificate(Sha256(certificate.der), certificate.der);
  }

  void Remember(uint32_t id) {
    const auto done =
        RememberRun(*store_, *store_->FindRun(StrCat("run-", id)), [](uint64_t) { return true; });
    ASSERT_TRUE(done.ok()) << done.status().message();
    ASSERT_TRUE(*done);
  }

  static std::string Digest(const Store& store, const std::string& run) {
    const auto digest = store.LogicalDigest(run);
    return digest.ok() ? HexEncode(*digest) : digest.status().message();
  }

  // Of all entries of a family.
  static std::string Content(const Store& store, Family family) {
    std::string digest;
    EXPECT_TRUE(RocksOf(store)
                    ->ForEach(family, "", nullptr,
                              [&](std::string_view key, std::string_view value) {
                                digest = Sha256(digest + StrCat(key.size(), "/", key, value));
                                return Status::Ok();
                              })
                    .ok());
    return HexEncode(digest);
  }

  static std::vector<std::string> Contents(const Store& store) {
    std::vector<std::string> out;
    for (int i = 0; i < schema::kFamilyCount; ++i) {
      out.push_back(Content(store, static_cast<Family>(i)));
    }
    return out;
  }

  static uint64_t Entries(const Store& store, Family family) {
    uint64_t entries = 0;
    EXPECT_TRUE(RocksOf(store)
                    ->ForEach(family, "", nullptr,
                              [&](std::string_view, std::string_view) {
                                ++entries;
                                return Status::Ok();
                              })
                    .ok());
    return entries;
  }

  // Takes every `nth` entry out of a family, and gives how many.
  uint64_t Spoil(Family family, uint64_t nth) {
    rocksdb::WriteBatch batch;
    uint64_t seen = 0, gone = 0;
    const auto rocks = RocksOf(*store_);
    EXPECT_TRUE(rocks
                    ->ForEach(family, "", nullptr,
                              [&](std::string_view key, std::string_view) {
                                if (seen++ % nth != 0) return Status::Ok();
                                batch.Delete(rocks->family(family),
                                             rocksdb::Slice(key.data(), key.size()));
                                ++gone;
                                return Status::Ok();
                              })
                    .ok());
    EXPECT_TRUE(rocks->db().Write({}, &batch).ok());
    return gone;
  }

  void Plant(Family family, const std::string& key, const std::string& value = "") {
    const auto rocks = RocksOf(*store_);
    EXPECT_TRUE(rocks->db().Put({}, rocks->family(family), key, value).ok());
  }

  static uint64_t CountOf(const CheckReport& report, std::string_view what) {
    for (const CheckFinding& finding : report.findings) {
      if (finding.what == what) return finding.count;
    }
    return 0;
  }

  static std::string Words(const CheckReport& report) {
    std::string out;
    for (const CheckFinding& finding : report.findings) {
      out += StrCat(finding.count, " ", finding.what, "\n");
    }
    return out;
  }

  TempDirectory directory_;
  std::unique_ptr<Store> store_;
};

TEST_F(CareTest, StatisticsCountWhatIsThere) {
  ASSERT_TRUE(PutRun(*store_, 1, 10, kFirst).ok());
  Remember(1);
  const auto stats = ReadStoreStats(*store_, true);
  ASSERT_TRUE(stats.ok()) << stats.status().message();
  EXPECT_EQ(stats->schema_version, std::to_string(schema::kVersion));
  ASSERT_EQ(stats->families.size(), static_cast<size_t>(schema::kFamilyCount));
  EXPECT_EQ(stats->families[static_cast<size_t>(Family::kRecords)].entries, 30U);
  EXPECT_EQ(stats->history.ports, 20U);
  EXPECT_EQ(stats->history_hosts, 10U);
  ASSERT_EQ(stats->runs.size(), 1U);
  EXPECT_TRUE(stats->runs[0].remembered);
  EXPECT_EQ(stats->runs[0].jobs, 1U);
}

TEST_F(CareTest, AGoodStoreHasNoFindings) {
  ASSERT_TRUE(PutRun(*store_, 1, 50, kFirst).ok());
  ASSERT_TRUE(PutRun(*store_, 2, 60, kFirst + kDay).ok());
  Remember(1);
  Remember(2);
  const auto report = CheckStore(*store_, false);
  ASSERT_TRUE(report.ok()) << report.status().message();
  EXPECT_EQ(Words(*report), "");
  EXPECT_GT(report->entries, 500U);
}

TEST_F(CareTest, IndexEntriesThatAreGoneAreFoundAndMadeAgain) {
  ASSERT_TRUE(PutRun(*store_, 1, 50, kFirst).ok());
  Remember(1);
  const std::vector<std::string> good = Contents(*store_);
  const uint64_t keys = Spoil(Family::kByKey, 3);
  const uint64_t uses = Spoil(Family::kFactUses, 4);
  const uint64_t names = Spoil(Family::kFactNames, 5);
  const auto found = CheckStore(*store_, false);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(CountOf(*found, "keys of records that are not in the key index"), keys);
  EXPECT_EQ(CountOf(*found, "facts of timelines that are not in their index"), uses);
  EXPECT_EQ(CountOf(*found, "facts that cannot be found by a name of theirs"), names);
  EXPECT_EQ(found->repaired, 0U);
  EXPECT_NE(Contents(*store_), good);
  const auto repaired = CheckStore(*store_, true);
  ASSERT_TRUE(repaired.ok());
  EXPECT_EQ(repaired->repaired, keys + uses + names);
  EXPECT_EQ(Contents(*store_), good);
  EXPECT_EQ(Words(*CheckStore(*store_, false)), "");
}

TEST_F(CareTest, IndexEntriesOfNothingAreFoundAndTakenOut) {
  ASSERT_TRUE(PutRun(*store_, 1, 5, kFirst).ok());
  Remember(1);
  const std::vector<std::string> good = Contents(*store_);
  const KeyId stranger = *KeyId::FromBytes(Sha256("stranger"));
  Plant(Family::kByKey, schema::ByKeyKey(1, {stranger, HostAt(1), 22}));
  Plant(Family::kByKey, schema::ByKeyKey(1, {stranger, HostAt(77), 22}));
  Plant(Family::kByKey, "short");
  const Fact fact = KeyFactOfBlob(BlobNamed("elsewhere")).fact;
  Plant(Family::kFactUses, schema::FactUseKey(fact, {HostAt(1), 22}));
  Plant(Family::kFactUses, schema::FactUseKey(fact, {HostAt(99), 22}));
  Plant(Family::kFactNames, schema::FactNamePrefix(schema::NameKind::kMd5, std::string(16, 'x')) +
                                KeyFactOfBlob(BlobNamed("1")).fact.value);
  Plant(Family::kFacts, schema::FactKey(fact), "b" + BlobNamed("of another"));
  const auto report = CheckStore(*store_, true);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(CountOf(*report, "entries of the key index without their record"), 3U);
  EXPECT_EQ(CountOf(*report, "entries of the fact index without their timeline"), 2U);
  EXPECT_EQ(CountOf(*report, "names of facts that have no such name"), 1U);
  EXPECT_EQ(CountOf(*report, "bodies that are not their fact's"), 1U);
  EXPECT_EQ(Contents(*store_), good);
}

TEST_F(CareTest, WhatCannotBeMadeAgainIsTold) {
  ASSERT_TRUE(PutRun(*store_, 1, 5, kFirst).ok());
  Spoil(Family::kCerts, 1);
  Spoil(Family::kTargets, 1);
  Plant(Family::kRecords, schema::RecordKey(1, HostAt(1), 22), "garbage");
  const auto report = CheckStore(*store_, true);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(CountOf(*report, "certificates of a chain that the store does not have"), 5U);
  EXPECT_EQ(CountOf(*report, "target sets that are not there"), 1U);
  EXPECT_EQ(CountOf(*report, "unreadable observations"), 1U);
  EXPECT_EQ(report->repaired, 0U);
  EXPECT_EQ(report->findings.front().examples.size(), 1U);
}

TEST_F(CareTest, ARestoredBackupIsTheStoreAsItWas) {
  ASSERT_TRUE(PutRun(*store_, 1, 200, kFirst).ok());
  Remember(1);
  const std::vector<std::string> then = Contents(*store_);
  const auto first = BackUpStore(*store_, directory_ / "backups");
  ASSERT_TRUE(first.ok()) << first.status().message();
  ASSERT_TRUE(PutRun(*store_, 2, 20, kFirst + kDay).ok());
  const std::vector<std::string> later = Contents(*store_);
  const auto second = BackUpStore(*store_, directory_ / "backups");
  ASSERT_TRUE(second.ok()) << second.status().message();
  ASSERT_EQ(BackupsIn(directory_ / "backups")->size(), 2U);

  ASSERT_TRUE(RestoreStore(directory_ / "backups", first->id, directory_ / "then").ok());
  ASSERT_TRUE(RestoreStore(directory_ / "backups", 0, directory_ / "later").ok());
  EXPECT_EQ(Contents(*Open("then")), then);
  const auto restored = Open("later");
  EXPECT_EQ(Contents(*restored), later);
  EXPECT_EQ(Digest(*restored, "run-2"), Digest(*store_, "run-2"));
  EXPECT_EQ(Words(*CheckStore(*restored, false)), "");
}

uint64_t BytesIn(const std::string& directory) {
  uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

TEST_F(CareTest, ASecondBackupCopiesOnlyWhatIsNew) {
  ASSERT_TRUE(PutRun(*store_, 1, 5000, kFirst).ok());
  ASSERT_TRUE(BackUpStore(*store_, directory_ / "backups").ok());
  const uint64_t first = BytesIn(directory_ / "backups");
  ASSERT_TRUE(PutRun(*store_, 2, 5, kFirst).ok());
  ASSERT_TRUE(BackUpStore(*store_, directory_ / "backups").ok());
  EXPECT_LT(BytesIn(directory_ / "backups") - first, first / 4);
}

TEST_F(CareTest, ABackupIsNeverRestoredOverSomethingAndADamagedOneNotAtAll) {
  ASSERT_TRUE(PutRun(*store_, 1, 5, kFirst).ok());
  ASSERT_TRUE(BackUpStore(*store_, directory_ / "backups").ok());
  const auto over = RestoreStore(directory_ / "backups", 0, directory_ / "db");
  EXPECT_EQ(over.status().code(), StatusCode::kInvalidInput);
  EXPECT_EQ(RestoreStore(directory_ / "backups", 9, directory_ / "new").status().code(),
            StatusCode::kInvalidInput);
  EXPECT_EQ(RestoreStore(directory_ / "nothing", 0, directory_ / "new").status().code(),
            StatusCode::kInvalidInput);
  for (const auto& entry :
       std::filesystem::directory_iterator(directory_ / "backups/shared_checksum")) {
    std::filesystem::resize_file(entry.path(), entry.file_size() - 1);
    break;
  }
  EXPECT_FALSE(RestoreStore(directory_ / "backups", 0, directory_ / "new").ok());
  EXPECT_FALSE(std::filesystem::exists(directory_ / "new"));
}

TEST_F(CareTest, WhatIsOlderGoesWithWhatNobodyElseNeeds) {
  ASSERT_TRUE(PutRun(*store_, 1, 40, kFirst).ok());
  ASSERT_TRUE(PutRun(*store_, 2, 10, kFirst + 10 * kDay).ok());
  Remember(1);
  Remember(2);
  const std::string kept = Digest(*store_, "run-2");
  const auto done = PruneStore(*store_, {kFirst + 5 * kDay, true});
  ASSERT_TRUE(done.ok()) << done.status().message();
  EXPECT_EQ(done->visits, 80U);
  EXPECT_EQ(done->places, 60U);
  EXPECT_EQ(done->runs, 1U);
  EXPECT_EQ(done->bodies, 30U);
  EXPECT_EQ(done->certificates, 0U);
  EXPECT_EQ(store_->Runs()->size(), 1U);
  EXPECT_EQ(Digest(*store_, "run-2"), kept);
  EXPECT_EQ(Entries(*store_, Family::kHistory), 20U);
  EXPECT_EQ(Entries(*store_, Family::kTargets), 1U);
  EXPECT_EQ(Words(*CheckStore(*store_, false)), "");
  const auto history = store_->ReadHistory();
  EXPECT_TRUE(history->KeysById(ReadSshKey(BlobNamed("30")).id.bytes())->empty());
  EXPECT_EQ(history->KeysById(ReadSshKey(BlobNamed("3")).id.bytes())->size(), 1U);
  const auto all = PruneStore(*store_, {kFirst + 50 * kDay, true});
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->certificates, 1U);
  for (const Family family : {Family::kRecords, Family::kByKey, Family::kCerts, Family::kHistory,
                              Family::kFactUses, Family::kFacts, Family::kFactNames}) {
    EXPECT_EQ(Entries(*store_, family), 0U) << schema::FamilyName(family);
  }
  EXPECT_TRUE(CompactStore(*store_).ok());
}

// A process that does this until it is killed at some moment; what it leaves must be good.
class KilledTest : public CareTest {
 protected:
  // work: in a child, on the store. The moments differ from round to round.
  void KillWhile(const std::function<void(Store&)>& work) {
    Random random(7);
    for (int round = 0; round < 12; ++round) {
      store_.reset();
      const pid_t child = fork();
      ASSERT_GE(child, 0);
      if (child == 0) {
        auto store = Store::Open(directory_ / "db", Store::Mode::kReadWrite);
        if (store.ok()) work(**store);
        _exit(0);
      }
      usleep(static_cast<useconds_t>(random.Below(60'000)));
      kill(child, SIGKILL);
      int how = 0;
      ASSERT_EQ(waitpid(child, &how, 0), child);
      store_ = Open("db");
    }
  }
};

TEST_F(KilledTest, AStoreAndItsOlderBackupsSurviveABackupThatIsKilled) {
  ASSERT_TRUE(PutRun(*store_, 1, 2000, kFirst).ok());
  const std::string digest = Digest(*store_, "run-1");
  ASSERT_TRUE(BackUpStore(*store_, directory_ / "backups").ok());
  KillWhile([&](Store& store) { (void)BackUpStore(store, directory_ / "backups").ok(); });
  EXPECT_EQ(Digest(*store_, "run-1"), digest);
  ASSERT_TRUE(BackUpStore(*store_, directory_ / "backups").ok());
  const auto backups = BackupsIn(directory_ / "backups");
  ASSERT_TRUE(backups.ok());
  for (const StoreBackup& backup : *backups) {
    const std::string to = StrCat("restored-", backup.id);
    const auto restored = RestoreStore(directory_ / "backups", backup.id, directory_ / to);
    ASSERT_TRUE(restored.ok()) << restored.status().message();
    EXPECT_EQ(Digest(*Open(to, Store::Mode::kReadOnly), "run-1"), digest);
  }
}

TEST_F(KilledTest, AStoreSurvivesAPruneThatIsKilledAndIsPrunedInTheEnd) {
  ASSERT_TRUE(PutRun(*store_, 1, 3000, kFirst).ok());
  ASSERT_TRUE(PutRun(*store_, 2, 1000, kFirst + 10 * kDay).ok());
  Remember(1);
  Remember(2);
  const std::string kept = Digest(*store_, "run-2");
  KillWhile([&](Store& store) { (void)PruneStore(store, {kFirst + 5 * kDay, true}).ok(); });
  EXPECT_EQ(Words(*CheckStore(*store_, false)), "");
  ASSERT_TRUE(PruneStore(*store_, {kFirst + 5 * kDay, true}).ok());
  EXPECT_EQ(Words(*CheckStore(*store_, false)), "");
  EXPECT_EQ(Digest(*store_, "run-2"), kept);
  EXPECT_EQ(Entries(*store_, Family::kHistory), 2000U);
}

TEST_F(KilledTest, ARepairThatIsKilledIsFinishedByTheNext) {
  ASSERT_TRUE(PutRun(*store_, 1, 3000, kFirst).ok());
  Remember(1);
  const std::vector<std::string> good = Contents(*store_);
  Spoil(Family::kByKey, 2);
  Spoil(Family::kFactUses, 2);
  Spoil(Family::kFactNames, 2);
  KillWhile([&](Store& store) { (void)CheckStore(store, true).ok(); });
  ASSERT_TRUE(CheckStore(*store_, true).ok());
  EXPECT_EQ(Contents(*store_), good);
}

}  // namespace
}  // namespace hark

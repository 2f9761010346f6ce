#include <gtest/gtest.h>

#include <filesystem>

#include "base/strings.h"
#include "cli/command_fixture.h"
#include "cli/db_command.h"
#include "cli/export_command.h"
#include "cli/import_command.h"

namespace hark {
namespace {

class ExportCommandTest : public CommandTest {
 protected:
  ExportCommandTest() {
    run_.mutable_run().set_id(1);
    run_.mutable_run().set_name("IE-1");
    run_.mutable_run().set_state(proto::RunRow::DONE);
    for (uint32_t host = 1; host <= 3; ++host) {
      run_.AddHost(Address::V4(0xc0000200 + host), 64496 + host)
          .set_started_unix_ms(1'700'000'000'000);
      run_.AddPort(Address::V4(0xc0000200 + host), 443, {host == 3 ? "own" : "shared"});
    }
    Store(run_);
  }

  std::string Path(const std::string& name) const { return directory_ / name; }

  std::string Digest(const std::string& db, const std::string& run = "IE-1") const {
    const auto store = hark::Store::Open(db, hark::Store::Mode::kReadOnly);
    if (!store.ok()) return store.status().message();
    const auto digest = (*store)->LogicalDigest(run);
    return digest.ok() ? HexEncode(*digest) : digest.status().message();
  }

  FakeRunReader run_;
};

TEST_F(ExportCommandTest, ARunThatWasExportedIsImportedAsTheRunItWas) {
  ASSERT_EQ(RunExport({"--db=" + db(), "--run=IE-1", "--output=" + Path("ie.ndjson")}), 0);
  EXPECT_FALSE(std::filesystem::exists(Path("ie.ndjson.partial")));
  ASSERT_EQ(RunImport({"--db=" + Path("other"), "--quiet", Path("ie.ndjson")}), 0);
  EXPECT_EQ(Digest(Path("other")), Digest(db()));
  ASSERT_EQ(RunImport({"--db=" + db(), "--quiet", "--run=again", Path("ie.ndjson")}), 0);
  EXPECT_EQ(Digest(db(), "again"), Digest(db()));
}

TEST_F(ExportCommandTest, AnImportedRunIsInTheHistoryWhichIsExportedWithoutRun) {
  ASSERT_EQ(RunExport({"--db=" + db(), "--run=IE-1", "--output=" + Path("ie.ndjson")}), 0);
  ASSERT_EQ(RunImport({"--db=" + Path("other"), "--quiet", Path("ie.ndjson")}), 0);
  ASSERT_EQ(RunExport({"--db=" + Path("other"), "--output=" + Path("history.ndjson")}), 0);
  const std::string history = *ReadFile(Path("history.ndjson"));
  EXPECT_NE(history.find("\"content\":\"history\""), std::string::npos);
  EXPECT_NE(history.find("\"host\":\"192.0.2.3\""), std::string::npos);
  ASSERT_EQ(RunImport({"--db=" + Path("third"), "--quiet", Path("history.ndjson")}), 0);
  ASSERT_EQ(RunExport({"--db=" + Path("third"), "--output=" + Path("again.ndjson")}), 0);
  EXPECT_EQ(*ReadFile(Path("again.ndjson")), history);
}

TEST_F(ExportCommandTest, EveryFormatIsWritten) {
  for (const std::string format :
       {"ndjson", "zgrab2", "passive-ssh", "known_hosts", "sshfp", "csv", "moduli", "misp"}) {
    Output(RunExport, {"--run=IE-1", "--format=" + format});
    EXPECT_EQ(exit_code_, 0) << format;
  }
  ASSERT_EQ(RunExport({"--db=" + db(), "--format=surveys", "--output=" + Path("surveys")}), 0);
  for (const std::string file :
       {"records.fresh", "fingerprints.json", "collisions.json", "cluster1.json"}) {
    EXPECT_TRUE(std::filesystem::exists(Path("surveys/" + file))) << file;
  }
  EXPECT_EQ(RunExport({"--db=" + db(), "--format=surveys", "--output=" + Path("surveys")}), 2);
}

TEST_F(ExportCommandTest, FiltersChooseHostsAndAPartIsNoWholeRun) {
  const std::string csv = Output(RunExport, {"--run=IE-1", "--format=csv", "--asn=AS64498"});
  EXPECT_NE(csv.find("192.0.2.2"), std::string::npos);
  EXPECT_EQ(csv.find("192.0.2.1"), std::string::npos);
  const std::string part = Output(RunExport, {"--run=IE-1", "--prefix=192.0.2.2/31"});
  EXPECT_EQ(part.find("\"digest\""), std::string::npos);
  EXPECT_EQ(part.find("192.0.2.1\""), std::string::npos);
}

TEST_F(ExportCommandTest, WhatTheHistoryDoesNotKnowIsSaid) {
  EXPECT_NE(Complaint(RunExport, {"--country=IE"}).find("--run=NAME"), std::string::npos);
  EXPECT_EQ(exit_code_, 2);
}

TEST_F(ExportCommandTest, AStoreIsCheckedBackedUpRestoredPrunedAndCompacted) {
  EXPECT_EQ(RunDbCheck({"--db=" + db(), "--output=/dev/null"}), 0);
  EXPECT_EQ(RunDbStats({"--db=" + db(), "--count", "--output=/dev/null"}), 0);
  EXPECT_EQ(RunDbBackup({"--db=" + db(), "--to=" + Path("backups")}), 0);
  EXPECT_EQ(RunDbBackup({"--db=" + db(), "--to=" + Path("backups")}), 0);
  EXPECT_EQ(RunDbBackup({"--db=" + db(), "--to=" + db() + "/inside"}), 2);
  EXPECT_EQ(RunDbBackup({"--db=" + Path("nothing"), "--to=" + Path("backups")}), 2);
  EXPECT_FALSE(std::filesystem::exists(Path("nothing")));
  EXPECT_EQ(RunDbRestore({"--from=" + Path("backups"), "--db=" + Path("restored")}), 0);
  EXPECT_EQ(Digest(Path("restored")), Digest(db()));
  EXPECT_EQ(RunDbRestore({"--from=" + Path("backups"), "--db=" + Path("restored")}), 2);
  EXPECT_EQ(RunDbRestore({"--from=" + Path("backups"), "--list"}), 0);
  EXPECT_EQ(RunDbPrune({"--db=" + Path("restored"), "--before=2030-01-01", "--runs"}), 0);
  EXPECT_EQ(RunDbPrune({"--db=" + Path("restored"), "--before=soon"}), 2);
  EXPECT_EQ(RunDbCompact({"--db=" + Path("restored")}), 0);
}

}  // namespace
}  // namespace hark

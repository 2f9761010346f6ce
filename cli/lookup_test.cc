#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "cli/command_fixture.h"
#include "cli/lookup_command.h"
#include "keys/key_id.h"
#include "keys/ssh_key.h"
#include "storage/sighting.h"
#include "storage/store.h"

namespace hark {
namespace {

std::string BlobOf(std::string_view word) {
  ByteWriter blob;
  blob.String32("ssh-ed25519");
  blob.String32(Sha256(word));
  return blob.Take();
}

class LookupTest : public CommandTest {
 protected:
  LookupTest() {
    See("192.0.2.1", 1'767'261'600, "SSH-2.0-old", "a");
    See("192.0.2.1", 1'769'940'000, "SSH-2.0-new\x1b[2J", "a");
    See("198.51.100.7", 1'769'940'000, "SSH-2.0-old", "a");
  }

  void See(const char* host, int64_t unix_s, std::string_view banner, const char* key) {
    const auto store = hark::Store::Open(db(), hark::Store::Mode::kReadWrite);
    ASSERT_TRUE(store.ok()) << store.status().message();
    const auto write = (*store)->NewWrite();
    write->PutSighting({*HostId::Parse(host),
                        22,
                        unix_s,
                        {KeyFactOfBlob(BlobOf(key)), BannerFact(banner), OutcomeFact(0, 7)}});
    ASSERT_TRUE((*store)->Commit(*write, true).ok());
  }

  std::string Ask(std::vector<std::string> args) { return Output(RunLookup, std::move(args)); }

  const std::string key_ = SshSha256Fingerprint(BlobOf("a"));
};

TEST_F(LookupTest, AHostIsShownWithItsFactsAndTheirDates) {
  const std::string text = Ask({"192.0.2.1"});
  EXPECT_EQ(exit_code_, 0);
  EXPECT_EQ(text.rfind("taken for an IPv4 address\n", 0), 0U) << text;
  EXPECT_NE(text.find("2026-01-01 10:00  2026-02-01 10:00          2        key      ed25519 256"),
            text.npos)
      << text;
  EXPECT_NE(text.find("gone  banner   SSH-2.0-old"), text.npos) << text;
  EXPECT_NE(text.find("SSH-2.0-new\\x1b[2J"), text.npos) << text;
}

TEST_F(LookupTest, AKeyIsShownWithItsPlaces) {
  const std::string text = Ask({key_});
  EXPECT_NE(text.find("on 2 hosts, first seen 2026-01-01 10:00, last seen 2026-02-01 10:00"),
            text.npos)
      << text;
  EXPECT_NE(text.find("198.51.100.7"), text.npos);
  const std::string narrow = Ask({key_, "--prefix=192.0.2.0/24", "--since=2026-01-15"});
  EXPECT_NE(narrow.find("on 1 host, first seen 2026-02-01 10:00"), narrow.npos) << narrow;
}

TEST_F(LookupTest, AnEnvironmentBesideTheStoreIsAskedByItsName) {
  std::filesystem::create_directory(db() + "/environments");
  std::ofstream(db() + "/environments/office") << "# ours\n203.0.113.0/24\n";
  const auto verdict = [&](const std::string& environment) {
    const std::string text = Ask({key_, "--environment=" + environment, "--format=json"});
    return nlohmann::json::parse(text)["environment"]["verdict"].get<std::string>();
  };
  EXPECT_EQ(verdict("office"), "new");
  EXPECT_EQ(verdict("198.51.100.0/24,AS64496"), "known");
  EXPECT_EQ(verdict("198.51.100.7"), "known");
  EXPECT_NE(Complaint(RunLookup, {key_, "--environment=home"}).find("no environment 'home'"),
            std::string::npos);
  EXPECT_EQ(exit_code_, 2);
  EXPECT_NE(Ask({key_, "--environment=office"}).find("new to this environment"), std::string::npos);
}

TEST_F(LookupTest, ChangesAndBannersHaveWordsOfTheirOwn) {
  const std::string changes = Ask({"changes:192.0.2.1", "--since=2026-01-15"});
  EXPECT_NE(changes.find("-  banner  SSH-2.0-old"), changes.npos) << changes;
  EXPECT_NE(changes.find("+  banner  SSH-2.0-new\\x1b[2J"), changes.npos) << changes;
  EXPECT_NE(Ask({"banner:SSH-2.0-new\\x1b[2J"}).find("on 1 host"), std::string::npos);
  EXPECT_NE(Ask({"banner:SSH-2.0-old"}).find("on 2 hosts"), std::string::npos);
}

TEST_F(LookupTest, WhatWasNeverSeenSaysWhatItWasTakenFor) {
  const std::string hash = "00000000000000000000000000000000";
  EXPECT_NE(Complaint(RunLookup, {hash})
                .find("taken for the MD5 fingerprint of an SSH key, or a "
                      "HASSH, or the SHA-256 of a certificate"),
            std::string::npos);
  EXPECT_EQ(exit_code_, 1);
  Complaint(RunLookup, {"203.0.113.9"});
  EXPECT_EQ(exit_code_, 1);
  Complaint(RunLookup, {"name:"});
  EXPECT_EQ(exit_code_, 2);
  Complaint(RunLookup, {"192.0.2.1", "--port=0"});
  EXPECT_EQ(exit_code_, 2);
  Complaint(RunLookup, {"192.0.2.1", "--environment=office"});
  EXPECT_EQ(exit_code_, 2);
}

TEST_F(LookupTest, JsonIsTheAnswerOfTheApi) {
  const auto json = nlohmann::json::parse(Ask({"192.0.2.1", "--format=json"}));
  EXPECT_EQ(json["taken_for"], "an IPv4 address");
  EXPECT_EQ(json["host"]["ports"][0]["port"], 22);
}

}  // namespace
}  // namespace hark

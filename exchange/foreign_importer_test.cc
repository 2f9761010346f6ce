#include "exchange/foreign_importer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/testing/temp_directory.h"
#include "exchange/foreign_fixture.h"
#include "exchange/history_sink.h"

namespace hark {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ListeningSink final : public ImportSink {
 public:
  Status Add(ImportedHost host) override {
    hosts.push_back(std::move(host));
    return Status::Ok();
  }
  Status Reject(const RejectedLine& line) override {
    rejected.push_back(StrCat(line.line, ": ", line.reason, ": ", line.text));
    return Status::Ok();
  }
  Status Reached(uint64_t, uint64_t) override { return Status::Ok(); }

  std::vector<ImportedHost> hosts;
  std::vector<std::string> rejected;
};

TEST(ForeignImporter, GivesARecordAndTellsWhatItLeftOut) {
  const std::unique_ptr<LineImporter> importer = MakePassiveSshImporter({});
  ListeningSink sink;
  const std::string line = R"({"ip":"192.0.2.1","port":22,"epoch":5,"banner":7,"hassh":"x"})";
  ASSERT_TRUE(importer->Line(line, 3, sink).ok());
  ASSERT_EQ(sink.hosts.size(), 1U);
  EXPECT_EQ(sink.hosts[0].unix_ms, 5000);
  EXPECT_THAT(sink.rejected, ElementsAre("3: banner: no text; hassh: not 32 hex digits: " + line));
}

TEST(ForeignImporter, AVisitThatSawNothingIsASighting) {
  const std::unique_ptr<LineImporter> importer = MakePassiveSshImporter({});
  ListeningSink sink;
  ASSERT_TRUE(importer->Line(R"({"ip":"192.0.2.1","port":22,"epoch":5})", 1, sink).ok());
  const std::vector<Sighting> sightings = SightingsOf(sink.hosts.at(0));
  ASSERT_EQ(sightings.size(), 1U);
  EXPECT_EQ(sightings[0].unix_s, 5);
  EXPECT_THAT(sightings[0].facts, IsEmpty()) << "no outcome either";
}

TEST(ForeignImporter, DatesKnownHostsByTheFlagElseByTheFile) {
  const TempDirectory folder;
  const std::string path = folder / "known_hosts";
  std::ofstream(path) << "x";
  const timespec times[] = {{100, 0}, {200, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  const std::string line = "192.0.2.1 " + KeyText(Ed25519BlobOf(1));
  const auto time_of = [&](const std::string& of, int64_t at_unix_ms) {
    ImportOptions options;
    options.path = of;
    options.at_unix_ms = at_unix_ms;
    ListeningSink sink;
    EXPECT_TRUE(MakeKnownHostsImporter(options)->Line(line, 1, sink).ok());
    return sink.hosts.empty() ? int64_t{-1} : sink.hosts[0].unix_ms;
  };
  EXPECT_EQ(time_of(path, 0), 200'000);
  EXPECT_EQ(time_of(path, 7000), 7000);
  EXPECT_EQ(time_of("-", 0), -1) << "stdin has no time";
}

TEST(ForeignImporter, IsGuessedByTheFirstLines) {
  const std::string record = R"({"banner": "x", "ip": "192.0.2.1", "host_keys": [], "hassh": ""})";
  const std::string known = "192.0.2.1 " + KeyText(Ed25519BlobOf(1));
  EXPECT_GT(GuessPassiveSsh({"{}", record}), 0);
  EXPECT_EQ(GuessPassiveSsh({"{}", known, R"({"ip":"192.0.2.1","data":{}})"}), 0);
  EXPECT_GT(GuessKnownHosts({"# 192.0.2.1:22 SSH-2.0-x", "", known}), 0);
  EXPECT_EQ(GuessKnownHosts({record}), 0);
  EXPECT_EQ(GuessKnownHosts({"just some text"}), 0);
  EXPECT_EQ(GuessImportFormat({record})->name, "passive-ssh");
  EXPECT_EQ(GuessImportFormat({known})->name, "known-hosts");
  EXPECT_EQ(GuessImportFormat({"#separator \\x09", "#fields\tts"})->name, "zeek");
}

}  // namespace
}  // namespace hark

// Imports into real stores: what is done twice, in another order, or in pieces is the same.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "analysis/clusters.h"
#include "analysis/coverage.h"
#include "analysis/host_table.h"
#include "base/testing/temp_directory.h"
#include "exchange/history_sink.h"
#include "exchange/import_fixture.h"
#include "exchange/import_queue.h"
#include "exchange/imported_key.h"
#include "exchange/run_sink.h"
#include "storage/remember.h"

namespace hark {
namespace {

using json = nlohmann::ordered_json;
using ::testing::ElementsAre;

constexpr char kRun[] = "imported";

class ImportStoreTest : public ::testing::Test {
 protected:
  static const GrabMaker& make() {
    static const GrabMaker* const maker = new GrabMaker();
    return *maker;
  }

  static std::string Ip(int n) { return StrCat("10.1.", n / 250, ".", n % 250 + 1); }

  // Hosts that share keys by threes, some refusing, with rubbish between.
  static std::string Records(int hosts) {
    std::string text;
    for (int n = 0; n < hosts; ++n) {
      json record = make().WholeHost(Ip(n));
      json& key = record["data"]["ssh"]["result"]["key_exchange"]["server_host_key"];
      const std::string blob =
          make().ed25519.substr(0, make().ed25519.size() - 32) + Sha256(StrCat("key ", n / 3));
      key = make().HostKey(blob, "ssh-ed25519");
      record["data"]["tls"] = GrabMaker::Grab("tls", json::object(), "connection-refused");
      if (n % 5 == 4) record["data"].erase("smtp");
      text += record.dump() + "\n";
      if (n % 7 == 6) text += "rubbish\n";
    }
    return text;
  }

  // As the command does it; run "" = history only.
  static Status Import(
      Store& store, const std::string& text, const std::string& run = "",
      const std::string& format = "zgrab2",
      const ImportGoesOn& goes_on = [](const ImportStanding&) { return true; }) {
    RejectFile rejects;
    const std::unique_ptr<ByteSource> bytes = ByteSource::FromString(text);
    const std::string name = ImportProgressName(bytes->identity(), format, run);
    ImportProgress from;
    HARK_ASSIGN_OR_RETURN(const std::optional<std::string> known, store.Meta(name));
    if (known) from = DecodeImportProgress(*known).value();
    std::unique_ptr<ImportTarget> target;
    if (run.empty()) {
      target = std::make_unique<HistoryTarget>(store, name, rejects, "records");
    } else {
      HARK_ASSIGN_OR_RETURN(const proto::RunRow row, OpenImportedRun(store, {run, "", "records"}));
      target = std::make_unique<RunTarget>(store, name, rejects, "records", row);
    }
    {
      ImportQueue queue(*target, from);
      HARK_ASSIGN_OR_RETURN(const bool done,
                            ReadSource(*bytes, *FindImportFormat(format),
                                       WithTime(1'700'000'000'000), from, queue, goes_on));
      HARK_RETURN_IF_ERROR(queue.Finish(done));
    }
    return run.empty() ? Status::Ok() : FinishImportedRun(store, run);
  }

  // All that history holds, bodies of keys included.
  static std::string HistoryOf(const Store& store) {
    std::string all;
    const std::unique_ptr<HistoryReader> history = store.ReadHistory();
    const auto visit = [&](const FactUse& place, const Timeline& timeline) {
      all +=
          StrCat(place.host.ToString(), " ", place.port, " ", HexEncode(timeline.Encode()), "\n");
      for (const Fact& fact : timeline.facts()) {
        if (fact.kind != FactKind::kKey) continue;
        const Result<RememberedKey> key = history->Key(fact);
        all += key.ok() ? HexEncode(key->ssh_blob + key->spki) : "no body";
      }
      return Status::Ok();
    };
    EXPECT_TRUE(history->ForEachPort(HostId(), visit).ok());
    return all;
  }
};

TEST_F(ImportStoreTest, HistoryKnowsWhatWasImported) {
  const std::unique_ptr<Store> store = *Store::OpenInMemory();
  ASSERT_TRUE(Import(*store, Records(9)).ok());
  const std::unique_ptr<HistoryReader> history = store->ReadHistory();
  const std::string blob = make().ed25519.substr(0, make().ed25519.size() - 32) + Sha256("key 1");
  const std::vector<Fact> keys = *history->KeysBySshSha256(Sha256(blob));
  ASSERT_EQ(keys.size(), 1U);
  std::vector<std::string> places;
  ASSERT_TRUE(history
                  ->ForEachUse(keys[0],
                               [&](const FactUse& use) {
                                 places.push_back(StrCat(use.host.ToString(), ":", use.port));
                                 return Status::Ok();
                               })
                  .ok());
  EXPECT_THAT(places, ElementsAre("10.1.0.4:22", "10.1.0.5:22", "10.1.0.6:22"));
  const Timeline timeline = *history->Port({*HostId::Parse("10.1.0.4"), 443});
  EXPECT_TRUE(timeline.Has(
      OutcomeFact(static_cast<uint32_t>(Outcome::kRefused), static_cast<uint32_t>(Stage::kConnect))
          .fact));
  EXPECT_EQ(timeline.first_unix_s(), 1748779205);
}

TEST_F(ImportStoreTest, OrderAndRepetitionMakeNoDifference) {
  std::vector<std::string> lines;
  const std::string text = Records(40);
  for (const std::string_view line : Split(text, '\n')) lines.emplace_back(line);
  const std::unique_ptr<Store> plain = *Store::OpenInMemory();
  ASSERT_TRUE(Import(*plain, text, kRun).ok());
  std::mt19937 random(7);
  for (int round = 0; round < 3; ++round) {
    std::shuffle(lines.begin(), lines.end(), random);
    const std::unique_ptr<Store> other = *Store::OpenInMemory();
    ASSERT_TRUE(Import(*other, Join(lines, "\n") + "\n" + text, kRun).ok());
    ASSERT_TRUE(Import(*other, text, kRun).ok());
    EXPECT_EQ(HistoryOf(*other), HistoryOf(*plain));
    EXPECT_EQ(*other->LogicalDigest(kRun), *plain->LogicalDigest(kRun));
  }
}

TEST_F(ImportStoreTest, ARunOfImportedHostsAddsUpAndClusters) {
  const std::unique_ptr<Store> store = *Store::OpenInMemory();
  ASSERT_TRUE(Import(*store, Records(12), kRun).ok());
  const std::unique_ptr<RunReader> reader = *store->ReadRun(kRun);
  EXPECT_EQ(reader->run().state(), proto::RunRow::DONE);
  EXPECT_FALSE(reader->run().settings().cancelled());
  EXPECT_THAT(reader->run().ports(), ElementsAre(22, 25, 443));
  const Coverage coverage = *ReadCoverage(*reader);
  EXPECT_TRUE(coverage.sums_to_plan) << Join(coverage.errors, "; ");
  EXPECT_EQ(coverage.plan.planned, 12U);
  EXPECT_EQ(coverage.plan.answered, 12U);
  const CoverageParts parts = *ReadCoverageParts(*reader, coverage);
  EXPECT_THAT(parts.errors, ::testing::IsEmpty());
  EXPECT_EQ(parts.ports.at(443).refused, 12U);
  EXPECT_EQ(parts.ports.at(25).pending, 2U);
  const HostTable hosts = *HostTable::Read(*reader, false);
  // All mail servers show one certificate, so they are one cluster; the rest goes by SSH keys.
  EXPECT_EQ(FindClusters(*reader, hosts)->clusters.size(), 1U);
  EXPECT_TRUE(*IsRemembered(*store, reader->run().id()));
}

TEST_F(ImportStoreTest, OneRunMayComeFromSeveralSources) {
  const std::unique_ptr<Store> store = *Store::OpenInMemory();
  ASSERT_TRUE(Import(*store, Records(3), kRun).ok());
  ASSERT_TRUE(
      Import(*store,
             make().CensysHost("192.0.2.9").dump() + make().SurveysHost("2001:db8::9").dump(), kRun,
             "surveys")
          .ok());
  const std::unique_ptr<RunReader> reader = *store->ReadRun(kRun);
  const Coverage coverage = *ReadCoverage(*reader);
  EXPECT_TRUE(coverage.sums_to_plan) << Join(coverage.errors, "; ");
  EXPECT_EQ(coverage.plan.planned, 5U);
  EXPECT_EQ(reader->run().targets6_count(), 1U);
  std::vector<std::string> found;
  const KeyId shared = *KeyId::FromBytes(Sha256(make().spki));
  ASSERT_TRUE(reader
                  ->ForEachKeyUse([&](const KeyUse& use) {
                    if (use.key == shared && use.port == 25)
                      found.push_back(use.address.ToString());
                    return Status::Ok();
                  })
                  .ok());
  // A fingerprint and a body are the same key.
  EXPECT_THAT(found, ElementsAre("10.1.0.1", "10.1.0.2", "10.1.0.3", "192.0.2.9", "2001:db8::9"));
}

TEST_F(ImportStoreTest, TheKeysOfSeveralLooksAtAPortAreAllThere) {
  const std::unique_ptr<Store> store = *Store::OpenInMemory();
  std::string text;
  for (const std::string& blob : {make().ed25519, make().rsa, make().ecdsa}) {
    json record = make().WholeHost("192.0.2.1");
    record["data"]["ssh"]["result"]["key_exchange"]["server_host_key"] = make().HostKey(blob, "x");
    text += record.dump() + "\n";
  }
  ASSERT_TRUE(Import(*store, text, kRun).ok());
  const proto::PortRow row = *store->FindPort(1, *Address::Parse("192.0.2.1"), 22);
  EXPECT_EQ(row.keys_size(), 3);
  EXPECT_EQ(row.observation().ssh().keys_size(), 3);
}

TEST_F(ImportStoreTest, NamesGoToTheHistoryOnly) {
  const std::unique_ptr<Store> store = *Store::OpenInMemory();
  json record = make().WholeHost("192.0.2.1");
  record.erase("ip");
  record["domain"] = "example.onion";
  ASSERT_TRUE(Import(*store, record.dump(), kRun).ok());
  EXPECT_EQ((*store->ReadRun(kRun))->run().planned(), 0U);
  EXPECT_EQ(store->ReadHistory()->Host(*HostId::Parse("example.onion"))->size(), 3U);
}

TEST_F(ImportStoreTest, ARunThatIsNoImportIsLeftAlone) {
  const std::unique_ptr<Store> store = *Store::OpenInMemory();
  const std::unique_ptr<StoreWrite> write = store->NewWrite();
  proto::RunRow run;
  run.set_id(3);
  run.set_name("scan");
  write->PutRun(run);
  ASSERT_TRUE(store->Commit(*write, false).ok());
  EXPECT_EQ(OpenImportedRun(*store, {"scan", "", ""}).status().code(), StatusCode::kInvalidInput);
  EXPECT_EQ(OpenImportedRun(*store, {"a/b", "", ""}).status().code(), StatusCode::kInvalidInput);
  EXPECT_EQ(OpenImportedRun(*store, {"new", "", ""})->id(), 4U);
  EXPECT_EQ(OpenImportedRun(*store, {"new", "", ""})->id(), 4U);
  EXPECT_EQ(OpenImportedRun(*store, {"new", "IE", ""}).status().code(), StatusCode::kInvalidInput);
}

TEST_F(ImportStoreTest, GoesOnWhereItWasStopped) {
  const std::string text = Records(1500);
  const std::unique_ptr<Store> whole = *Store::OpenInMemory();
  ASSERT_TRUE(Import(*whole, text, kRun).ok());
  const std::unique_ptr<Store> pieces = *Store::OpenInMemory();
  for (int asked = 0; asked < 8; ++asked) {
    int left = 2;
    ASSERT_TRUE(Import(*pieces, text, kRun, "zgrab2", [&](const ImportStanding&) {
                  return --left > 0;
                }).ok());
  }
  ASSERT_TRUE(Import(*pieces, text, kRun).ok());
  EXPECT_EQ(HistoryOf(*pieces), HistoryOf(*whole));
  EXPECT_EQ(*pieces->LogicalDigest(kRun), *whole->LogicalDigest(kRun));
  const std::string name =
      ImportProgressName(ByteSource::FromString(text)->identity(), "zgrab2", kRun);
  const ImportProgress progress = *DecodeImportProgress(**pieces->Meta(name));
  EXPECT_TRUE(progress.done);
  EXPECT_EQ(progress.counts.hosts, 1500U) << "nothing is counted twice";
  EXPECT_EQ(progress.counts.rejected, 214U);
}

// A process that dies without warning, now and then, at a place nobody chose.
TEST_F(ImportStoreTest, AKilledImportGoesOnAndNothingIsMissing) {
  const std::string text = Records(1500);
  const std::unique_ptr<Store> whole = *Store::OpenInMemory();
  ASSERT_TRUE(Import(*whole, text, kRun).ok());
  const TempDirectory folder;
  std::mt19937 random(11);
  int killed = 0;
  for (bool done = false; !done;) {
    const int records = static_cast<int>(random() % 600);
    const pid_t child = fork();
    if (child == 0) {
      Result<std::unique_ptr<Store>> store = Store::Open(folder / "db", Store::Mode::kReadWrite);
      int seen = killed < 5 ? 0 : -1'000'000;
      const Status status = Import(**store, text, kRun, "zgrab2", [&](const ImportStanding&) {
        seen += 256;
        if (seen > records) kill(getpid(), SIGKILL);
        return true;
      });
      _exit(status.ok() ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    done = WIFEXITED(status);
    killed += done ? 0 : 1;
    ASSERT_EQ(done ? WEXITSTATUS(status) : 0, 0);
  }
  EXPECT_EQ(killed, 5);
  const std::unique_ptr<Store> store = *Store::Open(folder / "db", Store::Mode::kReadOnly);
  EXPECT_EQ(HistoryOf(*store), HistoryOf(*whole));
  EXPECT_EQ(*store->LogicalDigest(kRun), *whole->LogicalDigest(kRun));
}

TEST_F(ImportStoreTest, TenThousandBentRecordsOfAFormatHurtNobody) {
  const std::string seeds[] = {make().WholeHost("192.0.2.1").dump(),
                               make().SurveysHost("192.0.2.2").dump(2),
                               make().CensysHost("192.0.2.3").dump()};
  const std::string formats[] = {"zgrab2", "surveys", "censys"};
  std::mt19937 random(3);
  for (size_t f = 0; f < 3; ++f) {
    const std::unique_ptr<Store> store = *Store::OpenInMemory();
    std::string text;
    for (int i = 0; i < 10'000; ++i) {
      std::string line = seeds[f];
      for (uint32_t n = random() % 4; n-- > 0 && !line.empty();) {
        const size_t at = random() % line.size();
        switch (random() % 5) {
          case 0:
            line[at] = static_cast<char>(random());
            break;
          case 1:
            line.erase(at, random() % 40);
            break;
          case 2:
            line.insert(at, line.substr(random() % line.size(), random() % 40));
            break;
          case 3:
            line[at] = "{}[]\",:\\0"[random() % 9];
            break;
          default:
            line.resize(at + 1);
        }
      }
      text += line + "\n";
      if (text.size() < 8'000'000 && i != 9'999) continue;
      ASSERT_TRUE(Import(*store, text, StrCat(kRun, f), formats[f]).ok());
      text.clear();
    }
    const std::unique_ptr<RunReader> reader = *store->ReadRun(StrCat(kRun, f));
    const Coverage coverage = *ReadCoverage(*reader);
    EXPECT_TRUE(coverage.sums_to_plan) << Join(coverage.errors, "; ");
  }
}

TEST(RejectFileTest, TakesBackWhatAnInterruptedImportWroteTooMuch) {
  const TempDirectory folder;
  RejectFile file = *RejectFile::Open(folder / "rejects");
  ASSERT_TRUE(file.Write("a.ndjson", {{1, "why", "text \xff\n\"quoted\""}}).ok());
  const uint64_t kept = file.bytes();
  ASSERT_TRUE(file.Write("a.ndjson", {{2, "why", "lost"}}).ok());
  RejectFile again = *RejectFile::Open(folder / "rejects");
  ASSERT_TRUE(again.TruncateTo(kept).ok());
  ASSERT_TRUE(again.Write("a.ndjson", {{2, "why", "again"}}).ok());
  std::vector<std::string> texts;
  const std::unique_ptr<ByteSource> bytes = *ByteSource::Open(folder / "rejects");
  LineSource lines(*bytes);
  const Result<std::vector<std::string_view>> first = lines.Peek(10);
  for (const std::string_view line : *first) {
    texts.push_back(nlohmann::json::parse(line).at("text"));
  }
  EXPECT_THAT(texts, ElementsAre("text \xef\xbf\xbd\n\"quoted\"", "again"));
}

TEST(ImportProgressTest, KeepsCountsAndRefusesWhatItDidNotWrite) {
  ImportProgress progress;
  progress.next_line = 77;
  progress.next_byte = uint64_t{1} << 40;
  CountReason("why", &progress.counts);
  for (size_t i = 0; i < 100; ++i) CountReason(StrCat("reason ", i), &progress.counts);
  const ImportProgress back = *DecodeImportProgress(EncodeImportProgress(progress));
  EXPECT_EQ(back.next_byte, progress.next_byte);
  EXPECT_EQ(back.counts.rejected, 101U);
  EXPECT_EQ(back.counts.reasons.size(), kMostReasons + 1);
  EXPECT_FALSE(DecodeImportProgress("{}"));
  EXPECT_FALSE(DecodeImportProgress("rubbish"));
  EXPECT_NE(ImportProgressName("a", "zgrab2", ""), ImportProgressName("a", "zgrab2", "run"));
}

}  // namespace
}  // namespace hark

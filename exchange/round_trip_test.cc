// What is exported in the formats of others is what our own readers of them find in it.

#include <gtest/gtest.h>

#include "exchange/export_fixture.h"
#include "exchange/import_fixture.h"
#include "exchange/passive_ssh_record.h"
#include "exchange/passive_ssh_writer.h"
#include "exchange/surveys_import.h"
#include "exchange/surveys_writer.h"
#include "exchange/zgrab2_import.h"
#include "exchange/zgrab_json.h"

namespace hark {
namespace {

class RoundTripTest : public ExportFixture {
 protected:
  static std::string PassiveSsh(const Store& store) {
    std::string text;
    EXPECT_TRUE(ForEachShown(*store.ReadHistory(), {}, true, [&](const ShownPort& shown) {
                  text += PassiveSshRecord(shown);
                  return Status::Ok();
                }).ok());
    return text;
  }

  std::string Zgrab2() {
    std::string text;
    const auto reader = store_->ReadRun(kRun);
    Zgrab2Writer writer(**reader);
    EXPECT_TRUE((*reader)
                    ->ForEachRecord(
                        [&](const Address& address, const proto::HostRow& row) {
                          text += writer.End();
                          writer.Begin(address, row);
                          return Status::Ok();
                        },
                        [&](const Address&, uint16_t port, const proto::PortRow& row) {
                          return writer.Add(port, row);
                        })
                    .ok());
    return text + writer.End();
  }

  RecordingSink ReadBack(std::unique_ptr<LineImporter> importer, const std::string& text) {
    RecordingSink sink;
    uint64_t number = 0;
    for (std::string line : Lines(text)) {
      const size_t size = line.size();
      line.append(64, '\0');  // as importers are given them
      EXPECT_TRUE(importer->Line(std::string_view(line).substr(0, size), ++number, sink).ok());
    }
    EXPECT_TRUE(importer->End(sink).ok());
    return sink;
  }

  static const proto::PortObservation* Find(const RecordingSink& sink, const std::string& host,
                                            uint16_t port) {
    for (const ImportedHost& imported : sink.hosts) {
      if (imported.host.ToString() != host) continue;
      for (const ImportedPort& one : imported.ports) {
        if (one.observation.port() == port) return &one.observation;
      }
    }
    return nullptr;
  }

  // What both formats keep of the run.
  void ExpectRun(const RecordingSink& sink) {
    EXPECT_EQ(sink.hosts.size(), 5U);
    for (const RejectedLine& line : sink.rejected) ADD_FAILURE() << line.reason;
    const auto* ssh = Find(sink, "192.0.2.1", 22);
    ASSERT_NE(ssh, nullptr);
    ASSERT_EQ(ssh->ssh().keys_size(), 1);
    EXPECT_EQ(ssh->ssh().keys(0).blob(), Ed25519Blob("shared"));
    EXPECT_EQ(ssh->ssh().identification(), SshOf({}).identification());
    EXPECT_EQ(ssh->ssh().hassh_server(), SshOf({}).hassh_server());
    const auto* mail = Find(sink, "192.0.2.2", 25);
    ASSERT_NE(mail, nullptr);
    ASSERT_GE(mail->tls().chain_size(), 1);
    EXPECT_EQ(mail->tls().chain(0), leaf_.der);
    EXPECT_EQ(mail->tls().cipher_suite(), 0xc02fU);
    EXPECT_EQ(mail->tls().version(), 0x0303U);
    const auto* https = Find(sink, "192.0.2.3", 443);
    ASSERT_NE(https, nullptr);
    EXPECT_EQ(https->tls().chain(0), leaf_.der);
  }
};

TEST_F(RoundTripTest, PassiveSshRecordsReadBackGiveTheSameRecords) {
  proto::AlgorithmsRow algorithms;
  *algorithms.mutable_lists() = SshOf({}).kex_init();
  algorithms.set_passive_ssh_hassh(SshOf({}).passive_ssh_hassh());
  const auto see = [&](const std::string& host, uint16_t port, int day, const std::string& blob) {
    const Sighting sighting{
        *HostId::Parse(host),
        port,
        kVisited + day * 86400,
        {KeyFactOfBlob(blob), AlgorithmsFact(algorithms), BannerFact("SSH-2.0-x <b>\"\\ \xff")}};
    Commit([&](StoreWrite& write) { write.PutSighting(sighting); });
  };
  for (int day = 0; day < 3; ++day) see("192.0.2.1", 22, day, Ed25519Blob("a"));
  see("192.0.2.1", 22, 5, RsaBlob("b"));
  see("2001:db8::1", 2222, 1, Ed25519Blob("a"));
  const std::string text = PassiveSsh(*store_);
  ASSERT_EQ(Lines(text).size(), 5U);
  const auto other = OpenStore("other");
  PassiveSshRecordReader reader;
  for (std::string line : Lines(text)) {
    const size_t size = line.size();
    line.append(64, '\0');
    const ForeignRecord record = reader.Read(std::string_view(line).substr(0, size));
    EXPECT_TRUE(record.faults.empty());
    const auto write = other->NewWrite();
    for (const Sighting& sighting : record.sightings) write->PutSighting(sighting);
    ASSERT_TRUE(other->Commit(*write, false).ok());
  }
  EXPECT_EQ(PassiveSsh(*other), text);
}

TEST_F(RoundTripTest, Zgrab2LinesReadBackShowTheKeysOfTheRun) {
  FillRun();
  ExpectRun(ReadBack(MakeZgrab2Importer({}), Zgrab2()));
}

TEST_F(RoundTripTest, RecordsFreshReadBackShowTheKeysOfTheRun) {
  FillRun();
  std::string text;
  const auto reader = store_->ReadRun(kRun);
  ASSERT_TRUE(WriteSurveys(**reader, [&](const std::string& file, std::string_view piece) {
                if (file == "records.fresh") text += piece;
                return Status::Ok();
              }).ok());
  ImportOptions options;
  options.at_unix_ms = kVisited * 1000;
  ExpectRun(ReadBack(MakeSurveysImporter(options), text));
}

}  // namespace
}  // namespace hark

#include <gtest/gtest.h>

#include "exchange/export_fixture.h"
#include "exchange/ndjson_history_writer.h"
#include "exchange/ndjson_reader.h"

namespace hark {
namespace {

class NdjsonHistoryTest : public ExportFixture {
 protected:
  NdjsonHistoryTest() {
    proto::AlgorithmsRow algorithms;
    *algorithms.mutable_lists() = SshOf({}).kex_init();
    algorithms.set_hassh(std::string(32, 'a'));
    for (int day = 0; day < 5; ++day) {
      See("192.0.2.1", 22, day,
          {KeyFactOfBlob(Ed25519Blob("a")), BannerFact("SSH-2.0-x\n\xff"), OutcomeFact(0, 7),
           AlgorithmsFact(algorithms)});
    }
    See("192.0.2.1", 22, 9, {KeyFactOfBlob(RsaBlob("b")), OutcomeFact(0, 7)});
    See("192.0.2.2", 22, 3, {KeyFactOfBlob(Ed25519Blob("a")), BannerFact("SSH-2.0-x\n\xff")});
    See("192.0.2.2", 443, 3,
        {CertificateFact(leaf_.der), TlsFact(0x0303, 0xc02f, "x25519"),
         KeyFactOfSpki(*SpkiOfCertificate(leaf_.der))});
    See("192.0.2.3", 443, 3, {CertificateFactOfHash(Sha256("unknown")), OutcomeFact(1, 0)});
    See("abcdefghijklmnop.onion", 22, 4, {KeyFactOfBlob("no key at all"), BannerFact("")});
    See("|1|c2FsdA==|aGFzaA==", 22, 4, {KeyFactOfBlob(Ed25519Blob("h"))});
    See("2001:db8::1", 22, 4, {KeyFactOfBlob(Ed25519Blob("a"))});
  }

  void See(const std::string& host, uint16_t port, int day, std::vector<SightedFact> facts) {
    Sighting sighting{*HostId::Parse(host), port, kVisited + day * 86400, std::move(facts)};
    Commit([&](StoreWrite& write) { write.PutSighting(sighting); });
  }

  static std::string Export(const Store& store, const HistoryFilter& filter = {}) {
    std::string text;
    const Status written =
        WriteHistoryNdjson(*store.ReadHistory(), filter, [&](std::string_view piece) {
          text += piece;
          return Status::Ok();
        });
    EXPECT_TRUE(written.ok()) << written.message();
    return text;
  }

  Result<NdjsonSummary> Import(Store& store, const std::vector<std::string>& lines) {
    NdjsonReader reader(store, {}, [&](const RejectedLine& line) {
      rejected_.push_back(line.reason);
      return Status::Ok();
    });
    for (const std::string& line : lines) HARK_RETURN_IF_ERROR(reader.Line(line));
    return reader.Finish();
  }

  std::vector<std::string> rejected_;
};

TEST_F(NdjsonHistoryTest, ReadIntoAnotherStoreItIsTheSameToItsBodiesAndItsSecondExport) {
  const std::string text = Export(*store_);
  const auto other = OpenStore("other");
  const auto summary = Import(*other, Lines(text));
  ASSERT_TRUE(summary.ok()) << summary.status().message();
  EXPECT_EQ(rejected_, std::vector<std::string>());
  EXPECT_EQ(summary->visits, 12U);
  EXPECT_EQ(Export(*other), text);
  const auto history = other->ReadHistory();
  const SightedFact key = KeyFactOfBlob(Ed25519Blob("a"));
  EXPECT_EQ(history->Key(key.fact)->ssh_blob, Ed25519Blob("a"));
  EXPECT_EQ(*history->Certificate(CertificateFact(leaf_.der).fact), leaf_.der);
  EXPECT_EQ(history->CertificatesByName("mail.example.org", 10)->size(), 1U);
  EXPECT_EQ(*history->CertificateSha256(CertificateFactOfHash(Sha256("unknown")).fact),
            Sha256("unknown"));
  EXPECT_EQ(*history->Banner(BannerFact("").fact), "");
}

TEST_F(NdjsonHistoryTest, ReadTwiceNothingIsTwice) {
  const std::string text = Export(*store_);
  ASSERT_TRUE(Import(*store_, Lines(text)).ok());
  EXPECT_EQ(Export(*store_), text);
}

TEST_F(NdjsonHistoryTest, APartIsTheVisitsOfThesePlacesAndTimesOnly) {
  HistoryFilter filter;
  filter.ports = {22};
  filter.since_unix_s = kVisited + 4 * 86400;
  filter.prefixes = AddressSet(std::vector<AddressSpan>{*ParseSpan("192.0.2.0/24")});
  const auto other = OpenStore("other");
  const auto summary = Import(*other, Lines(Export(*store_, filter)));
  ASSERT_TRUE(summary.ok()) << summary.status().message();
  EXPECT_EQ(summary->visits, 2U);  // 192.0.2.1 on days 4 and 9
}

TEST_F(NdjsonHistoryTest, ABodyThatIsNotItsReferencesIsRejected) {
  std::vector<std::string> lines = Lines(Export(*store_));
  for (std::string& line : lines) {
    const size_t at = line.find("\"ref\":\"");
    if (at != std::string::npos) line[at + 7] = line[at + 7] == '0' ? '1' : '0';
  }
  const auto other = OpenStore("other");
  ASSERT_TRUE(Import(*other, lines).ok());
  EXPECT_EQ(rejected_.size(), 10U);
  EXPECT_EQ(rejected_.front(), "a fact whose body is not its reference's");
}

}  // namespace
}  // namespace hark

#include "exchange/surveys_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exchange/import_fixture.h"
#include "exchange/imported_key.h"

namespace hark {
namespace {

using json = nlohmann::ordered_json;
using ::testing::ElementsAre;

class SurveysImportTest : public ::testing::Test {
 protected:
  static const GrabMaker& make() {
    static const GrabMaker* const maker = new GrabMaker();
    return *maker;
  }
  static ImportedHost Read(const json& record, const ImportOptions& options = {}) {
    RecordingSink sink = ImportText("surveys", record.dump(), options);
    for (const RejectedLine& line : sink.rejected) ADD_FAILURE() << line.reason;
    return sink.hosts.empty() ? ImportedHost() : sink.hosts[0];
  }
};

TEST_F(SurveysImportTest, ReadsAHostAsFreshGrabWritesIt) {
  const ImportedHost host = Read(make().SurveysHost("192.0.2.7"));
  EXPECT_EQ(host.host.ToString(), "192.0.2.7");
  EXPECT_EQ(host.unix_ms, 1521220981000);
  ASSERT_EQ(host.ports.size(), 4U);
  EXPECT_EQ(PortOf(host, 22)->observation.ssh().keys(0).blob(), make().ed25519);
  EXPECT_EQ(PortOf(host, 25)->observation.greeting(), "220 mx.example.org ESMTP\r\n");
  EXPECT_EQ(PortOf(host, 25)->observation.tls().chain(0), make().der);
  EXPECT_EQ(EndOf(*PortOf(host, 110)), "refused at connect");
  EXPECT_EQ(PortOf(host, 443)->observation.tls().chain(0), make().der);
  EXPECT_EQ(PortOf(host, 443)->observation.http().status_line(), "HTTP/1.1 200 OK");
}

TEST_F(SurveysImportTest, ReadsWhatZgrab2WroteAndNobodyTranslated) {
  json record = {{"ip", "192.0.2.7"}, {"writer", "FreshGrab.py"}};
  record["p25"] =
      GrabMaker::Zgrab2("192.0.2.7", {{"smtp", GrabMaker::Grab("smtp", make().Mail())}});
  record["p143"] = GrabMaker::Zgrab2(
      "192.0.2.7", {{"imap", GrabMaker::Grab("imap", json::object(), "connection-timeout")}});
  const ImportedHost host = Read(record, WithTime(1'500'000'000'000));
  EXPECT_EQ(PortOf(host, 25)->observation.tls().chain(0), make().der);
  EXPECT_EQ(EndOf(*PortOf(host, 143)), "silent at connect");
}

TEST_F(SurveysImportTest, ReadsEveryPortOfCensysUnderItsOwnProtocol) {
  const ImportedHost host = Read(make().CensysHost("192.0.2.7"));
  EXPECT_EQ(host.asn, 64500U);
  EXPECT_EQ(host.country, "IE");
  EXPECT_EQ(host.unix_ms, 1512000000000);
  ASSERT_EQ(host.ports.size(), 6U);
  for (const uint16_t port : {25, 110, 143, 443, 993}) {
    SCOPED_TRACE(port);
    EXPECT_THAT(PortOf(host, port)->key_ids, ElementsAre(Sha256(make().spki)));
    EXPECT_EQ(EndOf(*PortOf(host, port)), "ok at done");
  }
  EXPECT_EQ(PortOf(host, 143)->observation.greeting(), "* OK");
  EXPECT_EQ(PortOf(host, 143)->observation.protocol(), static_cast<uint32_t>(Protocol::kImap));
  EXPECT_EQ(PortOf(host, 143)->observation.tls().cipher_suite(), 0xc02bU);
  EXPECT_EQ(PortOf(host, 143)->observation.tls().version(), 0x0303U);
  EXPECT_THAT(PortOf(host, 22)->key_ids, ElementsAre(ImportedSshKeyId(Sha256(make().ed25519))));
}

TEST_F(SurveysImportTest, ReadsFingerprintsAlone) {
  const std::string ssh = HexEncode(Sha256("a blob")), tls = HexEncode(Sha256("an spki"));
  const json record = {{"ip", "192.0.2.7"},
                       {"asn", "EXAMPLE"},
                       {"asndec", 64500},
                       {"fprints", {{"p22", ssh}, {"p443", tls}}},
                       {"analysis", {{"p22", json::object()}, {"nameset", json::object()}}}};
  const ImportedHost host = Read(record, WithTime(1'500'000'000'000));
  EXPECT_EQ(host.asn, 64500U);
  EXPECT_THAT(PortOf(host, 22)->key_ids, ElementsAre(ImportedSshKeyId(Sha256("a blob"))));
  EXPECT_THAT(PortOf(host, 443)->key_ids, ElementsAre(Sha256("an spki")));
}

TEST_F(SurveysImportTest, ReadsTheSameFromEveryLayout) {
  const json a = make().SurveysHost("192.0.2.7"), b = make().CensysHost("192.0.2.8");
  const json array = {a, b};
  for (const std::string& text :
       {a.dump() + "\n" + b.dump() + "\n", array.dump(2), a.dump(2) + "\n,\n" + b.dump(2) + ",\n",
        array.dump(), a.dump(0) + b.dump(0)}) {
    const RecordingSink sink = ImportText("surveys", text);
    ASSERT_EQ(sink.hosts.size(), 2U);
    EXPECT_TRUE(sink.rejected.empty());
    EXPECT_EQ(sink.hosts[0].ports.size(), 4U);
    EXPECT_EQ(sink.hosts[1].ports.size(), 6U);
  }
}

TEST_F(SurveysImportTest, SaysWhyARecordIsOfNoUse) {
  const std::string text = make().SurveysHost("192.0.2.7").dump();
  const RecordingSink sink =
      ImportText("surveys", text.substr(0, 400) + "\n{\"ip\":\"x\"}\n{\"ip\":\"192.0.2.1\"}\n" +
                                "{\"ip\":\"192.0.2.1\",\"p25\":\"EOF\"}\n" + text);
  EXPECT_EQ(sink.hosts.size(), 1U);
  ASSERT_EQ(sink.rejected.size(), 4U);
  EXPECT_THAT(sink.rejected[0].reason, ::testing::HasSubstr("no JSON"));
  EXPECT_EQ(sink.rejected[1].reason, "no ip, or one that is none");
  EXPECT_EQ(sink.rejected[2].reason, "no port");
  EXPECT_EQ(sink.rejected[3].reason, "no timestamp; --at gives one");
}

TEST_F(SurveysImportTest, KnowsTheTimeByTheNameOfTheFolder) {
  EXPECT_EQ(MomentInPath("runs/IE-20180316-172301/records.fresh"), 1521220981000);
  EXPECT_EQ(MomentInPath("records.fresh"), 0);
  EXPECT_EQ(MomentInPath("IE-20189916-172301/x"), 0);
}

}  // namespace
}  // namespace hark

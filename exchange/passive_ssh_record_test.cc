#include "exchange/passive_ssh_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "exchange/foreign_fixture.h"

namespace hark {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kLists =
    R"({"key":["rsa-sha2-512","ssh-ed25519"],"encrypt":["aes128-ctr","aes256-ctr"],)"
    R"("mac":["hmac-sha2-256"],"compress":["none"],"lang":[]})";

ForeignRecord Read(const std::string& line) {
  return PassiveSshRecordReader().Read(line);
}

// A record with these fields beside host, port and time.
ForeignRecord ReadWith(const std::string& fields) {
  return Read(R"({"ip":"192.0.2.10","port":22,"epoch":1735689600)" +
              (fields.empty() ? "" : "," + fields) + "}");
}

proto::AlgorithmsRow RowOf(const Sighting& sighting) {
  proto::AlgorithmsRow row;
  const std::vector<std::string> bodies = BodiesOf(sighting, FactKind::kAlgorithms);
  EXPECT_EQ(bodies.size(), 1U);
  EXPECT_TRUE(!bodies.empty() && row.ParseFromString(bodies.front()));
  return row;
}

TEST(PassiveSshRecord, GivesEverythingThatAWholeRecordTells) {
  const std::string rsa = RsaBlobOf(1);
  const std::string ed25519 = Ed25519BlobOf(2);
  const ForeignRecord record =
      Read(StrCat(R"({"banner":"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10","key_exchange":)", kLists,
                  R"(,"ip":"192.0.2.10","port":2222,"date":"20261121","epoch":1795287813,)",
                  R"("host_keys":[)", HostKeyJson("rsa-sha2-512", rsa), ",",
                  HostKeyJson("ssh-ed25519", ed25519), R"(],"elapsed":1.5})"));
  EXPECT_THAT(record.faults, IsEmpty());
  ASSERT_EQ(record.sightings.size(), 1U);
  const Sighting& sighting = record.sightings.front();
  EXPECT_EQ(sighting.host.ToString(), "192.0.2.10");
  EXPECT_EQ(sighting.port, 2222);
  EXPECT_EQ(sighting.unix_s, 1795287813);
  EXPECT_THAT(BodiesOf(sighting, FactKind::kBanner),
              ElementsAre("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u10"));
  EXPECT_THAT(BodiesOf(sighting, FactKind::kKey), ElementsAre(rsa, ed25519));
  const proto::AlgorithmsRow row = RowOf(sighting);
  EXPECT_EQ(row.lists().server_host_key_algorithms(), "rsa-sha2-512,ssh-ed25519");
  EXPECT_EQ(row.lists().encryption_server_to_client(), "aes128-ctr,aes256-ctr");
  EXPECT_EQ(row.lists().mac_server_to_client(), "hmac-sha2-256");
  EXPECT_EQ(row.lists().compression_server_to_client(), "none");
  EXPECT_EQ(row.lists().kex_algorithms(), "");
  EXPECT_EQ(row.hassh(), "") << "without key exchanges nobody knows it";
  EXPECT_EQ(row.passive_ssh_hassh().size(), 32U) << "computed where the record has none";
  EXPECT_EQ(sighting.facts.size(), 4U) << "and nothing else: a record has no outcome";
}

TEST(PassiveSshRecord, TakesTheOnionWhereThereAreBoth) {
  const ForeignRecord record = ReadWith(R"("onion":"AAAAbbbb.onion")");
  ASSERT_EQ(record.sightings.size(), 1U);
  EXPECT_EQ(record.sightings.front().host.ToString(), "aaaabbbb.onion");
}

TEST(PassiveSshRecord, TellsOneSpellingOfAnAddressOnly) {
  for (const char* text : {"2001:db8::1", "2001:DB8:0:0::1", "2001:0db8::0001"}) {
    const ForeignRecord record = Read(StrCat(R"({"ip":")", text, R"(","port":22,"epoch":1})"));
    ASSERT_EQ(record.sightings.size(), 1U) << text;
    EXPECT_EQ(record.sightings.front().host.ToString(), "2001:db8::1");
  }
}

TEST(PassiveSshRecord, LeavesOutALineWithoutAHostOrATime) {
  for (const char* line :
       {R"({"port":22,"epoch":1})", R"({"ip":"","port":22,"epoch":1})",
        R"({"ip":"two words","port":22,"epoch":1})", R"({"ip":7,"port":22,"epoch":1})",
        R"({"ip":"192.0.2.1","port":22})", R"({"ip":"192.0.2.1","epoch":-1})",
        R"({"ip":"192.0.2.1","epoch":"inf"})", R"({"ip":"192.0.2.1","epoch":1e300})",
        R"({"ip":"192.0.2.1","epoch":253402300800})", R"({"ip":"192.0.2.1","date":"20261321"})",
        R"({"ip":"192.0.2.1","date":"19691231"})", "[]", "17.25", "12 seconds", "{", "nothing"}) {
    const ForeignRecord record = Read(line);
    EXPECT_THAT(record.sightings, IsEmpty()) << line;
    EXPECT_EQ(record.faults.size(), 1U) << line;
  }
}

TEST(PassiveSshRecord, IsSilentAboutTargetsThatDidNotAnswer) {
  for (const char* line : {"", "  ", "{}", "{ }\r"}) {
    const ForeignRecord record = Read(line);
    EXPECT_THAT(record.sightings, IsEmpty()) << line;
    EXPECT_THAT(record.faults, IsEmpty()) << line;
  }
}

TEST(PassiveSshRecord, ReadsTheTimeInEveryFormThatRedisTakes) {
  for (const char* epoch :
       {"1735689602", "1735689602.5", R"("1735689602")", R"("1735689602.99")", "1.735689602e9"}) {
    const ForeignRecord record =
        Read(StrCat(R"({"ip":"192.0.2.1","port":22,"epoch":)", epoch, "}"));
    ASSERT_EQ(record.sightings.size(), 1U) << epoch;
    EXPECT_EQ(record.sightings.front().unix_s, 1735689602) << epoch;
  }
}

TEST(PassiveSshRecord, TakesTheDateOnlyForAMissingTime) {
  const ForeignRecord without = Read(R"({"ip":"192.0.2.1","port":22,"date":"20250102"})");
  ASSERT_EQ(without.sightings.size(), 1U);
  EXPECT_EQ(without.sightings.front().unix_s, 1735776000);
  EXPECT_THAT(without.faults, IsEmpty());
  const ForeignRecord with = ReadWith(R"("date":"20250102")");
  EXPECT_EQ(with.sightings.front().unix_s, 1735689600);
  const ForeignRecord bad =
      Read(R"({"ip":"192.0.2.1","port":22,"epoch":"soon","date":"20250102"})");
  ASSERT_EQ(bad.sightings.size(), 1U);
  EXPECT_EQ(bad.sightings.front().unix_s, 1735776000);
  EXPECT_THAT(bad.faults, ElementsAre("epoch: no time; the date is taken"));
}

TEST(PassiveSshRecord, TakesItsOwnPortWhereTheRecordHasNone) {
  for (const char* port : {"", R"(,"port":0)", R"(,"port":65536)", R"(,"port":"ssh")",
                           R"(,"port":-22)", R"(,"port":22.5)"}) {
    const ForeignRecord record = Read(StrCat(R"({"ip":"192.0.2.1","epoch":1)", port, "}"));
    ASSERT_EQ(record.sightings.size(), 1U) << port;
    EXPECT_EQ(record.sightings.front().port, kPassiveSshPort);
    EXPECT_EQ(record.faults.size(), 1U) << port;
  }
  EXPECT_EQ(Read(R"({"ip":"192.0.2.1","epoch":1,"port":"2222"})").sightings.front().port, 2222);
}

TEST(PassiveSshRecord, IsAVisitEvenIfNothingWasLearnt) {
  const ForeignRecord record =
      ReadWith(R"("banner":"","key_exchange":{},"hassh":"","host_keys":[])");
  ASSERT_EQ(record.sightings.size(), 1U);
  EXPECT_THAT(record.sightings.front().facts, IsEmpty());
  EXPECT_THAT(record.faults, IsEmpty());
}

TEST(PassiveSshRecord, KeepsTheHasshOfTheRecord) {
  // The example of Passive SSH's own slides is reproduced by the lists in keys/hassh_test.cc; here
  // it is enough that the given value stays and that a value of other lists is told.
  const std::string hassh = "0123456789abcdef0123456789abcdef";
  const ForeignRecord alone = ReadWith(StrCat(R"("hassh":")", AsciiUpper(hassh), "\""));
  EXPECT_EQ(RowOf(alone.sightings.front()).passive_ssh_hassh(), hassh);
  EXPECT_THAT(alone.faults, IsEmpty());
  const ForeignRecord other =
      ReadWith(StrCat(R"("key_exchange":)", kLists, R"(,"hassh":")", hassh, "\""));
  EXPECT_EQ(RowOf(other.sightings.front()).passive_ssh_hassh(), hassh);
  EXPECT_THAT(other.faults, ElementsAre("hassh: not the value of the lists; kept"));
  const std::string own =
      RowOf(ReadWith(StrCat(R"("key_exchange":)", kLists)).sightings.front()).passive_ssh_hassh();
  const ForeignRecord same =
      ReadWith(StrCat(R"("key_exchange":)", kLists, R"(,"hassh":")", own, "\""));
  EXPECT_THAT(same.faults, IsEmpty());
  EXPECT_THAT(ReadWith(R"("hassh":"abc")").faults, ElementsAre("hassh: not 32 hex digits"));
}

TEST(PassiveSshRecord, LeavesOutListsThatAreNone) {
  for (const char* lists : {R"("none")", R"([])", R"({"mac":"hmac-sha1"})", R"({"mac":[1]})",
                            R"({"mac":["a,b"]})", R"({"mac":["a\nb"]})", R"({"mac":["\u00e4"]})"}) {
    const ForeignRecord record =
        ReadWith(StrCat(R"("key_exchange":)", lists, R"(,"banner":"SSH-2.0-x")"));
    ASSERT_EQ(record.sightings.size(), 1U) << lists;
    EXPECT_EQ(record.sightings.front().facts.size(), 1U) << lists;
    EXPECT_THAT(record.faults, ElementsAre("key_exchange: no lists of names")) << lists;
  }
}

TEST(PassiveSshRecord, FoldsAnRsaKeyThatIsToldForEachNameOfItsSignatures) {
  const std::string rsa = RsaBlobOf(1);
  const ForeignRecord record =
      ReadWith(StrCat(R"("host_keys":[)", HostKeyJson("rsa-sha2-512", rsa), ",",
                      HostKeyJson("rsa-sha2-256", rsa), ",", HostKeyJson("ssh-rsa", rsa), "]"));
  EXPECT_THAT(BodiesOf(record.sightings.front(), FactKind::kKey), ElementsAre(rsa));
  EXPECT_THAT(record.faults, IsEmpty());
}

TEST(PassiveSshRecord, SkipsEmptyAndNamelessKeys) {
  const ForeignRecord record = ReadWith(StrCat(R"("host_keys":[{},null,7,[],{"fingerprint":"x"},)",
                                               HostKeyJson("ssh-ed25519", Ed25519BlobOf(3)), "]"));
  EXPECT_THAT(BodiesOf(record.sightings.front(), FactKind::kKey), ElementsAre(Ed25519BlobOf(3)));
  EXPECT_THAT(record.faults, IsEmpty());
}

TEST(PassiveSshRecord, TakesTheBase64WithAndWithoutItsType) {
  const std::string blob = Ed25519BlobOf(4);
  for (const std::string& text : {KeyText(blob), Base64(blob), KeyText(blob) + " root@host"}) {
    const ForeignRecord record =
        ReadWith(StrCat(R"("host_keys":[{"name":"ssh-ed25519","fingerprint":")", Md5Text(blob),
                        R"(","base64":")", text, R"("}])"));
    EXPECT_THAT(BodiesOf(record.sightings.front(), FactKind::kKey), ElementsAre(blob)) << text;
  }
}

TEST(PassiveSshRecord, RejectsAKeyThatIsNotItsFingerprintsAndKeepsTheRest) {
  const std::string good = Ed25519BlobOf(5);
  const std::string bad = Ed25519BlobOf(6);
  const std::string name = R"({"name":"ssh-ed25519",)";
  const std::pair<std::string, const char*> entries[] = {
      {StrCat(name, R"("fingerprint":")", Md5Text(good), R"(","base64":")", KeyText(bad), R"("})"),
       "host key: another fingerprint"},
      {StrCat(name, R"("fingerprint":"x","base64":")", KeyText(bad), R"("})"),
       "host key: the fingerprint is none"},
      {StrCat(name, R"("fingerprint":")", Md5Text(bad), R"("})"), "host key: no base64"},
      {StrCat(name, R"("fingerprint":")", Md5Text(bad), R"(","base64":"ssh-ed25519 AA*A"})"),
       "host key: bad base64"},
      {StrCat(name, R"("fingerprint":")", Md5Text("hello"), R"(","base64":"aGVsbG8="})"),
       "host key: not an SSH key"}};
  for (const auto& [entry, reason] : entries) {
    const ForeignRecord record = ReadWith(StrCat(R"("banner":"SSH-2.0-x","host_keys":[)", entry,
                                                 ",", HostKeyJson("ssh-ed25519", good), "]"));
    ASSERT_EQ(record.sightings.size(), 1U) << entry;
    EXPECT_THAT(BodiesOf(record.sightings.front(), FactKind::kKey), ElementsAre(good)) << entry;
    EXPECT_THAT(BodiesOf(record.sightings.front(), FactKind::kBanner), ElementsAre("SSH-2.0-x"));
    EXPECT_THAT(record.faults, ElementsAre(reason)) << entry;
  }
}

TEST(PassiveSshRecord, TakesNoMoreThanItsLimits) {
  EXPECT_THAT(ReadWith(StrCat(R"("banner":")", std::string(513, 'x'), "\"")).faults,
              ElementsAre("banner: too long"));
  EXPECT_THAT(ReadWith(R"("banner":7)").faults, ElementsAre("banner: no text"));
  std::string entries = "{}";
  for (int i = 0; i < 64; ++i) entries += ",{}";
  EXPECT_THAT(ReadWith(StrCat(R"("host_keys":[)", entries, "]")).faults,
              ElementsAre("host_keys: too many"));
  EXPECT_THAT(ReadWith(R"("host_keys":{})").faults, ElementsAre("host_keys: no list"));
  EXPECT_THAT(
      ReadWith(StrCat(R"("key_exchange":{"mac":[")", std::string(16385, 'x'), R"("]})")).faults,
      ElementsAre("key_exchange: no lists of names"));
}

TEST(PassiveSshRecord, SurvivesEveryTruncationAndManyMutations) {
  const std::string whole =
      StrCat(R"({"banner":"SSH-2.0-OpenSSH_9.2p1","key_exchange":)", kLists,
             R"(,"ip":"192.0.2.10","port":22,"date":"20261121","epoch":1795287813,"host_keys":[)",
             HostKeyJson("ssh-ed25519", Ed25519BlobOf(7)), "]}");
  PassiveSshRecordReader reader;
  for (size_t cut = 1; cut < whole.size(); ++cut) {
    const ForeignRecord record = reader.Read(whole.substr(0, cut));
    EXPECT_THAT(record.sightings, IsEmpty()) << cut;
    EXPECT_EQ(record.faults.size(), 1U) << cut;
  }
  Random random(7);
  for (int i = 0; i < 20000; ++i) {
    std::string line = whole;
    for (uint64_t n = 1 + random.Below(4); n > 0; --n) {
      line[random.Below(line.size())] = static_cast<char>(random.Next());
    }
    const ForeignRecord record = reader.Read(line);
    EXPECT_LE(record.sightings.size(), 1U);
    EXPECT_TRUE(!record.sightings.empty() || !record.faults.empty()) << line;
  }
  EXPECT_EQ(reader.Read(whole).sightings.size(), 1U) << "no line changes the next one's meaning";
}

}  // namespace
}  // namespace hark

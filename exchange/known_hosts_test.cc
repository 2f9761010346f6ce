#include "exchange/known_hosts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "exchange/foreign_fixture.h"

namespace hark {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kAt = 1735689600;

std::vector<std::string> PlacesOf(const ForeignRecord& record) {
  std::vector<std::string> places;
  for (const Sighting& sighting : record.sightings) {
    EXPECT_EQ(sighting.unix_s, kAt);
    places.push_back(StrCat(sighting.host.ToString(), " ", sighting.port));
  }
  return places;
}

ForeignRecord Read(const std::string& names, const std::string& rest = KeyText(Ed25519BlobOf(1))) {
  return ReadKnownHostsLine(names + " " + rest, kAt);
}

TEST(KnownHosts, SeesTheKeyAtEveryNameOfALine) {
  const ForeignRecord record = Read("Host.example.org,192.0.2.7,[2001:db8::1]:2222,[gw]:22");
  EXPECT_THAT(PlacesOf(record),
              ElementsAre("host.example.org 22", "192.0.2.7 22", "2001:db8::1 2222", "gw 22"));
  EXPECT_THAT(record.faults, IsEmpty());
  for (const Sighting& sighting : record.sightings) {
    EXPECT_THAT(BodiesOf(sighting, FactKind::kKey), ElementsAre(Ed25519BlobOf(1)));
    EXPECT_EQ(sighting.facts.size(), 1U);
  }
}

TEST(KnownHosts, ReadsWhatSshKeyscanPrints) {
  EXPECT_THAT(PlacesOf(Read("192.0.2.7")), ElementsAre("192.0.2.7 22"));
  EXPECT_THAT(PlacesOf(Read("2001:db8::1")), ElementsAre("2001:db8::1 22"));
  const ForeignRecord banner =
      ReadKnownHostsLine("# 2001:db8::1:2222 SSH-2.0-OpenSSH_9.2p1 Debian-2\r", kAt);
  EXPECT_THAT(PlacesOf(banner), ElementsAre("2001:db8::1 2222"));
  EXPECT_THAT(BodiesOf(banner.sightings.front(), FactKind::kBanner),
              ElementsAre("SSH-2.0-OpenSSH_9.2p1 Debian-2"));
}

TEST(KnownHosts, KeepsHashedNamesAsTheyAre) {
  const std::string hashed = "|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg=";
  EXPECT_THAT(PlacesOf(Read(hashed)), ElementsAre(hashed + " 22"));
}

TEST(KnownHosts, RejectsWhatNamesNoHostAndKeepsTheOthers) {
  const ForeignRecord record = Read("*.example.org,!bad.example.org,host?,192.0.2.7,[gw]:0,[gw");
  EXPECT_THAT(PlacesOf(record), ElementsAre("192.0.2.7 22"));
  EXPECT_THAT(record.faults,
              ElementsAre("a pattern names no host", "a pattern names no host",
                          "a pattern names no host", "no host name", "no host name"));
}

TEST(KnownHosts, RejectsKeysThatNoHostIsSaidToShow) {
  const std::string key = "host.example.org " + KeyText(Ed25519BlobOf(1));
  EXPECT_THAT(ReadKnownHostsLine("@cert-authority " + key, kAt).faults,
              ElementsAre("the key of an authority"));
  EXPECT_THAT(ReadKnownHostsLine("@revoked " + key, kAt).faults, ElementsAre("a revoked key"));
  EXPECT_THAT(ReadKnownHostsLine("@later " + key, kAt).faults, ElementsAre("an unknown marker"));
}

TEST(KnownHosts, RejectsLinesWithoutAKey) {
  const std::pair<const char*, const char*> lines[] = {
      {"host", "key: no base64"},
      {"host ssh-ed25519", "key: no base64"},
      {"host ssh-ed25519 AAAA*", "key: bad base64"},
      {"host ssh-ed25519 aGVsbG8=", "key: not an SSH key"},
      {"host 1024 35 1234567890", "a key of SSH-1"}};
  for (const auto& [line, fault] : lines) {
    const ForeignRecord record = ReadKnownHostsLine(line, kAt);
    EXPECT_THAT(record.sightings, IsEmpty()) << line;
    EXPECT_THAT(record.faults, ElementsAre(fault)) << line;
  }
  EXPECT_THAT(Read("host", "ssh-rsa " + Base64(Ed25519BlobOf(1))).faults,
              ElementsAre("key: of another type"));
}

TEST(KnownHosts, IsSilentAboutCommentsAndEmptyLines) {
  for (const char* line : {"", "  \t ", "# a comment", "#", "; x", "# host SSH-2.0-x",
                           "# host:22 no identification", "# host:99999 SSH-2.0-x"}) {
    const ForeignRecord record = ReadKnownHostsLine(line, kAt);
    EXPECT_THAT(record.sightings, IsEmpty()) << line;
    EXPECT_THAT(record.faults, IsEmpty()) << line;
  }
}

TEST(KnownHosts, TakesNoMoreNamesThanItsLimit) {
  std::string names = "h";
  for (int i = 0; i < 256; ++i) names += ",h";
  EXPECT_THAT(Read(names).faults, ElementsAre("too many names"));
}

TEST(KnownHosts, SurvivesEveryTruncationAndManyMutations) {
  const std::string whole =
      "host.example.org,[192.0.2.7]:2222 " + KeyText(RsaBlobOf(1)) + " root@host";
  Random random(3);
  for (int i = 0; i < 20000; ++i) {
    std::string line = whole.substr(0, random.Below(whole.size() + 1));
    for (uint64_t n = random.Below(4); n > 0 && !line.empty(); --n) {
      line[random.Below(line.size())] = static_cast<char>(random.Next());
    }
    for (const Sighting& sighting : ReadKnownHostsLine(line, kAt).sightings) {
      EXPECT_NE(sighting.port, 0);
      EXPECT_EQ(sighting.facts.size(), 1U);
    }
  }
}

}  // namespace
}  // namespace hark

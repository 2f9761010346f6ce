#include "api/v1_key.h"

#include "api/lookup.h"
#include "api/v1_fixture.h"
#include "base/strings.h"
#include "keys/digests.h"
#include "keys/ssh_key.h"

namespace hark {
namespace {

class V1KeyTest : public V1Test {
 protected:
  void SeeThree() {
    See("192.0.2.1", 22, "2026-01-01", {KeyOf("a")});
    See("192.0.2.1", 22, "2026-01-05", {KeyOf("a")});
    See("198.51.100.7", 2222, "2026-02-01", {KeyOf("a")});
    See("2001:db8::1", 22, "2026-03-01", {KeyOf("a"), KeyOf("b")});
    See("abcdefghijklmnop.onion", 22, "2026-04-01", {KeyOf("a")});
  }
  Result<Json> Ask(std::string_view text, const QueryMap& query = {}) {
    Effort effort = Effort::Patient();
    return KeyAnswer(Memory(place_), text, *ReadPlaceFilter(query), *ReadPageWish(query), effort);
  }
  std::vector<std::string> Hosts(const Json& answer) {
    std::vector<std::string> hosts;
    for (const Json& place : answer["places"]) hosts.push_back(place["host"]);
    return hosts;
  }
  Json Environs(std::string_view text, std::string_view list) {
    Effort effort = Effort::Patient();
    return KeyEnvironmentAnswer(Memory(place_), text, *Environment::OfList(list), {}, {}, effort)
        .value();
  }

  MemoryView::PlaceFinder place_;
};

TEST_F(V1KeyTest, EveryFormOfAFingerprintFindsTheKey) {
  SeeThree();
  const std::string blob = Ed25519BlobOf("a");
  const std::string md5 = SshMd5Fingerprint(blob);
  const std::string id = ReadSshKey(blob).id.ToHex();
  const std::string sha = SshSha256Fingerprint(blob);
  for (const std::string& form :
       {md5, md5.substr(4), AsciiUpper(md5.substr(4)), HexEncode(Md5(blob)), id, AsciiUpper(id),
        sha, sha.substr(7), sha + "=", HexEncode(Sha256(blob)),
        FactName(KeyOf("a").fact).substr(4)}) {
    const Result<Json> answer = Ask(form);
    ASSERT_TRUE(answer.ok()) << form << " " << answer.status().message();
    EXPECT_EQ((*answer)["keys"][0]["key_id"], id) << form;
    EXPECT_EQ((*answer)["hosts"], 4) << form;
    EXPECT_EQ((*answer)["first_seen"], "2026-01-01T00:00:00Z");
    EXPECT_EQ((*answer)["last_seen"], "2026-04-01T00:00:00Z");
    EXPECT_EQ(Hosts(*answer), (std::vector<std::string>{"192.0.2.1", "198.51.100.7", "2001:db8::1",
                                                        "abcdefghijklmnop.onion"}));
  }
  EXPECT_EQ(Ask(HexEncode(Md5("x"))).status().code(), StatusCode::kNotFound);
  for (const char* wrong : {"", "8f:f9", "xyz", "SHA256:short", "MD5:8f:f9", "zz", "::"}) {
    EXPECT_EQ(Ask(wrong).status().code(), StatusCode::kInvalidInput) << wrong;
  }
}

TEST_F(V1KeyTest, FiltersChooseThePlacesAndTheirDates) {
  SeeThree();
  const std::string key = SshSha256Fingerprint(Ed25519BlobOf("a"));
  EXPECT_EQ(Hosts(*Ask(key, {{"prefix", "192.0.2.0/24,2001:db8::/32"}})),
            (std::vector<std::string>{"192.0.2.1", "2001:db8::1"}));
  EXPECT_EQ(Hosts(*Ask(key, {{"port", "2222"}})), std::vector<std::string>{"198.51.100.7"});
  const Json window = *Ask(key, {{"since", "2026-01-02"}, {"until", "2026-03-01"}});
  EXPECT_EQ(Hosts(window), (std::vector<std::string>{"192.0.2.1", "198.51.100.7"}));
  EXPECT_EQ(window["places"][0]["first_seen"], "2026-01-05T00:00:00Z");
  EXPECT_EQ(window["places"][0]["sightings"], 1);
  place_ = [](const Address& address) {
    return address.is_v4() ? ApiPlace{64496, "IE"} : ApiPlace{64497, "DE"};
  };
  EXPECT_EQ(Hosts(*Ask(key, {{"country", "de"}})), std::vector<std::string>{"2001:db8::1"});
  EXPECT_EQ(Hosts(*Ask(key, {{"as", "AS64496"}})),
            (std::vector<std::string>{"192.0.2.1", "198.51.100.7"}));
}

TEST_F(V1KeyTest, PagesOfPlacesAreTheWholeWhateverTheirSize) {
  for (int i = 0; i < 600; ++i) {
    See(StrCat("10.0.", i / 256, ".", i % 256), static_cast<uint16_t>(i % 3 == 0 ? 65535 : 22),
        "2026-01-01", {KeyOf("a")});
  }
  const auto all = [&](size_t limit) {
    std::vector<std::string> hosts;
    std::string cursor;
    do {
      const Json page = *Ask(SshSha256Fingerprint(Ed25519BlobOf("a")),
                             {{"limit", std::to_string(limit)}, {"cursor", cursor}});
      EXPECT_LE(page["places"].size(), limit);
      for (const std::string& host : Hosts(page)) hosts.push_back(host);
      cursor = page["next"].is_null() ? "" : page["next"].get<std::string>();
    } while (!cursor.empty());
    return hosts;
  };
  const std::vector<std::string> whole = all(10'000);
  EXPECT_EQ(whole.size(), 600U);
  for (const size_t limit : {7U, 255U, 256U, 257U, 599U, 600U}) EXPECT_EQ(all(limit), whole);
}

TEST_F(V1KeyTest, AnEnvironmentKnowsAKeyOrSeesItForTheFirstTime) {
  SeeThree();
  const std::string key = SshSha256Fingerprint(Ed25519BlobOf("a"));
  const Json known = Environs(key, "192.0.2.0/24,.onion");
  EXPECT_EQ(known["verdict"], "known");
  EXPECT_EQ(known["new"], false);
  EXPECT_EQ(known["inside"]["hosts"], 2);
  EXPECT_EQ(known["inside"]["first_seen"], "2026-01-01T00:00:00Z");
  EXPECT_EQ(known["outside"]["hosts"], 2);
  const Json fresh = Environs(key, "203.0.113.0/24");
  EXPECT_EQ(fresh["verdict"], "new");
  EXPECT_EQ(fresh["new"], true);
  EXPECT_EQ(fresh["inside"]["first_seen"], nullptr);
  EXPECT_EQ(fresh["outside"]["places"][0]["host"], "192.0.2.1");
  const Json never = Environs(SshSha256Fingerprint(Ed25519BlobOf("x")), "192.0.2.0/24");
  EXPECT_EQ(never["verdict"], "never-seen");
  EXPECT_EQ(never["new"], true);
  place_ = [](const Address& address) { return ApiPlace{address.is_v4() ? 64496U : 64497U, ""}; };
  EXPECT_EQ(Environs(key, "AS64497")["inside"]["hosts"], 1);
}

TEST_F(V1KeyTest, AKeyOfAnOpenRunIsFoundByItsId) {
  proto::PortObservation observation;
  observation.mutable_ssh()->add_keys()->set_blob(Ed25519BlobOf("b"));
  const KeyId id = ReadSshKey(Ed25519BlobOf("b")).id;
  Visit(1, "IE-2026", "192.0.2.1", 22, "2026-03-01", observation, {std::string(id.bytes())});
  Visit(1, "IE-2026", "192.0.2.3", 22, "2026-03-01", observation, {std::string(id.bytes())});
  See("192.0.2.2", 22, "2026-01-01", {KeyOf("c")});
  const Json answer = *Ask(id.ToHex(), {{"limit", "1"}});
  EXPECT_EQ(answer["hosts"], 2);
  EXPECT_EQ(answer["keys"][0]["fingerprint_sha256"], SshSha256Fingerprint(Ed25519BlobOf("b")));
  EXPECT_EQ(answer["places"][0]["host"], "192.0.2.1");
  const Json rest = *Ask(id.ToHex(), {{"cursor", answer["next"]}});
  EXPECT_EQ(Hosts(rest), std::vector<std::string>{"192.0.2.3"});
}

}  // namespace
}  // namespace hark

// The contract with the clients of Passive SSH: every route, every shape, to the byte where that
// can be told.

#include "api/passive_ssh_fixture.h"
#include "keys/ssh_key.h"

namespace hark {
namespace {

constexpr char kOnion[] = "abcdefghijklmnop.onion";
constexpr int64_t kJanuary2025 = 1736035200;  // 2025-01-05
constexpr int64_t kJune2025 = 1748736000;     // 2025-06-01
constexpr int64_t kJanuary2024 = 1704067200;  // 2024-01-01
constexpr char kOpenSsh[] = "SSH-2.0-OpenSSH_9.2p1 Debian-2";
constexpr char kDropbear[] = "SSH-2.0-dropbear_2022.83";
constexpr char kNoFingerprint[] = "00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00";

class PassiveSshTest : public PassiveSshFixture {
 protected:
  // Two hosts and an onion with one key, one of them with a second.
  void ImportSome() {
    Import(Record("192.0.2.10", kJanuary2025, kOpenSsh, {HostKey("ssh-ed25519", shared_)}));
    Import(Record("192.0.2.2", kJune2025, kDropbear,
                  {HostKey("ssh-ed25519", shared_), HostKey("ssh-rsa", rsa_)}));
    Import(Record(kOnion, kJune2025 + 5, kOpenSsh, {HostKey("ssh-ed25519", shared_)}));
  }

  const std::string shared_ = Ed25519Blob("shared");
  const std::string rsa_ = RsaBlob(std::string(1, '\0') + std::string(128, '\xc1'));
  const std::string shared_md5_ = Md5Of(shared_);
  const std::string rsa_md5_ = Md5Of(rsa_);
  const std::string hassh_ = LegacyHassh(Lists());
};

TEST_F(PassiveSshTest, AnEmptyStoreHasTheEmptyShapes) {
  EXPECT_EQ(Body("/stats"),
            R"({"banners": 0, "hosts": {"ip": 0, "onion": 0}, "keys": {}, "compress": [], )"
            R"("mac": [], "encrypt": []})");
  EXPECT_EQ(Body("/banners"), R"({"banners": {}})");
  EXPECT_EQ(Body("/keys/types"), R"({"keys_types": []})");
  EXPECT_EQ(Body("/fingerprints"), "{}");
  EXPECT_EQ(Body("/hasshs"), "{}");
  EXPECT_EQ(Body(StrCat("/fingerprint/all/", kNoFingerprint)),
            StrCat(R"({"fingerprint": ")", kNoFingerprint, R"(", "hosts": []})"));
}

TEST_F(PassiveSshTest, StatisticsCountHostsKeysAndAlgorithms) {
  ImportSome();
  EXPECT_EQ(Body("/stats"), R"({"banners": 2, "hosts": {"ip": 2, "onion": 1}, )"
                            R"("keys": {"ssh-ed25519": 1, "ssh-rsa": 1}, )"
                            R"("compress": [["zlib@openssh.com", 3], ["none", 3]], )"
                            R"("mac": [["hmac-sha2-256", 3]], "encrypt": [["aes128-ctr", 3]]})");
}

TEST_F(PassiveSshTest, BannersCountHostsOfBothKindsHighestFirst) {
  ImportSome();
  EXPECT_EQ(Body("/banners"),
            StrCat(R"({"banners": {")", kOpenSsh, R"(": 2, ")", kDropbear, R"(": 1}})"));
}

TEST_F(PassiveSshTest, HostsOfABannerWithItsComment) {
  ImportSome();
  EXPECT_EQ(
      Body("/banner/hosts/SSH-2.0-OpenSSH_9.2p1%20Debian-2"),
      StrCat(R"({"banner": ")", kOpenSsh, R"(", "hosts": ["192.0.2.10", ")", kOnion, R"("]})"));
  EXPECT_EQ(Body("/banner/hosts/SSH-2.0-none"), R"({"banner": "SSH-2.0-none", "hosts": []})");
  EXPECT_EQ(Body("/banner/hosts/"), R"({"banner": "", "hosts": []})");
}

TEST_F(PassiveSshTest, ABannerWithSlashesIsFoundAsItIs) {
  Import(Record("192.0.2.1", kJune2025, "SSH-2.0-x see http://example.org/", {}));
  const std::string found =
      R"({"banner": "SSH-2.0-x see http://example.org/", "hosts": ["192.0.2.1"]})";
  EXPECT_EQ(Body("/banner/hosts/SSH-2.0-x%20see%20http:%2F%2Fexample.org%2F"), found);
  EXPECT_EQ(Body("/banner/hosts/?banner=SSH-2.0-x%20see%20http://example.org/"), found);
}

TEST_F(PassiveSshTest, KeyTypesAreThoseSeenInSsh) {
  ImportSome();
  EXPECT_EQ(Body("/keys/types"), R"({"keys_types": ["ssh-ed25519", "ssh-rsa"]})");
}

TEST_F(PassiveSshTest, AHostHasEverythingEverSeenThereBetweenItsFirstAndLastDay) {
  // An older scan is imported last: dates are minimum and maximum all the same.
  Import(Record("192.0.2.10", kJanuary2025, kOpenSsh, {HostKey("ssh-ed25519", shared_)}));
  Import(Record("192.0.2.10", kJune2025, kOpenSsh, {HostKey("ssh-rsa", rsa_)}, 2222));
  Import(Record("192.0.2.10", kJanuary2024, kDropbear, {}));
  const std::string body = Body("/host/ssh/192.0.2.10");
  const std::string contract = StrCat(
      R"({"first_seen": "20240101", "last_seen": "20250601", "port": 22, "ports": ["22", "2222"], )",
      R"("banner": [")", kOpenSsh, R"(", ")", kDropbear, R"("], "hassh": {")", hassh_,
      R"(": [{"key": ["rsa-sha2-512", "ssh-ed25519"], "encrypt": ["aes128-ctr"], )",
      R"("mac": ["hmac-sha2-256"], "compress": ["none", "zlib@openssh.com"], "lang": []}]}, )",
      R"("keys": [{"type": "ssh-ed25519", "fingerprint": ")", shared_md5_,
      R"("}, {"type": "ssh-rsa", "fingerprint": ")", rsa_md5_, R"("}], )");
  EXPECT_TRUE(body.starts_with(contract)) << body;
}

TEST_F(PassiveSshTest, AHostAlsoTellsWhenEachThingWasThere) {
  Import(Record("192.0.2.10", kJanuary2024, kDropbear, {HostKey("ssh-ed25519", shared_)}));
  Import(Record("192.0.2.10", kJanuary2025, kOpenSsh, {HostKey("ssh-ed25519", shared_)}));
  const Json host = Get("/host/ssh/192.0.2.10");
  ASSERT_EQ(host["banners_seen"].size(), 2u);
  for (const Json& banner : host["banners_seen"]) {
    const bool older = banner["banner"] == kDropbear;
    EXPECT_EQ(banner["first_seen"], older ? "20240101" : "20250105");
    EXPECT_EQ(banner["last_seen_epoch"], older ? kJanuary2024 : kJanuary2025);
    EXPECT_EQ(banner["port"], 22);
    EXPECT_EQ(banner["sightings"], 1);
  }
  ASSERT_EQ(host["keys_seen"].size(), 1u);
  EXPECT_EQ(host["keys_seen"][0]["fingerprint_sha256"], SshSha256Fingerprint(shared_));
  EXPECT_EQ(host["keys_seen"][0]["first_seen"], "20240101");
  EXPECT_EQ(host["keys_seen"][0]["last_seen"], "20250105");
  EXPECT_EQ(host["keys_seen"][0]["sightings"], 2);
  EXPECT_EQ(host["hassh_seen"][0]["hassh"], hassh_);
}

TEST_F(PassiveSshTest, AnUnknownEmptyOrNonsenseHostHasTheEmptyShape) {
  ImportSome();
  for (const std::string_view host : {"203.0.113.9", "", "github.com", "%3Cb%3E%20not%20a%20host",
                                      "192.0.2.10/24", "nobodynobodynob.onion"}) {
    const std::string body = Body(StrCat("/host/ssh/", host));
    EXPECT_TRUE(body.starts_with(R"({"first_seen": null, "last_seen": null, "port": 22, )"
                                 R"("ports": [], "banner": [], "hassh": {}, "keys": [])"))
        << body;
  }
  EXPECT_EQ(Body("/host/history/203.0.113.9"), R"({"hosts": "203.0.113.9", "history": {}})");
  EXPECT_EQ(Body("/host/history/%3Cb%3E"), R"({"hosts": "\u003cb\u003e", "history": {}})");
}

TEST_F(PassiveSshTest, HostsAreFoundInAnySpelling) {
  Import(Record("2001:db8::1", kJune2025, kOpenSsh, {HostKey("ssh-ed25519", shared_)}));
  Import(Record(kOnion, kJune2025, kOpenSsh, {HostKey("ssh-ed25519", shared_)}));
  for (const std::string_view host : {"2001:db8::1", "2001:DB8:0:0::1", "2001:0db8::0001",
                                      "ABCDEFGHIJKLMNOP.onion", "abcdefghijklmnop.ONION"}) {
    EXPECT_EQ(Get(StrCat("/host/ssh/", host))["keys"].size(), 1u) << host;
  }
  EXPECT_EQ(Get(StrCat("/fingerprint/all/", shared_md5_))["hosts"],
            (Json::array({"2001:db8::1", kOnion})));
}

TEST_F(PassiveSshTest, HistoryHasTheKeySetOfEverySecondOldestFirst) {
  Import(Record("192.0.2.1", kJune2025, kOpenSsh, {HostKey("ssh-rsa", rsa_)}));
  Import(Record("192.0.2.1", kJune2025, kOpenSsh, {HostKey("ssh-ed25519", shared_)}, 2222));
  Import(Record("192.0.2.1", kJanuary2024, kOpenSsh, {HostKey("ssh-ed25519", shared_)}));
  Import(Record("192.0.2.1", kJanuary2025, kOpenSsh, {}));
  EXPECT_EQ(Body("/host/history/192.0.2.1"),
            StrCat(R"({"hosts": "192.0.2.1", "history": {"1704067200": ["ssh-ed25519;)",
                   shared_md5_, R"("], "1736035200": [], "1748736000": ["ssh-ed25519;)",
                   shared_md5_, R"(", "ssh-rsa;)", rsa_md5_, R"("]}})"));
}

TEST_F(PassiveSshTest, AVisitThatGotNoWordOfSshIsNone) {
  Import(Record("192.0.2.1", kJanuary2025, kOpenSsh, {HostKey("ssh-rsa", rsa_)}));
  Put({*HostId::Parse("192.0.2.1"), 22, kJune2025, {OutcomeFact(1, 0)}});
  Put({*HostId::Parse("192.0.2.7"), 22, kJune2025, {OutcomeFact(1, 0)}});
  Put({*HostId::Parse("192.0.2.8"), 22, kJune2025, {BannerFact("220 ftp")}});
  EXPECT_EQ(Get("/host/history/192.0.2.1")["history"].size(), 1u);
  EXPECT_EQ(Get("/host/ssh/192.0.2.1")["last_seen"], "20250105");
  EXPECT_TRUE(Get("/host/ssh/192.0.2.7")["first_seen"].is_null());
  EXPECT_TRUE(Get("/host/ssh/192.0.2.8")["banner"].empty());
  EXPECT_EQ(Get("/stats")["hosts"]["ip"], 1);
  EXPECT_EQ(Get("/banners")["banners"].size(), 1u);
}

TEST_F(PassiveSshTest, FingerprintsComeByHostsThenInReverseTextOrder) {
  ImportSome();
  const std::string other = Ed25519Blob("other");
  Import(Record("192.0.2.99", kJune2025, kOpenSsh, {HostKey("ssh-ed25519", other)}));
  std::string high = Md5Of(other), low = rsa_md5_;
  if (high < low) std::swap(high, low);
  EXPECT_EQ(Body("/fingerprints"),
            StrCat(R"({")", shared_md5_, R"(": 3, ")", high, R"(": 1, ")", low, R"(": 1})"));
  EXPECT_EQ(Ask("/fingerprints").content_type, "application/json; charset=UTF-8");
}

TEST_F(PassiveSshTest, AKeyHasItsMaterialDatesAndHosts) {
  ImportSome();
  const std::string body = Body(StrCat("/fingerprint/all/", shared_md5_));
  const std::string contract =
      StrCat(R"({"type": "ssh-ed25519", "first_seen": "20250105", "last_seen": "20250601", )",
             R"("base64": "ssh-ed25519 )", Base64(shared_),
             R"(", "crypto_material": {"len_pk": "32", )", R"("pk": ")");
  EXPECT_TRUE(body.starts_with(contract)) << body;
  const Json key = Json::parse(body);
  EXPECT_EQ(key["fingerprint"], shared_md5_);
  EXPECT_EQ(key["hosts"], (Json::array({"192.0.2.2", "192.0.2.10", kOnion})));
  EXPECT_EQ(key["fingerprint_sha256"], SshSha256Fingerprint(shared_));
}

TEST_F(PassiveSshTest, AKeyByItsTypeHasItsFieldsInTheirOtherOrder) {
  ImportSome();
  const std::string body = Body(StrCat("/fingerprint/type/ssh-rsa/", rsa_md5_));
  EXPECT_TRUE(body.starts_with(StrCat(R"({"first_seen": "20250601", "last_seen": "20250601", )",
                                      R"("base64": "ssh-rsa )", Base64(rsa_),
                                      R"(", "crypto_material": {"exponent": "257", "modulus": ")")))
      << body;
  EXPECT_NE(body.find(StrCat(R"("type": "ssh-rsa", "hosts": ["192.0.2.2"], "fingerprint": ")",
                             rsa_md5_, "\"")),
            std::string::npos);
  EXPECT_EQ(Body(StrCat("/fingerprint/type/ssh-dss/", rsa_md5_)),
            R"({"first_seen": null, "last_seen": null, "base64": null, "crypto_material": {}, )"
            R"("type": "ssh-dss", "hosts": []})");
}

TEST_F(PassiveSshTest, AKeyIsFoundByAnyFormOfItsFingerprints) {
  ImportSome();
  const std::string hex = HexEncode(Md5(shared_)), sha = SshSha256Fingerprint(shared_);
  const std::string upper = AsciiUpper(shared_md5_);
  for (const std::string& form :
       {shared_md5_, upper, hex, AsciiUpper(hex), "MD5:" + shared_md5_, "md5:" + hex, sha,
        sha + "=", HexEncode(Sha256(shared_)), "SHA256:" + HexEncode(Sha256(shared_)),
        HexEncode(ReadSshKey(shared_).id.bytes())}) {
    EXPECT_EQ(Get("/fingerprint/all/" + form)["fingerprint"], shared_md5_) << form;
    EXPECT_EQ(Get("/fingerprint/type/ssh-ed25519/" + form)["hosts"].size(), 3u) << form;
  }
}

TEST_F(PassiveSshTest, AMalformedFingerprintOrHasshIsAnErrorInJson) {
  ImportSome();
  for (const std::string_view wrong : {"", "abc", "SHA256:abc", "MD5:12", "192.0.2.1"}) {
    for (const std::string_view route : {"/fingerprint/all/", "/fingerprint/type/ssh-rsa/"}) {
      const HttpResponse response = Ask(StrCat(route, wrong));
      EXPECT_EQ(response.status, 400) << route << wrong;
      EXPECT_EQ(response.body, R"({"Error": "Invalid Fingerprint"})");
    }
    EXPECT_EQ(Ask(StrCat("/hassh/hosts/", wrong)).body, R"({"Error": "Invalid Hassh"})");
    EXPECT_EQ(Ask(StrCat("/hassh/hosts/", wrong)).status, 400);
  }
  // 47 characters were always enough.
  const std::string crosses(47, 'x');
  EXPECT_EQ(Body("/fingerprint/all/" + crosses),
            StrCat(R"({"fingerprint": ")", crosses, R"(", "hosts": []})"));
}

TEST_F(PassiveSshTest, HasshsAreTheLegacyValueUnlessAskedOtherwise) {
  ImportSome();
  EXPECT_EQ(Body("/hasshs"), StrCat(R"({")", hassh_, R"(": 3})"));
  EXPECT_EQ(Body(StrCat("/hassh/hosts/", hassh_)),
            StrCat(R"({"hassh": ")", hassh_, R"(", "hosts": ["192.0.2.2", "192.0.2.10", ")", kOnion,
                   R"("], "kexs": [{"key": ["rsa-sha2-512", "ssh-ed25519"], )",
                   R"("encrypt": ["aes128-ctr"], "mac": ["hmac-sha2-256"], )",
                   R"("compress": ["none", "zlib@openssh.com"], "lang": []}]})"));
  const std::string unknown(32, '0');
  EXPECT_EQ(Body(StrCat("/hassh/hosts/", unknown)),
            StrCat(R"({"hassh": ")", unknown, R"(", "hosts": [], "kexs": []})"));
}

TEST_F(PassiveSshTest, TheTrueHasshIsATwinOfTheLegacyOne) {
  const SightedFact row = AlgorithmsOf(Lists(), "curve25519-sha256");
  const std::string server =
      HasshServer("curve25519-sha256", "aes128-ctr", "hmac-sha2-256", "none,zlib@openssh.com");
  Put({*HostId::Parse("192.0.2.1"), 22, kJune2025, {BannerFact(kOpenSsh), row}});
  Import(Record("192.0.2.2", kJune2025, kOpenSsh, {}));
  const Json host = Get("/host/ssh/192.0.2.1");
  EXPECT_TRUE(host["hassh"].contains(hassh_));
  EXPECT_EQ(host["hassh_server"][server][0]["kex"], Json::array({"curve25519-sha256"}));
  EXPECT_TRUE(Get("/host/ssh/192.0.2.1?hassh=server")["hassh"].contains(server));
  EXPECT_FALSE(Get("/host/ssh/192.0.2.1?hassh=legacy").contains("hassh_server"));
  EXPECT_EQ(Ask("/host/ssh/192.0.2.1?hassh=both").status, 400);
  EXPECT_EQ(Get("/hassh/hosts/" + server)["hosts"], Json::array({"192.0.2.1"}));
  EXPECT_EQ(Get("/hassh/hosts/" + hassh_)["hosts"].size(), 2u);
  EXPECT_TRUE(Get("/hassh/hosts/" + server + "?hassh=legacy")["hosts"].empty());
  EXPECT_EQ(Get("/hasshs?hassh=server"), (Json{{server, 1}}));
  EXPECT_EQ(Get("/hasshs"), (Json{{hassh_, 2}}));  // two rows of one value, each host once
  EXPECT_EQ(Get("/stats")["encrypt"][0][1], 2);
}

TEST_F(PassiveSshTest, WhatOnlyTlsShowedIsNotThere) {
  const std::string tls = RsaBlob(std::string(1, '\0') + std::string(128, '\xc3'));
  const SightedFact key = KeyFactOfSpki(ReadSshKey(tls).spki);
  Put({*HostId::Parse("192.0.2.1"), 443, kJune2025, {key, CertificateFact("no certificate")}});
  Put({*HostId::Parse("192.0.2.1"), 25, kJune2025, {key, BannerFact("220 mail")}});
  Put({*HostId::Parse("192.0.2.1"), 8443, kJune2025, {key, CertificateFact("no certificate")}});
  EXPECT_TRUE(Get("/host/ssh/192.0.2.1")["keys"].empty());
  EXPECT_EQ(Body("/fingerprints"), "{}");
  EXPECT_EQ(Body("/keys/types"), R"({"keys_types": []})");
  EXPECT_TRUE(Get("/fingerprint/all/" + Md5Of(tls))["hosts"].empty());
  EXPECT_EQ(Get("/stats")["hosts"]["ip"], 0);
  // The same key in SSH elsewhere: there, and only there.
  Import(Record("192.0.2.2", kJune2025, kOpenSsh, {HostKey("ssh-rsa", tls)}));
  EXPECT_EQ(Get("/fingerprint/all/" + Md5Of(tls))["hosts"], Json::array({"192.0.2.2"}));
  EXPECT_EQ(Get("/fingerprints"), (Json{{Md5Of(tls), 1}}));
  EXPECT_EQ(Get("/stats")["hosts"]["ip"], 1);
}

TEST_F(PassiveSshTest, SshOnAPortOfAnythingElseIsSsh) {
  Import(Record("192.0.2.1", kJune2025, kOpenSsh, {HostKey("ssh-rsa", rsa_)}, 443));
  Put({*HostId::Parse("192.0.2.1"), 2222, kJune2025, {KeyFactOfBlob(shared_)}});
  const Json host = Get("/host/ssh/192.0.2.1");
  EXPECT_EQ(host["ports"], (Json::array({"443", "2222"})));
  EXPECT_EQ(host["port"], 443);
  EXPECT_EQ(host["keys"].size(), 2u);
  EXPECT_EQ(Get("/fingerprints").size(), 2u);
}

TEST_F(PassiveSshTest, AKeyKnownByItsHashAloneIsLeftOut) {
  SightedFact key = KeyFactOfBlob(shared_);
  key.body.clear();
  Put({*HostId::Parse("192.0.2.1"), 22, kJune2025, {key, BannerFact(kOpenSsh)}});
  EXPECT_TRUE(Get("/host/ssh/192.0.2.1")["keys"].empty());
  EXPECT_EQ(Get("/host/history/192.0.2.1")["history"].size(), 1u);
  EXPECT_EQ(Body("/fingerprints"), "{}");
}

TEST_F(PassiveSshTest, TextsOfStrangersComeOutEscaped) {
  const std::string nasty = "SSH-2.0-<script>alert('x')</script>\"'; DROP TABLE hosts; --\x01\x7f";
  const std::string binary = std::string("SSH-2.0-nul\0in it \xff\xfe", 20);
  Put({*HostId::Parse("192.0.2.1"), 22, kJune2025, {BannerFact(nasty)}});
  Put({*HostId::Parse("192.0.2.2"), 22, kJune2025, {BannerFact(binary)}});
  Put({*HostId::Parse("192.0.2.3"),
       22,
       kJune2025,
       {BannerFact("SSH-2.0-\xc3\xa4\xf0\x9f\x90\x9f")}});
  for (const std::string_view target : {"/banners", "/host/ssh/192.0.2.1", "/host/ssh/192.0.2.2"}) {
    const std::string body = Body(target);
    for (const char c : body) {
      EXPECT_TRUE(c >= ' ' && c <= '~' && c != '<' && c != '>') << target;
    }
    EXPECT_TRUE(Json::accept(body)) << body;
  }
  EXPECT_NE(Body("/banners").find(R"(\u003cscript\u003e)"), std::string::npos);
  EXPECT_NE(Body("/banners").find(R"("SSH-2.0-\u00e4\ud83d\udc1f": 1)"), std::string::npos);
  EXPECT_NE(Body("/banners").find(R"("SSH-2.0-nul\u0000in it \u00ff\u00fe": 1)"),
            std::string::npos);
}

TEST_F(PassiveSshTest, ABannerThatIsNotUtf8IsFoundByWhatIsShownOfIt) {
  Put({*HostId::Parse("192.0.2.2"), 22, kJune2025, {BannerFact("SSH-2.0-caf\xe9")}});
  EXPECT_EQ(Get("/banner/hosts/SSH-2.0-caf%C3%A9")["hosts"], Json::array({"192.0.2.2"}));
}

TEST_F(PassiveSshTest, DoubledAndTrailingSlashesChangeNothing) {
  ImportSome();
  EXPECT_EQ(Body("//host/ssh/192.0.2.2"), Body("/host/ssh/192.0.2.2"));
  EXPECT_EQ(Body("/host/ssh/192.0.2.2/"), Body("/host/ssh/192.0.2.2"));
  EXPECT_EQ(Body("//fingerprint//all//" + shared_md5_), Body("/fingerprint/all/" + shared_md5_));
  EXPECT_EQ(Body("/stats/"), Body("/stats"));
}

TEST_F(PassiveSshTest, OtherPathsAndMethodsAreErrorsInJson) {
  for (const std::string_view target : {"/", "/nothing", "/fingerprint", "/fingerprint/type/"}) {
    EXPECT_EQ(Ask(target).status, 404) << target;
    EXPECT_TRUE(Json::parse(Ask(target).body).contains("Error"));
  }
  EXPECT_EQ(Ask("/stats", "POST").status, 405);
  EXPECT_TRUE(Json::parse(Ask("/stats", "DELETE").body).contains("Error"));
  EXPECT_EQ(Ask("/stats", "HEAD").status, 200);
  EXPECT_EQ(Ask("/host/ssh/%ff%fe").status, 400);
}

// What its clients read, in their way (docs/passive-ssh.md, "Clients").

TEST_F(PassiveSshTest, TheMispModuleGetsItsFields) {
  ImportSome();
  const Json host = Get("//host/ssh/192.0.2.2");
  EXPECT_EQ(host["first_seen"].get<std::string>().size(), 8u);
  for (const Json& key : host["keys"]) EXPECT_EQ(key["fingerprint"].get<std::string>().size(), 47u);
  const Json key = Get("//fingerprint/all/" + shared_md5_);
  for (const char* field : {"first_seen", "last_seen", "base64", "hosts"}) {
    EXPECT_TRUE(key.contains(field)) << field;
  }
  EXPECT_EQ(Get("//fingerprint/all/" + SshSha256Fingerprint(shared_))["hosts"].size(), 3u);
}

TEST_F(PassiveSshTest, AilFindsTheAddressesBehindAnOnion) {
  ImportSome();
  EXPECT_EQ(Ask("/host/ssh/github.com").status, 200);  // its connection test
  std::vector<std::string> addresses;
  const Json onion = Get(StrCat("/host/ssh/", kOnion));
  for (const Json& key : onion["keys"]) {
    EXPECT_EQ(key["type"], "ssh-ed25519");
    const Json answer = Get("/fingerprint/all/" + key["fingerprint"].get<std::string>());
    for (const Json& host : answer["hosts"]) {
      const std::string text = host.get<std::string>();
      if (!text.ends_with(".onion")) addresses.push_back(text);
    }
  }
  EXPECT_EQ(addresses, (std::vector<std::string>{"192.0.2.2", "192.0.2.10"}));
}

TEST_F(PassiveSshTest, SshLookupIndexesWithoutChecking) {
  for (const std::string_view host : {"203.0.113.9", "192.0.2.2"}) {
    const Json answer = Get(StrCat("/host/ssh/", host));
    EXPECT_TRUE(answer.at("hassh").is_object());
    EXPECT_TRUE(answer.at("keys").is_array());
    EXPECT_TRUE(answer.at("banner").is_array());
  }
  const Json hassh = Get("/hassh/hosts/" + hassh_);
  EXPECT_TRUE(hassh.at("hosts").is_array());
  EXPECT_TRUE(hassh.at("kexs").is_array());
}

TEST_F(PassiveSshTest, SnakeOilReadsTheModulusAsADecimalNumber) {
  ImportSome();
  const std::string modulus =
      Get("/fingerprint/all/" + rsa_md5_)["crypto_material"]["modulus"].get<std::string>();
  EXPECT_EQ(modulus.size(), 309u);  // 2^1023.6
  EXPECT_EQ(modulus.find_first_not_of("0123456789"), std::string::npos);
}

}  // namespace
}  // namespace hark

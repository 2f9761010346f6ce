#include "api/v1_host.h"

#include "api/v1_fixture.h"
#include "keys/certificate.h"
#include "keys/ssh_key.h"
#include "keys/testing/test_ca.h"
#include "storage/remember.h"

namespace hark {
namespace {

class V1HostTest : public V1Test {
 protected:
  Json Answer(std::string_view host, const QueryMap& query = {}) {
    Effort effort = Effort::Patient();
    const Result<Json> json = HostAnswer(Memory(), Named(host), *ReadPlaceFilter(query), effort);
    return json.ok() ? *json : Json(json.status().message());
  }
  Json Changes(std::string_view host, const QueryMap& query = {}) {
    Effort effort = Effort::Patient();
    return HostChangesAnswer(Memory(), Named(host), *ReadPlaceFilter(query), *ReadPageWish(query),
                             effort)
        .value();
  }
  // Kinds of facts of the first port.
  static std::vector<std::string> Kinds(const Json& answer) {
    std::vector<std::string> kinds;
    for (const Json& fact : answer["ports"][0]["facts"]) kinds.push_back(fact["kind"]);
    return kinds;
  }
};

TEST_F(V1HostTest, EveryFactOfAPortIsReadableAndHasItsDates) {
  proto::AlgorithmsRow lists;
  lists.mutable_lists()->set_kex_algorithms("curve25519-sha256,ecdh-sha2-nistp256");
  lists.set_hassh("0123456789abcdef0123456789abcdef");
  See("192.0.2.1", 22, "2026-01-01T10:00:00Z",
      {KeyOf("a"), BannerFact("SSH-2.0-old"), AlgorithmsFact(lists), Ok(),
       TlsFact(0x0304, 0x1301, "x25519")});
  See("192.0.2.1", 22, "2026-02-01T10:00:00Z", {KeyOf("a"), BannerFact("SSH-2.0-new"), Ok()});
  const Json answer = Answer("192.0.2.1");
  EXPECT_EQ(answer["host"], "192.0.2.1");
  EXPECT_EQ(answer["kind"], "ipv4");
  EXPECT_EQ(answer["first_seen"], "2026-01-01T10:00:00Z");
  EXPECT_EQ(answer["last_seen"], "2026-02-01T10:00:00Z");
  ASSERT_EQ(answer["ports"].size(), 1U);
  EXPECT_EQ(answer["ports"][0]["sightings"], 2);
  EXPECT_EQ(Kinds(answer),
            (std::vector<std::string>{"key", "banner", "banner", "algorithms", "outcome", "tls"}));
  const Json key = answer["ports"][0]["facts"][0];
  EXPECT_EQ(key["algorithm"], "ed25519");
  EXPECT_EQ(key["bits"], 256);
  EXPECT_EQ(key["ssh_type"], "ssh-ed25519");
  EXPECT_EQ(key["fingerprint_sha256"], SshSha256Fingerprint(Ed25519BlobOf("a")));
  EXPECT_EQ(key["fingerprint_md5"], SshMd5Fingerprint(Ed25519BlobOf("a")));
  EXPECT_EQ(key["key_id"], ReadSshKey(Ed25519BlobOf("a")).id.ToHex());
  EXPECT_EQ(key["sightings"], 2);
  EXPECT_EQ(key["current"], true);
  EXPECT_EQ(key["intervals"].size(), 1U);
  const Json algorithms = answer["ports"][0]["facts"][3];
  EXPECT_EQ(algorithms["hassh_server"], "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(algorithms["lists"]["kex_algorithms"][1], "ecdh-sha2-nistp256");
  EXPECT_EQ(algorithms["current"], false);
  const Json tls = answer["ports"][0]["facts"][5];
  EXPECT_EQ(tls["version"]["name"], "TLSv1.3");
  EXPECT_EQ(tls["cipher_suite"]["name"], "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(tls["group"], "x25519");
}

TEST_F(V1HostTest, AFactThatComesBackHasTwoIntervals) {
  See("192.0.2.1", 22, "2026-01-01", {KeyOf("a"), Ok()});
  See("192.0.2.1", 22, "2026-01-02", {KeyOf("b"), Ok()});
  See("192.0.2.1", 22, "2026-01-03", {KeyOf("a"), Ok()});
  const Json answer = Answer("192.0.2.1");
  int found = 0;
  for (const Json& fact : answer["ports"][0]["facts"]) {
    if (fact["fact"] != FactName(KeyOf("a").fact)) continue;
    EXPECT_EQ(fact["intervals"].size(), 2U);
    EXPECT_EQ(fact["intervals"][1]["first_seen"], "2026-01-03T00:00:00Z");
    EXPECT_EQ(fact["sightings"], 2);
    ++found;
  }
  EXPECT_EQ(found, 1);
}

TEST_F(V1HostTest, TheWindowAndThePortsChooseWhatIsShown) {
  See("192.0.2.1", 22, "2026-01-01", {KeyOf("a")});
  See("192.0.2.1", 22, "2026-02-01", {KeyOf("b")});
  See("192.0.2.1", 2222, "2026-02-01", {KeyOf("c")});
  const Json later = Answer("192.0.2.1", {{"since", "2026-01-15"}, {"port", "22"}});
  ASSERT_EQ(later["ports"].size(), 1U);
  ASSERT_EQ(later["ports"][0]["facts"].size(), 1U);
  EXPECT_EQ(later["ports"][0]["facts"][0]["fact"], FactName(KeyOf("b").fact));
  EXPECT_EQ(later["ports"][0]["sightings"], 1);
  Effort effort = Effort::Patient();
  EXPECT_EQ(
      HostAnswer(Memory(), Named("192.0.2.1"), *ReadPlaceFilter({{"until", "2025-01-01"}}), effort)
          .status()
          .code(),
      StatusCode::kNotFound);
}

TEST_F(V1HostTest, AHostNobodySawIsNotFound) {
  Effort effort = Effort::Patient();
  EXPECT_EQ(HostAnswer(Memory(), Named("192.0.2.9"), {}, effort).status().code(),
            StatusCode::kNotFound);
}

TEST_F(V1HostTest, WhatAStrangerWroteIsEscaped) {
  See("192.0.2.1", 22, "2026-01-01",
      {BannerFact(std::string_view("SSH-2.0-<script>\x1b[2J\xff\0'; DROP", 29))});
  const std::string text = JsonText(Answer("192.0.2.1"));
  for (const char c : text) EXPECT_TRUE(c >= ' ' && c < 0x7f);
  EXPECT_NE(text.find("\\\\x1b[2J\\\\xff\\\\x00"), text.npos) << text;
}

TEST_F(V1HostTest, ChangesTellWhatAppearedAndWhatDisappeared) {
  See("192.0.2.1", 22, "2026-01-01", {KeyOf("a"), Ok()});
  See("192.0.2.1", 22, "2026-01-02", {KeyOf("a"), Ok()});
  See("192.0.2.1", 22, "2026-01-03", {KeyOf("b"), Ok()});
  See("192.0.2.1", 443, "2026-01-02", {KeyOf("c")});
  const Json all = Changes("192.0.2.1");
  ASSERT_EQ(all["changes"].size(), 3U);
  EXPECT_EQ(all["changes"][0]["before"], nullptr);
  EXPECT_EQ(all["changes"][0]["appeared"].size(), 2U);
  EXPECT_EQ(all["changes"][1]["port"], 443);
  const Json last = Changes("192.0.2.1", {{"since", "2026-01-02T12:00"}});
  ASSERT_EQ(last["changes"].size(), 1U);
  EXPECT_EQ(last["changes"][0]["time"], "2026-01-03T00:00:00Z");
  EXPECT_EQ(last["changes"][0]["before"], "2026-01-02T00:00:00Z");
  ASSERT_EQ(last["changes"][0]["appeared"].size(), 1U);
  EXPECT_EQ(last["changes"][0]["appeared"][0]["fact"], FactName(KeyOf("b").fact));
  ASSERT_EQ(last["changes"][0]["disappeared"].size(), 1U);
  EXPECT_EQ(last["changes"][0]["disappeared"][0]["fact"], FactName(KeyOf("a").fact));
}

TEST_F(V1HostTest, PagesOfVisitsMakeTheWholeHistory) {
  for (int day = 1; day < 10; ++day) {
    See("192.0.2.1", 22, "2026-01-0" + std::to_string(day), {KeyOf("a")});
    See("192.0.2.1", 443, "2026-01-0" + std::to_string(day), {KeyOf("b")});
  }
  const auto pages = [&](size_t limit) {
    std::vector<std::string> lines;
    PageWish wish;
    wish.limit = limit;
    do {
      Effort effort = Effort::Patient();
      V1Page page = HostVisits(Memory(), Named("192.0.2.1"), {}, wish, effort).value();
      EXPECT_LE(page.items.size(), limit);
      for (const Json& item : page.items) lines.push_back(item.dump());
      wish.cursor = page.next;
    } while (!wish.cursor.empty());
    return lines;
  };
  EXPECT_EQ(pages(1000).size(), 18U);
  for (const size_t limit : {1U, 2U, 5U, 17U, 18U}) EXPECT_EQ(pages(limit), pages(1000));
}

TEST_F(V1HostTest, ARunThatIsNotRememberedIsSeenAllTheSame) {
  See("192.0.2.1", 22, "2026-01-01", {KeyOf("a"), Ok()});
  proto::PortObservation observation;
  observation.mutable_ssh()->set_identification("SSH-2.0-fresh");
  observation.mutable_ssh()->add_keys()->set_blob(Ed25519BlobOf("b"));
  Visit(1, "IE-2026", "192.0.2.1", 22, "2026-03-01", observation,
        {std::string(ReadSshKey(Ed25519BlobOf("b")).id.bytes())});
  const Json answer = Answer("192.0.2.1");
  ASSERT_EQ(answer["ports"].size(), 1U);
  EXPECT_EQ(answer["ports"][0]["sightings"], 2);
  EXPECT_EQ(answer["last_seen"], "2026-03-01T00:00:00Z");
  EXPECT_EQ(answer["country"], "IE");
  EXPECT_EQ(answer["asn"], 64496);
  EXPECT_EQ(answer["runs"][0]["run"], "IE-2026");
  const std::string text = answer.dump();
  EXPECT_NE(text.find("SSH-2.0-fresh"), text.npos);
  EXPECT_NE(text.find(SshSha256Fingerprint(Ed25519BlobOf("b"))), text.npos) << text;
}

TEST_F(V1HostTest, ARunIsTheSameBeforeAndAfterItIsRemembered) {
  const TestCa root("Test Root");
  const std::string der = root.Issue({{"www.example.org"}}).der;
  const KeyId key = *KeyIdOfCertificate(der);
  {
    const auto write = store_->NewWrite();
    write->PutCertificate(Sha256(der), der);
    ASSERT_TRUE(store_->Commit(*write, false).ok());
  }
  proto::PortObservation observation;
  observation.mutable_tls()->set_version(0x0303);
  observation.mutable_tls()->set_cipher_suite(0xc02f);
  observation.mutable_tls()->add_chain_sha256(Sha256(der));
  Visit(1, "IE-2026", "192.0.2.1", 443, "2026-03-01", observation, {std::string(key.bytes())});
  const Json before = Answer("192.0.2.1");
  ASSERT_EQ(before["ports"].size(), 1U) << before.dump();
  EXPECT_NE(before.dump().find("CN=www.example.org"), std::string::npos) << before.dump();
  EXPECT_EQ(before["ports"][0]["facts"][0]["key_id"], key.ToHex());
  EXPECT_EQ(before["ports"][0]["facts"][0]["algorithm"], "ecdsa");
  ASSERT_TRUE(*RememberRun(*store_, *store_->FindRun("IE-2026"), [](uint64_t) { return true; }));
  ASSERT_TRUE((*MemoryView::ReadRuns(*store_))->front().remembered);
  EXPECT_EQ(Answer("192.0.2.1").dump(1), before.dump(1));
}

TEST_F(V1HostTest, TooMuchForTheQuickLaneIsSaidBeforeItIsDone) {
  std::vector<SightedFact> many;
  for (int i = 0; i < 300; ++i) many.push_back(BannerFact("banner " + std::to_string(i)));
  See("192.0.2.1", 22, "2026-01-01", many);
  Effort quick = Effort::Quick();
  EXPECT_EQ(HostAnswer(Memory(), Named("192.0.2.1"), {}, quick).status().code(),
            StatusCode::kInterrupted);
}

}  // namespace
}  // namespace hark

#include "keys/trust_store.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "keys/certificate.h"
#include "keys/key_id.h"
#include "keys/testing/key_workshop.h"
#include "keys/testing/test_ca.h"

namespace hark {
namespace {

constexpr int64_t kGrab = 1'600'000'000;  // 2020-09-13

// A root that is trusted, an intermediate below it, and how a chain of theirs is judged.
class ChainTest : public ::testing::Test {
 protected:
  ChainVerdict Judge(const TestCertificate& leaf, const std::vector<TestCertificate>& sent,
                     int64_t at = kGrab) const {
    IssuerChain issuers;
    for (const TestCertificate& issuer : sent)
      issuers.push_back(IssuerCertificate::Read(issuer.der));
    return verifier_.Verify(leaf.der, Sha256(leaf.der), issuers, at);
  }

  const TestCa root_{"root"};
  const TestCa middle_{root_, {{"middle"}}};
  const std::unique_ptr<TrustStore> store_ = *TrustStore::FromPem(root_.certificate().pem, "test");
  const ChainVerifier verifier_{store_.get()};
};

TEST_F(ChainTest, OneThatEndsAtARootIsTrusted) {
  EXPECT_TRUE(Judge(root_.Issue({{"a.example"}}), {}).trusted);
  EXPECT_TRUE(Judge(middle_.Issue({{"a.example"}}), {middle_.certificate()}).trusted);
  EXPECT_TRUE(
      Judge(middle_.Issue({{"a.example"}}), {root_.certificate(), middle_.certificate()}).trusted)
      << "in any order";
}

TEST_F(ChainTest, OneWithoutItsIntermediateIsNot) {
  EXPECT_FALSE(Judge(middle_.Issue({{"a.example"}}), {}).trusted);
}

TEST_F(ChainTest, OneWhoseNamesLeadToNoRootNeverIs) {
  const TestCa stranger("stranger");
  const ChainVerdict verdict =
      Judge(stranger.Issue({{"a.example"}}), {stranger.certificate(), middle_.certificate()});
  EXPECT_FALSE(verdict.trusted);
  EXPECT_EQ(verdict.from_unix, INT64_MIN);
  EXPECT_EQ(verdict.to_unix, INT64_MAX);
}

TEST_F(ChainTest, OfSeveralRootsTheRightOneIsFound) {
  const TestCa last("zzz"), other("another root");
  const auto store = *TrustStore::FromPem(
      last.certificate().pem + other.certificate().pem + root_.certificate().pem, "test");
  EXPECT_EQ(store->roots(), 3U);
  const ChainVerifier verifier(store.get());
  for (const TestCa* ca : {&root_, &last, &other}) {
    const std::string leaf = ca->Issue({{"a.example"}}).der;
    EXPECT_TRUE(verifier.Verify(leaf, Sha256(leaf), {}, kGrab).trusted);
  }
}

TEST_F(ChainTest, AnExpiredLeafIsTrustedOnlyInItsTime) {
  const TestCertificate leaf = middle_.Issue({{"a.example"}, kGrab - 200, kGrab - 100});
  EXPECT_FALSE(Judge(leaf, {middle_.certificate()}).trusted);
  const ChainVerdict then = Judge(leaf, {middle_.certificate()}, kGrab - 150);
  EXPECT_TRUE(then.trusted);
  EXPECT_EQ(then.from_unix, kGrab - 200);
  EXPECT_EQ(then.to_unix, kGrab - 100);
  EXPECT_TRUE(Judge(leaf, {middle_.certificate()}, kGrab - 100).trusted)
      << "the last second counts";
  EXPECT_FALSE(Judge(leaf, {middle_.certificate()}, kGrab - 99).trusted);
  EXPECT_FALSE(Judge(leaf, {middle_.certificate()}, kGrab - 201).trusted);
}

TEST_F(ChainTest, ARefusalHoldsUntilTheNextCertificateBeginsOrEnds) {
  const TestCa late(root_, {{"late"}, kGrab + 1000, kGrab + 2000});
  const TestCertificate leaf = late.Issue({{"a.example"}});
  const ChainVerdict before = Judge(leaf, {late.certificate()});
  EXPECT_FALSE(before.trusted);
  EXPECT_EQ(before.from_unix, 1'500'000'000) << "the leaf's first moment";
  EXPECT_EQ(before.to_unix, kGrab + 999);
  EXPECT_TRUE(Judge(leaf, {late.certificate()}, kGrab + 1000).trusted);
  EXPECT_FALSE(Judge(leaf, {late.certificate()}, kGrab + 2001).trusted);
}

TEST_F(ChainTest, ASelfSignedLeafIsTrustedOnlyIfItIsARoot) {
  const TestCertificate own = TestCa::SelfSigned({{"router.local"}});
  const ChainVerdict stranger = Judge(own, {});
  EXPECT_TRUE(stranger.self_signed);
  EXPECT_FALSE(stranger.trusted);
  const auto with_it = *TrustStore::FromPem(own.pem, "test");
  const ChainVerdict pinned =
      ChainVerifier(with_it.get()).Verify(own.der, Sha256(own.der), {}, kGrab);
  EXPECT_TRUE(pinned.trusted);
}

TEST_F(ChainTest, OneForAnotherPurposeIsNot) {
  EXPECT_FALSE(
      Judge(root_.Issue({{"a.example"}, 1'500'000'000, 1'900'000'000, false, "clientAuth"}), {})
          .trusted);
}

TEST_F(ChainTest, ALeafThatIsNoAuthorityCertifiesNobody) {
  // A certificate whose name is the intermediate's, but that may not sign.
  const TestCa impostor(root_, {{"middle"}});
  const TestCertificate not_ca = root_.Issue({{"middle"}});
  EXPECT_FALSE(Judge(impostor.Issue({{"a.example"}}), {not_ca}).trusted);
}

TEST_F(ChainTest, AForgedSignatureIsFoundAlsoTheSecondTime) {
  // The same names all the way up, but the root's key did not sign this intermediate.
  const TestCa other("root");
  const TestCa forged(other, {{"middle"}});
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(Judge(forged.Issue({{"a.example"}}), {forged.certificate()}).trusted);
    EXPECT_FALSE(Judge(forged.Issue({{"a.example"}}), {middle_.certificate()}).trusted);
  }
}

TEST_F(ChainTest, AgreesWithTheOpensslCommand) {
  KeyWorkshop shop;
  shop.Write("root.pem", root_.certificate().pem);
  shop.Write("middle.pem", middle_.certificate().pem);
  const TestCa other("root");
  const std::pair<TestCertificate, bool> cases[] = {
      {middle_.Issue({{"good.example"}}), true},
      {other.Issue({{"bad.example"}}), false},
      {middle_.Issue({{"old.example"}, kGrab - 10, kGrab - 5}), false},
      {middle_.Issue({{"client.example"}, kGrab - 10, kGrab + 5, false, "clientAuth"}), false},
  };
  for (const auto& [leaf, good] : cases) {
    shop.Write("leaf.pem", leaf.pem);
    const std::string said = shop.Run(StrCat(
        "openssl verify -purpose sslserver -attime ", kGrab,
        " -no-CApath -no-CAstore -CAfile root.pem -untrusted middle.pem leaf.pem && echo yes "
        "|| echo no"));
    EXPECT_EQ(said.ends_with("yes\n"), good) << said;
    EXPECT_EQ(Judge(leaf, {middle_.certificate()}).trusted, good);
  }
}

TEST(ChainVerifierTest, ReadsTheSignaturesOfEveryKindOfIssuer) {
  KeyWorkshop shop;
  for (const char* how :
       {"rsa:2048", "rsa:2048 -sha1", "ed25519", "ec -pkeyopt ec_paramgen_curve:P-256",
        "ec -pkeyopt ec_paramgen_curve:P-384", "rsa-pss -pkeyopt rsa_keygen_bits:2048"}) {
    shop.Run(StrCat("rm -f *; openssl req -x509 -newkey ", how,
                    " -nodes -keyout ca.key -subj /CN=ca -days 900 -out ca.pem && "
                    "openssl req -new -newkey ed25519 -nodes -keyout k.pem -subj /CN=x -out r.csr "
                    "&& openssl x509 -req -in r.csr -CA ca.pem -CAkey ca.key -set_serial 7 "
                    "-days 800 -outform DER -out c.der"));
    const auto store = *TrustStore::FromPem(shop.Read("ca.pem"), "ca.pem");
    const ChainVerifier verifier(store.get());
    std::string leaf = shop.Read("c.der");
    const int64_t now = ReadCertificate(leaf)->not_before_unix + 1000;
    EXPECT_TRUE(verifier.Verify(leaf, Sha256(leaf), {}, now).trusted) << how;
    shop.Run("openssl x509 -in ca.pem -outform DER -out ca.der");
    std::string own = shop.Read("ca.der");
    EXPECT_TRUE(ChainVerifier(nullptr).Verify(own, Sha256(own), {}, now).self_signed) << how;
    own.back() = static_cast<char>(own.back() ^ 1);
    EXPECT_FALSE(ChainVerifier(nullptr).Verify(own, Sha256(own), {}, now).self_signed) << how;
    leaf.back() = static_cast<char>(leaf.back() ^ 1);
    EXPECT_FALSE(verifier.Verify(leaf, Sha256(leaf), {}, now).trusted) << how;
  }
}

TEST_F(ChainTest, AChangedKeyInTheLeafIsFound) {
  // The verifier does not decode the leaf's key; who signed the leaf signed it all the same.
  TestCertificate leaf = root_.Issue({{"a.example"}});
  EXPECT_TRUE(Judge(leaf, {}).trusted);
  const size_t key = leaf.der.find("\x2a\x86\x48\xce\x3d\x02\x01");
  ASSERT_NE(key, std::string::npos);
  leaf.der[key + 6] = '\x7f';
  EXPECT_FALSE(Judge(leaf, {}).trusted);
}

TEST_F(ChainTest, BytesThatAreNoCertificateAreNotTrusted) {
  const ChainVerdict verdict = verifier_.Verify("junk", Sha256("junk"), {}, kGrab);
  EXPECT_FALSE(verdict.trusted);
  EXPECT_FALSE(verdict.self_signed);
  EXPECT_EQ(IssuerCertificate::Read("junk"), nullptr);
  const std::string whole = root_.Issue({{"a.example"}}).der;
  for (size_t n = 0; n < whole.size(); n += 7) {
    EXPECT_FALSE(verifier_.Verify(whole.substr(0, n), Sha256("x"), {}, kGrab).trusted) << n;
  }
}

TEST_F(ChainTest, AChainIsFollowedOnlySoFar) {
  // One more than the limit allows, each signed by the one before.
  std::vector<TestCertificate> sent;
  std::vector<std::unique_ptr<TestCa>> line;
  const TestCa* last = &root_;
  for (int i = 0; i < ChainVerifier::kMaxDepth + 2; ++i) {
    line.push_back(std::make_unique<TestCa>(*last, TestCa::Order{{StrCat("ca", i)}}));
    last = line.back().get();
    sent.push_back(last->certificate());
    const bool within = i < ChainVerifier::kMaxDepth;
    EXPECT_EQ(Judge(last->Issue({{"a.example"}}), sent).trusted, within) << i;
  }
}

TEST(TrustStoreTest, SaysWhatIsWrongWithABundle) {
  const auto missing = TrustStore::Load("/nowhere/ca.pem");
  EXPECT_EQ(missing.status().code(), StatusCode::kInvalidInput);
  EXPECT_NE(missing.status().message().find("/nowhere/ca.pem"), std::string::npos);
  const auto empty = TrustStore::FromPem("# nothing\n", "empty.pem");
  EXPECT_EQ(empty.status().message(), "empty.pem: no certificate in it; a bundle in PEM is wanted");
  const std::string good = TestCa("root").certificate().pem;
  std::string torn = good + good;
  torn.replace(torn.size() - 60, 8, "!!!!!!!!");
  EXPECT_EQ(TrustStore::FromPem(torn, "torn.pem").status().message(),
            "torn.pem: certificate 2 of the bundle cannot be read");
  EXPECT_EQ((*TrustStore::FromPem(good + good, "twice.pem"))->roots(), 1U);
}

}  // namespace
}  // namespace hark

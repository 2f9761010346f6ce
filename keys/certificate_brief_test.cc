#include "keys/certificate_brief.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "keys/certificate.h"
#include "keys/ssh_key.h"
#include "keys/testing/key_workshop.h"
#include "keys/testing/test_ca.h"

namespace hark {
namespace {

TEST(CertificateBrief, SaysWhatTheFullReaderSays) {
  KeyWorkshop shop;
  for (const char* how : {"rsa:2048 -days 30", "rsa:512 -days 30000", "ed25519 -days 30",
                          "ec -pkeyopt ec_paramgen_curve:P-384 -days 30"}) {
    shop.Run(StrCat("openssl req -x509 -newkey ", how,
                    " -nodes -keyout k.pem -subj /CN=x -outform DER -out c.der"));
    const std::string der = shop.Read("c.der");
    const auto facts = ReadCertificate(der);
    const auto brief = ReadCertificateBrief(der);
    ASSERT_TRUE(facts && brief) << how;
    EXPECT_EQ(brief->key, facts->key);
    EXPECT_EQ(brief->not_before_unix, facts->not_before_unix);
    EXPECT_EQ(brief->not_after_unix, facts->not_after_unix);
    EXPECT_FALSE(brief->wildcard);
    if (facts->key_type == "rsa") {
      EXPECT_EQ(brief->kind, (KeyKind{KeyAlgorithm::kRsa, static_cast<uint16_t>(facts->key_bits)}));
    }
  }
  EXPECT_EQ(ReadCertificateBrief("junk"), std::nullopt);
}

TEST(CertificateBrief, KnowsAWildcardWhereverItStands) {
  const auto wildcard = [](std::vector<std::string> names) {
    return ReadCertificateBrief(TestCa::SelfSigned({std::move(names)}).der)->wildcard;
  };
  EXPECT_TRUE(wildcard({"*.example"}));
  EXPECT_TRUE(wildcard({"a.example", "b.example", "*.c.example"}));
  EXPECT_FALSE(wildcard({"a.example", "b.example"}));
}

TEST(CertificateBrief, NamesAreASet) {
  const auto hash = [](std::vector<std::string> names) {
    return ReadCertificateBrief(TestCa::SelfSigned({std::move(names)}).der)->names_hash;
  };
  EXPECT_EQ(hash({"a.example", "b.example"}), hash({"B.example", "A.example", "a.example"}));
  EXPECT_NE(hash({"a.example", "b.example"}), hash({"a.example"}));
  EXPECT_NE(hash({"a.example", "b.example"}), hash({"a.exampleb", "example"}));
}

TEST(CertificateBrief, NoPrefixOfOneIsACertificate) {
  const std::string der = TestCa::SelfSigned({{"a.example"}}).der;
  for (size_t n = 0; n < der.size(); ++n) {
    EXPECT_EQ(ReadCertificateBrief(der.substr(0, n)), std::nullopt) << n;
  }
}

TEST(KeyKind, ReadsSshKeysOfAllTypes) {
  KeyWorkshop shop;
  const auto kind = [&](const std::string& how) {
    shop.Run("rm -f k k.pub; ssh-keygen -q -N '' -f k -t " + how);
    return KeyKindOfSshBlob(shop.Blob("k.pub"));
  };
  EXPECT_EQ(kind("rsa -b 1024"), (KeyKind{KeyAlgorithm::kRsa, 1024}));
  EXPECT_EQ(kind("rsa -b 3072"), (KeyKind{KeyAlgorithm::kRsa, 3072}));
  EXPECT_EQ(kind("ed25519"), (KeyKind{KeyAlgorithm::kEd25519, 0}));
  EXPECT_EQ(kind("ecdsa -b 384").curve(), KeyCurve::kP384);
  EXPECT_EQ(KeyKindOfSshBlob("junk"), KeyKind());
}

TEST(KeyKind, OfASshCertificateIsTheKeysInIt) {
  KeyWorkshop shop;
  shop.Run(
      "ssh-keygen -q -N '' -f ca -t ed25519; ssh-keygen -q -N '' -f host -t rsa -b 2048;"
      "ssh-keygen -q -s ca -I id -h host.pub");
  EXPECT_EQ(KeyKindOfSshBlob(shop.Blob("host-cert.pub")), (KeyKind{KeyAlgorithm::kRsa, 2048}));
}

TEST(KeyKind, IsTheSameForOneKeyInBothEncodings) {
  KeyWorkshop shop;
  for (const char* how : {"rsa -b 2048", "ecdsa -b 256", "ed25519"}) {
    shop.Run(StrCat("rm -f k k.pub; ssh-keygen -q -N '' -f k -t ", how));
    const std::string blob = shop.Blob("k.pub");
    EXPECT_EQ(KeyKindOfSpki(ReadSshKey(blob).spki), KeyKindOfSshBlob(blob)) << how;
  }
}

}  // namespace
}  // namespace hark

#include "keys/quick_signature.h"

#include <gtest/gtest.h>

#include "keys/testing/test_ca.h"

namespace hark {
namespace {

// Who signed itself, with a key of that kind.
std::string SelfSignedWith(const char* kind) {
  EvpPkeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  if (kind == std::string_view("rsa")) key.reset(EVP_RSA_gen(2048));
  if (kind == std::string_view("p256")) key.reset(EVP_EC_gen("P-256"));
  if (kind == std::string_view("p384")) key.reset(EVP_EC_gen("P-384"));
  return TestCa("own", 1'400'000'000, 2'000'000'000, std::move(key)).certificate().der;
}

std::optional<bool> VerifyByItself(const std::string& der) {
  const auto parts = CutCertificate(der);
  const EvpPkeyPtr key = parts ? QuickKeys().Read(parts->spki) : nullptr;
  return key ? QuickVerify(*parts, key.get()) : std::nullopt;
}

TEST(QuickSignatureTest, VerifiesRsaAndP256) {
  for (const char* kind : {"rsa", "p256"}) {
    std::string der = SelfSignedWith(kind);
    EXPECT_EQ(VerifyByItself(der), std::optional<bool>(true)) << kind;
    der[der.find("own")] = 'O';
    EXPECT_EQ(VerifyByItself(der), std::optional<bool>(false)) << kind;
  }
}

TEST(QuickSignatureTest, FindsThatAnotherKeySigned) {
  for (const char* kind : {"rsa", "p256"}) {
    const std::string one = SelfSignedWith(kind), other = SelfSignedWith(kind);
    const EvpPkeyPtr key = QuickKeys().Read(CutCertificate(other)->spki);
    ASSERT_NE(key, nullptr);
    EXPECT_EQ(QuickVerify(*CutCertificate(one), key.get()), std::optional<bool>(false)) << kind;
  }
}

TEST(QuickSignatureTest, LeavesWhatItDoesNotKnowToOpenssl) {
  EXPECT_EQ(VerifyByItself(SelfSignedWith("p384")), std::nullopt);
  const std::string rsa = SelfSignedWith("rsa"), p256 = SelfSignedWith("p256");
  const EvpPkeyPtr key = QuickKeys().Read(CutCertificate(rsa)->spki);
  EXPECT_EQ(QuickVerify(*CutCertificate(p256), key.get()), std::nullopt) << "a key of another kind";
  EXPECT_EQ(QuickVerify(*CutCertificate(p256), nullptr), std::nullopt);
  EXPECT_EQ(QuickKeys().Read("junk"), nullptr);
}

TEST(QuickSignatureTest, TheAlgorithmMustStandTwice) {
  std::string der = SelfSignedWith("p256");
  const std::string ecdsa_sha256 = "\x2a\x86\x48\xce\x3d\x04\x03\x02";
  const size_t second = der.rfind(ecdsa_sha256);
  ASSERT_NE(second, der.find(ecdsa_sha256));
  der[second + ecdsa_sha256.size() - 1] = '\x03';  // with SHA-384
  EXPECT_EQ(VerifyByItself(der), std::nullopt);
}

}  // namespace
}  // namespace hark

// Signatures by ssh-keygen and signatures ssh-keygen accepts: the second opinion on what a key
// signs, without a server.

#include "worker/probe/ssh_signature.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "keys/key_id.h"
#include "keys/openssl_ptr.h"
#include "keys/ssh_key.h"
#include "keys/testing/key_workshop.h"
#include "worker/probe/limits.h"

namespace hark::ssh {
namespace {

std::string Text(std::string_view bytes) {
  ByteWriter out;
  out.String32(bytes);
  return out.Take();
}

// OpenSSH's PROTOCOL.sshsig: a signature over these bytes, in a file with the key.
const std::string kMessage = "an exchange hash";
std::string SigFileTail() {
  return Text("hark") + Text("") + Text("sha256");
}
std::string SignedBytes() {
  return "SSHSIG" + SigFileTail() + Text(Sha256(kMessage));
}

std::string Sign(EVP_PKEY* key, const EVP_MD* hash, std::string_view message) {
  const EvpMdCtxPtr context(EVP_MD_CTX_new());
  EVP_DigestSignInit(context.get(), nullptr, hash, nullptr, key);
  size_t size = 0;
  EVP_DigestSign(context.get(), nullptr, &size, AsUnsigned(message.data()), message.size());
  std::string signature(size, '\0');
  EVP_DigestSign(context.get(), AsUnsigned(signature.data()), &size, AsUnsigned(message.data()),
                 message.size());
  signature.resize(size);
  return signature;
}

// The two numbers of a DER ECDSA signature as SSH strings (DER INTEGERs are mpints already).
std::string TwoMpints(std::string_view der) {
  std::string out;
  der.remove_prefix(2);
  for (int i = 0; i < 2; ++i) {
    const size_t length = static_cast<uint8_t>(der[1]);
    out += Text(der.substr(2, length));
    der.remove_prefix(2 + length);
  }
  return out;
}

std::string PlainBlob(EVP_PKEY* key) {
  std::string spki(static_cast<size_t>(i2d_PUBKEY(key, nullptr)), '\0');
  unsigned char* out = AsUnsigned(spki.data());
  i2d_PUBKEY(key, &out);
  return *SshBlobOfSpki(spki);
}

// A key of an authenticator that we play ourselves.
class SecurityKey {
 public:
  explicit SecurityKey(bool ed25519)
      : ed25519_(ed25519),
        type_(ed25519 ? "sk-ssh-ed25519@openssh.com" : "sk-ecdsa-sha2-nistp256@openssh.com"),
        key_(ed25519 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")
                     : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")) {}

  const std::string& type() const { return type_; }
  std::string Blob() const {
    const std::string plain = PlainBlob(key_.get());
    const size_t type_end = 4 + (ed25519_ ? 11 : 19);
    return Text(type_) + plain.substr(type_end) + Text("ssh:");
  }

  // PROTOCOL.u2f: SHA-256 of the application, flags, counter, SHA-256 of the message.
  std::string Signature(std::string_view message, std::string_view type) const {
    const std::string tail("\x01\x00\x00\x00\x07", 5);  // user present, seventh use
    const std::string input = Sha256("ssh:") + tail + Sha256(message);
    const std::string bytes = ed25519_ ? Sign(key_.get(), nullptr, input)
                                       : TwoMpints(Sign(key_.get(), EVP_sha256(), input));
    return Text(type) + Text(bytes) + tail;
  }
  std::string Signature(std::string_view message) const { return Signature(message, type_); }

 private:
  bool ed25519_;
  std::string type_;
  EvpPkeyPtr key_;
};

std::string Armoured(KeyWorkshop& shop, const std::string& blob, const std::string& signature) {
  const std::string file =
      "SSHSIG" + std::string("\0\0\0\1", 4) + Text(blob) + SigFileTail() + Text(signature);
  shop.Write("sig.bin", file);
  return "-----BEGIN SSH SIGNATURE-----\n" + shop.Run("base64 -w 70 sig.bin") +
         "-----END SSH SIGNATURE-----\n";
}

class SecurityKeys : public ::testing::TestWithParam<bool> {};

TEST_P(SecurityKeys, AreVerifiedAsSshKeygenVerifiesThem) {
  KeyWorkshop shop;
  const SecurityKey key(GetParam());
  const std::string signature = key.Signature(SignedBytes());
  shop.Write("message", kMessage);
  shop.Write("sig", Armoured(shop, key.Blob(), signature));
  shop.Run("ssh-keygen -Y check-novalidate -n hark -s sig < message");

  const CheckedSignature checked = CheckSignature(key.Blob(), signature, SignedBytes());
  EXPECT_EQ(checked.proof, Proof::kVerified);
  EXPECT_EQ(checked.algorithm, key.type());
  EXPECT_EQ(checked.r.empty(), GetParam()) << "only ECDSA has an r";
}

TEST_P(SecurityKeys, AreVerifiedThroughACertificateToo) {
  KeyWorkshop shop;
  const SecurityKey key(GetParam());
  shop.WriteBlob("sk.pub", key.type(), key.Blob());
  shop.Run("ssh-keygen -q -t ed25519 -N '' -f ca && ssh-keygen -q -s ca -I id -h sk.pub");
  const std::string certificate = shop.Blob("sk-cert.pub");
  EXPECT_EQ(CheckSignature(certificate, key.Signature("hash"), "hash").proof, Proof::kVerified);
  EXPECT_EQ(CheckSignature(certificate, key.Signature("other"), "hash").proof, Proof::kBad);
}

TEST_P(SecurityKeys, CountEveryPartOfTheSignature) {
  const SecurityKey key(GetParam());
  const std::string good = key.Signature("hash");
  for (size_t from_end : {1u, 4u, 5u, 6u}) {  // counter, flags, signature proper
    std::string bad = good;
    bad[bad.size() - from_end] = static_cast<char>(bad[bad.size() - from_end] ^ 1);
    EXPECT_EQ(CheckSignature(key.Blob(), bad, "hash").proof, Proof::kBad) << from_end;
  }
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_EQ(CheckSignature(key.Blob(), good.substr(0, size), "hash").proof, Proof::kBad) << size;
  }
  EXPECT_EQ(CheckSignature(key.Blob(), good + "x", "hash").proof, Proof::kBad);
  const std::string plain_name = GetParam() ? "ssh-ed25519" : "ecdsa-sha2-nistp256";
  EXPECT_EQ(CheckSignature(key.Blob(), key.Signature("hash", plain_name), "hash").proof,
            Proof::kBad);
}

INSTANTIATE_TEST_SUITE_P(BothTypes, SecurityKeys, ::testing::Values(true, false));

// `ssh-keygen -Y sign` with a key of this type.
class PlainKeys : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(PlainKeys, AreVerifiedByWhatSshKeygenSigns) {
  KeyWorkshop shop;
  shop.Run(StrCat("ssh-keygen -q -N '' -f key -t ", GetParam().first));
  shop.Write("message", kMessage);
  shop.Run("ssh-keygen -q -Y sign -O hashalg=sha256 -n hark -f key message");
  shop.Run("grep -v SIGNATURE message.sig | base64 -d > sig.bin");
  const std::string file = shop.Read("sig.bin");
  ByteReader reader(file);
  reader.Bytes(10);
  const std::string_view blob = reader.String32(4096);
  for (int i = 0; i < 3; ++i) reader.String32(4096);
  const std::string_view signature = reader.String32(4096);
  ASSERT_TRUE(reader.ok());

  const CheckedSignature checked = CheckSignature(blob, signature, SignedBytes());
  EXPECT_EQ(checked.proof, Proof::kVerified);
  EXPECT_EQ(checked.algorithm, GetParam().second);
  EXPECT_EQ(CheckSignature(blob, signature, "another hash").proof, Proof::kBad);
  const CheckedSignature hashless = CheckSignature(blob, signature, "");
  EXPECT_EQ(hashless.proof, Proof::kUnverified);
  EXPECT_EQ(hashless.algorithm, checked.algorithm);
}

INSTANTIATE_TEST_SUITE_P(OfEveryType, PlainKeys,
                         ::testing::Values(std::pair("ed25519", "ssh-ed25519"),
                                           std::pair("rsa -b 2048", "rsa-sha2-512"),
                                           std::pair("ecdsa -b 256", "ecdsa-sha2-nistp256"),
                                           std::pair("ecdsa -b 384", "ecdsa-sha2-nistp384"),
                                           std::pair("ecdsa -b 521", "ecdsa-sha2-nistp521")));

std::string REcdsa(std::string_view r) {
  return CheckSignature("", Text("ecdsa-sha2-nistp256") + Text(Text(r) + Text("s")), "").r;
}

TEST(SignatureR, IsTheMagnitudeWithoutLeadingZeros) {
  EXPECT_EQ(REcdsa("\x12\x34"), "\x12\x34");
  EXPECT_EQ(REcdsa(std::string("\0\x82\x34", 3)), "\x82\x34");
  EXPECT_EQ(REcdsa(std::string(kMaxSshSignatureR, '\x11')).size(), kMaxSshSignatureR);
  EXPECT_EQ(REcdsa(std::string(kMaxSshSignatureR + 1, '\x11')), "") << "larger than any curve's";
  EXPECT_EQ(REcdsa("\x82"), "") << "negative";
  EXPECT_EQ(REcdsa(""), "");
  const std::string halves = std::string(1, '\0') + std::string(19, 'r') + std::string(20, 's');
  EXPECT_EQ(CheckSignature("", Text("ssh-dss") + Text(halves), "").r, std::string(19, 'r'));
  EXPECT_EQ(CheckSignature("", Text("ssh-rsa") + Text(halves), "").r, "");
}

TEST(SignatureNames, AreKeptOnlyIfTheyAreNames) {
  EXPECT_EQ(CheckSignature("", Text("x-new@example.org") + Text("s"), "").algorithm,
            "x-new@example.org");
  EXPECT_EQ(CheckSignature("", Text("with blank") + Text("s"), "").algorithm, "");
  EXPECT_EQ(CheckSignature("", Text("\xff") + Text("s"), "").algorithm, "");
  EXPECT_EQ(CheckSignature("", Text(std::string(65, 'x')) + Text("s"), "").algorithm, "");
}

TEST(SignatureOfAKeyNobodyHereKnows, IsUnverified) {
  const std::string blob = Text("ssh-quantum@example.org") + Text("key");
  const CheckedSignature checked =
      CheckSignature(blob, Text("ssh-quantum@example.org") + Text("s"), "hash");
  EXPECT_EQ(checked.proof, Proof::kUnverified);
  EXPECT_EQ(checked.algorithm, "ssh-quantum@example.org");
}

TEST(SignaturesByAMethodNobodyHereKnows, ProveNothingNeitherWay) {
  const EvpPkeyPtr key(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t{1024}));
  const std::string rsa = PlainBlob(key.get());
  const auto proof_of = [](const std::string& blob, const std::string& signature) {
    return CheckSignature(blob, signature, "hash").proof;
  };
  EXPECT_EQ(proof_of(rsa, Text("ssh-rsa-sha256@ssh.com") + Text("s")), Proof::kUnverified);
  EXPECT_EQ(proof_of(rsa, Text("rsa-sha2-256") + Text("s")), Proof::kBad);
  EXPECT_EQ(proof_of(rsa, Text("ssh-ed25519") + Text("s")), Proof::kBad) << "another key's";
  EXPECT_EQ(proof_of(rsa, Text("ssh-rsa-sha256@ssh.com")), Proof::kBad) << "cut short";
  EXPECT_EQ(proof_of(rsa, Text("no name") + Text("s")), Proof::kBad);
  EXPECT_EQ(proof_of(rsa, Text("") + Text("s")), Proof::kBad);
  const std::string webauthn = "webauthn-sk-ecdsa-sha2-nistp256@openssh.com";
  EXPECT_EQ(proof_of(SecurityKey(false).Blob(), Text(webauthn) + Text("s")), Proof::kUnverified);
}

}  // namespace
}  // namespace hark::ssh

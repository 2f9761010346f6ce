#include "keys/ssh_key.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "keys/certificate.h"
#include "keys/openssl_ptr.h"
#include "keys/testing/key_workshop.h"

namespace hark {
namespace {

std::string Number(std::string_view bytes) {
  ByteWriter out;
  out.String32(bytes);
  return out.Take();
}

std::string RsaBlob(std::string_view e, std::string_view n) {
  return Number("ssh-rsa") + Number(e) + Number(n);
}

std::string Ed25519Blob(char fill) {
  return Number("ssh-ed25519") + Number(std::string(32, fill));
}

// A private key in PEM that both ssh-keygen and openssl read, made by `openssl`.
class SameKeyOnBothSides : public ::testing::TestWithParam<const char*> {};

TEST_P(SameKeyOnBothSides, HasOneIdInAHostKeyAndInACertificate) {
  KeyWorkshop shop;
  shop.Run(GetParam());
  shop.Run("chmod 600 key.pem && ssh-keygen -y -f key.pem > key.pub");
  shop.Run("openssl req -x509 -new -key key.pem -subj /CN=x -outform DER -out cert.der");
  shop.Run("openssl pkey -in key.pem -pubout -outform DER -out spki.der");

  const std::string blob = shop.Blob("key.pub");
  const SshKeyInfo info = ReadSshKey(blob);
  EXPECT_EQ(info.spki, shop.Read("spki.der"));
  EXPECT_EQ(info.id, KeyIdOfCertificate(shop.Read("cert.der")));
  EXPECT_EQ(SshBlobOfSpki(info.spki), blob);
}

INSTANTIATE_TEST_SUITE_P(
    EveryTypeWithBothForms, SameKeyOnBothSides,
    ::testing::Values("openssl genrsa -traditional -out key.pem 2048",
                      "openssl genrsa -traditional -out key.pem 1024",
                      "openssl dsaparam -out p.pem 1024 && openssl gendsa -out key.pem p.pem",
                      "openssl ecparam -genkey -noout -name prime256v1 -out key.pem",
                      "openssl ecparam -genkey -noout -name secp384r1 -out key.pem",
                      "openssl ecparam -genkey -noout -name secp521r1 -out key.pem"));

TEST(SshKey, Ed25519HasTheSpkiThatOpenSslWritesForIt) {
  KeyWorkshop shop;
  shop.Run("ssh-keygen -q -t ed25519 -N '' -f key");
  const std::string blob = shop.Blob("key.pub");
  const std::string point = blob.substr(blob.size() - 32);
  const EvpPkeyPtr key(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, AsUnsigned(point.data()), 32));
  std::string spki(44, '\0');
  unsigned char* out = AsUnsigned(spki.data());
  ASSERT_EQ(i2d_PUBKEY(key.get(), &out), 44);

  const SshKeyInfo info = ReadSshKey(blob);
  EXPECT_EQ(info.type, "ssh-ed25519");
  EXPECT_EQ(info.bits, 256);
  EXPECT_EQ(info.spki, spki);
  EXPECT_EQ(info.id, KeyIdOfSpki(spki));
  EXPECT_EQ(SshBlobOfSpki(spki), blob);
}

TEST(SshKey, FingerprintsAndBitsAreThoseOfSshKeygen) {
  KeyWorkshop shop;
  shop.Run("ssh-keygen -q -t rsa -b 3072 -N '' -f rsa; ssh-keygen -q -t dsa -N '' -f dsa");
  shop.Run("ssh-keygen -q -t ecdsa -b 521 -N '' -f ecdsa; ssh-keygen -q -t ed25519 -N '' -f ed");
  for (const char* name : {"rsa", "dsa", "ecdsa", "ed"}) {
    const std::string file = StrCat(name, ".pub");
    const std::string blob = shop.Blob(file);
    const std::string sha = shop.Run("ssh-keygen -l -E sha256 -f " + file);
    const std::string md5 = shop.Run("ssh-keygen -l -E md5 -f " + file);
    const std::string bits = std::to_string(ReadSshKey(blob).bits);
    EXPECT_TRUE(sha.starts_with(StrCat(bits, " ", SshSha256Fingerprint(blob), " "))) << sha;
    EXPECT_TRUE(md5.starts_with(StrCat(bits, " ", SshMd5Fingerprint(blob), " "))) << md5;
  }
}

TEST(SshKey, ACertificateHasTheIdOfTheKeyItCertifies) {
  KeyWorkshop shop;
  shop.Run("ssh-keygen -q -t ed25519 -N '' -f ca");
  for (const char* type : {"rsa", "dsa", "ecdsa", "ed25519"}) {
    shop.Run(StrCat("ssh-keygen -q -t ", type, " -N '' -f ", type));
    shop.Run(StrCat("ssh-keygen -q -s ca -I id -h -n a.example,b.example ", type, ".pub"));
    const SshKeyInfo plain = ReadSshKey(shop.Blob(StrCat(type, ".pub")));
    const SshKeyInfo certified = ReadSshKey(shop.Blob(StrCat(type, "-cert.pub")));
    EXPECT_TRUE(certified.certificate);
    EXPECT_FALSE(plain.certificate);
    EXPECT_EQ(certified.type, plain.type + "-cert-v01@openssh.com");
    EXPECT_EQ(certified.id, plain.id) << type;
    EXPECT_EQ(certified.spki, plain.spki) << type;
    EXPECT_EQ(certified.bits, plain.bits) << type;
  }
}

TEST(SshKey, ASecurityKeyHasItsOwnDomainAndItsCertificateTheSameId) {
  KeyWorkshop shop;
  const std::string type = "sk-ssh-ed25519@openssh.com";
  const std::string blob = Number(type) + Number(std::string(32, 'k')) + Number("ssh:");
  shop.Run("ssh-keygen -q -t ed25519 -N '' -f ca");
  shop.WriteBlob("sk.pub", type, blob);
  shop.Run("ssh-keygen -q -s ca -I id -h -n a.example sk.pub");

  const SshKeyInfo plain = ReadSshKey(blob);
  const SshKeyInfo certified = ReadSshKey(shop.Blob("sk-cert.pub"));
  EXPECT_EQ(plain.bits, 256);
  EXPECT_EQ(plain.spki, "");
  EXPECT_EQ(certified.type, "sk-ssh-ed25519-cert-v01@openssh.com");
  EXPECT_EQ(certified.id, plain.id);
  EXPECT_NE(plain.id, ReadSshKey(Ed25519Blob('k')).id) << "the application is part of the key";
}

TEST(SshKey, ACompressedPointIsTheSameKeyAsTheUncompressedOne) {
  KeyWorkshop shop;
  shop.Run("ssh-keygen -q -t ecdsa -b 256 -N '' -f key");
  const std::string blob = shop.Blob("key.pub");
  const std::string point = blob.substr(blob.size() - 65);
  const char sign = (point.back() & 1) != 0 ? '\x03' : '\x02';
  const std::string compressed = Number("ecdsa-sha2-nistp256") + Number("nistp256") +
                                 Number(std::string(1, sign) + point.substr(1, 32));
  EXPECT_EQ(ReadSshKey(compressed).id, ReadSshKey(blob).id);
}

TEST(SshKey, APointOffTheCurveHasNoSpki) {
  KeyWorkshop shop;
  shop.Run("ssh-keygen -q -t ecdsa -b 384 -N '' -f key");
  std::string blob = shop.Blob("key.pub");
  blob.back() = static_cast<char>(blob.back() ^ 1);
  const SshKeyInfo info = ReadSshKey(blob);
  EXPECT_EQ(info.type, "ecdsa-sha2-nistp384");
  EXPECT_EQ(info.spki, "");
  EXPECT_EQ(info.bits, 0);
}

TEST(SshKey, SuperfluousLeadingZerosDoNotMakeAnotherKey) {
  const std::string n = "\x71" + std::string(127, '\x33');
  const std::string e("\x01\x00\x01", 3);
  const SshKeyInfo plain = ReadSshKey(RsaBlob(e, n));
  const SshKeyInfo padded = ReadSshKey(RsaBlob(std::string(1, '\0') + e, std::string(5, '\0') + n));
  EXPECT_EQ(plain.bits, 1023);
  EXPECT_EQ(padded.id, plain.id);
}

TEST(SshKey, NumbersThatAreNoKeyKeepTheTypeButHaveNoSpki) {
  const std::string e("\x01\x00\x01", 3);
  const std::string n = "\x71" + std::string(127, '\x33');
  const std::string cases[] = {
      RsaBlob(e, ""),                               // zero modulus
      RsaBlob(e, std::string(4, '\0')),             // zero, written at length
      RsaBlob(e, "\x01"),                           // one
      RsaBlob(e, "\x80" + n),                       // negative
      RsaBlob("", n),                               // zero exponent
      RsaBlob(e, "\x71" + std::string(8191, 'x')),  // 65536 bits
      RsaBlob(e, n) + "x",                          // something behind it
      RsaBlob(e, n).substr(0, 100),                 // cut
      Number("ssh-dss") + Number("\x71\x11") + Number("\x05") + Number("\x02") + Number(""),
      Number("ssh-ed25519") + Number("short"),
      Number("ecdsa-sha2-nistp256") + Number("nistp384") + Number("x"),
  };
  std::set<KeyId> ids;
  for (const std::string& blob : cases) {
    const SshKeyInfo info = ReadSshKey(blob);
    EXPECT_NE(info.type, "");
    EXPECT_EQ(info.spki, "") << HexEncode(blob);
    EXPECT_EQ(info.bits, 0);
    ids.insert(info.id);
  }
  EXPECT_EQ(ids.size(), std::size(cases)) << "different bytes must stay different keys";
}

TEST(SshKey, UnknownAndUnreadableBlobsHashInADomainOfTheirOwn) {
  const std::string unknown = Number("ssh-quantum@example.org") + Number("whatever");
  EXPECT_EQ(ReadSshKey(unknown).type, "ssh-quantum@example.org");
  EXPECT_EQ(ReadSshKey(unknown).id.bytes(),
            Sha256(std::string("hark ssh blob v1\0", 17) + unknown));
  EXPECT_EQ(ReadSshKey("").type, "");
  EXPECT_EQ(ReadSshKey("\xff\xff\xff\xff").type, "");
  EXPECT_EQ(ReadSshKey(Number(std::string("a\0b", 3))).type, "");
  EXPECT_EQ(ReadSshKey(std::string(kMaxSshKeyBlob + 1, 'x')).type, "");
  // An SPKI given as a blob must not get the id it has as an SPKI.
  const std::string spki = ReadSshKey(Ed25519Blob('k')).spki;
  EXPECT_NE(ReadSshKey(spki).id, KeyIdOfSpki(spki));
}

TEST(SshKey, SpkisOfOtherKindsHaveNoBlob) {
  KeyWorkshop shop;
  shop.Run("openssl genpkey -algorithm X25519 | openssl pkey -pubout -outform DER -out x.der");
  shop.Run("openssl ecparam -genkey -noout -name secp256k1 -out k.pem");
  shop.Run("openssl pkey -in k.pem -pubout -outform DER -out k.der");
  EXPECT_EQ(SshBlobOfSpki(shop.Read("x.der")), std::nullopt);
  EXPECT_EQ(SshBlobOfSpki(shop.Read("k.der")), std::nullopt);
  EXPECT_EQ(SshBlobOfSpki(""), std::nullopt);
  EXPECT_EQ(SshBlobOfSpki("garbage"), std::nullopt);
}

}  // namespace
}  // namespace hark

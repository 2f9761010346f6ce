#include "keys/certificate.h"

#include <gtest/gtest.h>

#include "keys/der.h"
#include "keys/testing/key_workshop.h"

namespace hark {
namespace {

TEST(Certificate, FactsAreThoseOpenSslWrote) {
  KeyWorkshop shop;
  shop.Run(
      "openssl ecparam -genkey -noout -name prime256v1 -out key.pem && "
      "openssl req -x509 -new -key key.pem -set_serial 0x1234abcd -days 30 "
      "-subj '/C=NA/O=Hark, Inc./CN=host.example' "
      "-addext 'subjectAltName=DNS:a.example,IP:127.0.0.1,DNS:b.example' "
      "-outform DER -out cert.der && "
      "openssl pkey -in key.pem -pubout -outform DER -out spki.der");
  const auto facts = ReadCertificate(shop.Read("cert.der"));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->key, KeyIdOfSpki(shop.Read("spki.der")));
  EXPECT_EQ(facts->key_type, "ecdsa");
  EXPECT_EQ(facts->key_bits, 256);
  EXPECT_EQ(facts->curve, "prime256v1");
  EXPECT_EQ(facts->subject, "CN=host.example,O=Hark\\, Inc.,C=NA");
  EXPECT_EQ(facts->issuer, facts->subject);
  EXPECT_EQ(facts->common_name, "host.example");
  EXPECT_EQ(facts->dns_names, (std::vector<std::string>{"a.example", "b.example"}));
  EXPECT_EQ(facts->serial_hex, "1234abcd");
  EXPECT_EQ(facts->not_after_unix - facts->not_before_unix, 30 * 86400);
  EXPECT_TRUE(facts->self_signed);
}

TEST(Certificate, KeyTypesHaveTheirNames) {
  KeyWorkshop shop;
  const std::pair<const char*, const char*> kinds[] = {
      {"-newkey rsa:2048", "rsa"},
      {"-newkey ed25519", "ed25519"},
      {"-newkey ed448", "ed448"},
      {"-newkey rsa-pss -pkeyopt rsa_keygen_bits:2048", "1.2.840.113549.1.1.10"},
  };
  for (const auto& [how, name] : kinds) {
    shop.Run(StrCat("openssl req -x509 ", how,
                    " -nodes -keyout k.pem -subj /CN=x -outform DER -out c.der"));
    const auto facts = ReadCertificate(shop.Read("c.der"));
    ASSERT_TRUE(facts) << how;
    EXPECT_EQ(facts->key_type, name);
    EXPECT_TRUE(facts->self_signed) << how;
  }
}

TEST(Certificate, OneThatAnotherKeySignedIsNotSelfSigned) {
  KeyWorkshop shop;
  // Both carry the same name, so only the signature tells them apart.
  shop.Run(
      "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -subj /CN=same -out ca.pem && "
      "openssl req -new -newkey rsa:2048 -nodes -keyout k.pem -subj /CN=same -out r.csr && "
      "openssl x509 -req -in r.csr -CA ca.pem -CAkey ca.key -set_serial 7 -outform DER -out c.der");
  const auto facts = ReadCertificate(shop.Read("c.der"));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->subject, facts->issuer);
  EXPECT_FALSE(facts->self_signed);
}

TEST(Certificate, TheKeyIsReadableWhereTheRestIsNot) {
  KeyWorkshop shop;
  shop.Run(
      "openssl req -x509 -newkey ed25519 -nodes -keyout k.pem -subj /CN=x -outform DER "
      "-out c.der && openssl pkey -in k.pem -pubout -outform DER -out spki.der");
  std::string der = shop.Read("c.der");
  const size_t name = der.find("\x06\x03\x55\x04\x03");  // the OID of CN, in the issuer
  ASSERT_NE(name, std::string::npos);
  der[name] = '\x1f';  // no such tag: the issuer's name cannot be read
  EXPECT_EQ(KeyIdOfCertificate(der), KeyIdOfSpki(shop.Read("spki.der")));
  const auto facts = ReadCertificate(der);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->key, KeyIdOfSpki(shop.Read("spki.der")));
  EXPECT_EQ(facts->issuer, "");
  EXPECT_EQ(facts->subject, "CN=x");
}

TEST(Certificate, NoPrefixOfOneIsACertificate) {
  KeyWorkshop shop;
  shop.Run(
      "openssl req -x509 -newkey ed25519 -nodes -keyout k.pem -subj /CN=x -outform DER "
      "-out c.der");
  const std::string der = shop.Read("c.der");
  ASSERT_TRUE(ReadCertificate(der));
  for (size_t n = 0; n < der.size(); ++n) {
    EXPECT_EQ(KeyIdOfCertificate(der.substr(0, n)), std::nullopt) << n;
    EXPECT_FALSE(ReadCertificate(der.substr(0, n))) << n;
  }
}

TEST(Certificate, OneBeyondTheLimitIsNotLookedAt) {
  KeyWorkshop shop;
  shop.Run(
      "openssl req -x509 -newkey ed25519 -nodes -keyout k.pem -subj /CN=x -outform DER "
      "-out c.der");
  std::string der = shop.Read("c.der");
  der.resize(kMaxCertificate);
  EXPECT_TRUE(KeyIdOfCertificate(der));
  der += 'x';
  EXPECT_FALSE(KeyIdOfCertificate(der));
}

TEST(Der, WritesTheShortestLengthAndReadsItBack) {
  for (size_t n : {0, 1, 127, 128, 255, 256, 65535, 65536}) {
    const std::string encoded = der::Encode(der::kSequence, std::string(n, 'x'));
    std::string_view in = encoded;
    const auto element = der::Next(in, der::kSequence);
    ASSERT_TRUE(element) << n;
    EXPECT_EQ(element->content.size(), n);
    EXPECT_EQ(element->encoded, encoded);
    EXPECT_TRUE(in.empty());
  }
}

TEST(Der, RefusesIndefiniteAndOversizedLengths) {
  for (const std::string& bytes : {std::string("\x30\x80\x00\x00", 4), std::string("\x30\x85"),
                                   std::string("\x30\x84\xff\xff\xff\xff"), std::string("\x30")}) {
    std::string_view in = bytes;
    EXPECT_FALSE(der::Next(in)) << HexEncode(bytes);
  }
}

}  // namespace
}  // namespace hark

// Certificates as honest software would not write them, and the largest that it does.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "keys/certificate.h"
#include "keys/der.h"
#include "keys/openssl_ptr.h"
#include "keys/testing/key_workshop.h"

namespace hark {
namespace {

using ::testing::ElementsAre;

// A certificate put together from DER, signed by nobody: what a reader must bear.
struct Draft {
  std::string serial = "\x01";
  std::string common_name = "x";
  uint8_t name_type = 0x0c;  // UTF8String
  std::string not_after = "20300101000000Z";
  std::string alt_names;  // the content of the GeneralNames sequence
  std::string extensions;

  static std::string Oid(const std::string& content) { return der::Encode(der::kOid, content); }
  static std::string Sequence(const std::string& content) {
    return der::Encode(der::kSequence, content);
  }

  std::string Name() const {
    const std::string cn = Sequence(Oid("\x55\x04\x03") + der::Encode(name_type, common_name));
    return Sequence(der::Encode(0x31, cn));
  }

  static std::string Extension(const std::string& oid, const std::string& value) {
    return Sequence(Oid(oid) + der::Encode(0x04, value));
  }

  std::string Spki() const {
    const EvpPkeyPtr key(EVP_EC_gen("P-256"));
    unsigned char* out = nullptr;
    const int size = i2d_PUBKEY(key.get(), &out);
    std::string spki(reinterpret_cast<char*>(out), static_cast<size_t>(size));
    OPENSSL_free(out);
    return spki;
  }

  std::string Der() const {
    const std::string algorithm = Sequence(Oid("\x2a\x86\x48\xce\x3d\x04\x03\x02"));
    std::string all = extensions;
    if (!alt_names.empty()) all += Extension("\x55\x1d\x11", Sequence(alt_names));
    std::string tbs = der::Encode(der::kContext0, der::Encode(der::kInteger, "\x02"));
    tbs += der::Encode(der::kInteger, serial) + algorithm + Name();
    tbs += Sequence(der::Encode(0x18, "20200101000000Z") + der::Encode(0x18, not_after));
    tbs += Name() + Spki();
    if (!all.empty()) tbs += der::Encode(0xa3, Sequence(all));
    return Sequence(Sequence(tbs) + algorithm + der::EncodeBits("no signature"));
  }

  CertificateFacts Read() const {
    const auto facts = ReadCertificate(Der());
    EXPECT_TRUE(facts);
    return facts.value_or(CertificateFacts());
  }
};

TEST(Certificate, TellsWhatItsExtensionsAllow) {
  KeyWorkshop shop;
  shop.Run(
      "openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -subj /CN=x -outform DER -out c.der "
      "-addext basicConstraints=critical,CA:TRUE,pathlen:3 "
      "-addext keyUsage=digitalSignature,keyCertSign -addext extendedKeyUsage=serverAuth,1.2.3.4 "
      "-addext 'subjectAltName=DNS:a,IP:192.0.2.1,IP:2001:db8::1,email:a@b,URI:https://c/' "
      "-addext 1.3.6.1.4.1.11129.2.4.3=critical,DER:05:00");
  const auto facts = ReadCertificate(shop.Read("c.der"));
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->version, 3);
  EXPECT_TRUE(facts->has_basic_constraints);
  EXPECT_TRUE(facts->is_ca);
  EXPECT_EQ(facts->path_length, 3);
  EXPECT_THAT(facts->key_usage, ElementsAre("digitalSignature", "keyCertSign"));
  EXPECT_THAT(facts->extended_key_usage, ElementsAre("serverAuth", "1.2.3.4"));
  EXPECT_THAT(facts->dns_names, ElementsAre("a"));
  EXPECT_THAT(facts->ips, ElementsAre("192.0.2.1", "2001:db8::1"));
  EXPECT_THAT(facts->emails, ElementsAre("a@b"));
  EXPECT_THAT(facts->uris, ElementsAre("https://c/"));
  EXPECT_EQ(facts->san_count, 5u);
  EXPECT_TRUE(facts->ct_poison);
  EXPECT_FALSE(facts->embedded_scts);
  EXPECT_EQ(facts->signature_algorithm, "sha256WithRSAEncryption");
  EXPECT_EQ(facts->signature_algorithm_oid, "1.2.840.113549.1.1.11");
}

TEST(Certificate, KeepsEachOf1577Names) {
  Draft draft;
  for (int i = 0; i < 1577; ++i) {
    draft.alt_names += der::Encode(0x82, StrCat("host-", i, ".example.org"));
  }
  const CertificateFacts facts = draft.Read();
  EXPECT_EQ(facts.san_count, 1577u);
  ASSERT_EQ(facts.dns_names.size(), 1577u);
  EXPECT_EQ(facts.dns_names.back(), "host-1576.example.org");
}

TEST(Certificate, OneBrokenNameDoesNotHideThoseBeforeIt) {
  Draft draft;
  draft.alt_names = der::Encode(0x82, "good") + der::Encode(0x87, "xyz") + "\x82\x7f";
  const CertificateFacts facts = draft.Read();
  EXPECT_THAT(facts.dns_names, ElementsAre("good"));
  EXPECT_THAT(facts.ips, ElementsAre("78797a"));
  EXPECT_EQ(facts.san_count, 2u);
}

TEST(Certificate, MayLiveUntilTheYear9999) {
  Draft draft;
  draft.not_after = "99991231235959Z";
  EXPECT_EQ(draft.Read().not_after_unix, 253402300799);
  draft.not_after = "99999999999999Z";
  EXPECT_EQ(draft.Read().not_after_unix, 0);
}

TEST(Certificate, MayHaveANegativeSerialOrAnEndlessOne) {
  Draft draft;
  draft.serial = "\xff\x01";
  EXPECT_EQ(draft.Read().serial_hex, "-ff");
  draft.serial = "\x01" + std::string(2000, '\x02');
  EXPECT_EQ(draft.Read().serial_hex.size(), 4002u);
}

TEST(Certificate, NamesThatAreNoTextAreShownEscaped) {
  Draft draft;
  draft.common_name = "bad\xff\xfe";  // no UTF-8
  EXPECT_EQ(draft.Read().subject, "CN=bad\\xff\\xfe");
  EXPECT_EQ(draft.Read().common_name, draft.common_name);
  draft.common_name = std::string("good\0evil\n", 10);
  EXPECT_EQ(draft.Read().subject.find('\0'), std::string::npos);
  EXPECT_EQ(draft.Read().subject.find('\n'), std::string::npos);
  EXPECT_EQ(draft.Read().common_name, draft.common_name);
  draft.alt_names = der::Encode(0x82, std::string("a\0b", 3));
  EXPECT_THAT(draft.Read().dns_names, ElementsAre(std::string("a\0b", 3)));
  draft.name_type = 0x1e;  // BMPString of an odd number of bytes
  draft.common_name = "abc";
  EXPECT_EQ(draft.Read().key_type, "ecdsa");
}

TEST(Certificate, NestedAThousandDeepIsReadWithoutGoingThere) {
  std::string nest;
  for (int i = 0; i < 1000; ++i) nest = der::Encode(der::kSequence, nest);
  EXPECT_FALSE(ReadCertificate(nest));
  Draft draft;
  draft.alt_names = nest;
  draft.extensions = Draft::Extension("\x55\x1d\x13", nest) +  // basicConstraints
                     Draft::Extension("\x55\x1d\x25", nest) +  // extKeyUsage
                     Draft::Extension("\x55\x1d\x0f", nest);   // keyUsage
  const CertificateFacts facts = draft.Read();
  EXPECT_EQ(facts.key_type, "ecdsa");
  EXPECT_EQ(facts.key_bits, 256);
  EXPECT_EQ(facts.subject, "CN=x");
}

TEST(Certificate, OfTwoMegabytesOrOfGarbageIsNone) {
  EXPECT_FALSE(ReadCertificate(std::string(size_t{2} << 20, '\x30')));
  EXPECT_FALSE(ReadCertificate("garbage"));
  EXPECT_EQ(KeyTypeOfCertificate("garbage"), "");
}

}  // namespace
}  // namespace hark

#include "keys/ssh_certificate.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "keys/ssh_key.h"
#include "keys/ssh_security_key.h"
#include "keys/testing/key_workshop.h"

namespace hark {
namespace {

std::string Text(std::string_view bytes) {
  ByteWriter out;
  out.String32(bytes);
  return out.Take();
}

std::string Number(uint64_t n) {
  ByteWriter out;
  out.U64(n);
  return out.Take();
}

// A host certificate by hand; the lists as packed.
std::string Certificate(const std::string& principals, const std::string& options = "",
                        const std::string& type = "ssh-ed25519-cert-v01@openssh.com") {
  return Text(type) + Text("nonce") + Text(std::string(32, 'k')) + Number(5) +
         std::string("\0\0\0\2", 4) + Text("id") + Text(principals) + Number(1) + Number(2) +
         Text("") + Text(options) + Text("") + Text("ca") + Text("signature");
}

TEST(SshCertificate, IsReadAsSshKeygenWroteIt) {
  KeyWorkshop shop;
  shop.Run("ssh-keygen -q -t ecdsa -N '' -f ca && ssh-keygen -q -t ed25519 -N '' -f key");
  shop.Run(
      "ssh-keygen -q -s ca -I 'web 17' -h -n a.example,b.example -z 4711 "
      "-V 20260101000000Z:20270101000000Z key.pub");
  const auto certificate = ReadSshCertificate(shop.Blob("key-cert.pub"));
  ASSERT_TRUE(certificate);
  EXPECT_EQ(certificate->type, "ssh-ed25519-cert-v01@openssh.com");
  EXPECT_EQ(certificate->certified_key, shop.Blob("key.pub"));
  EXPECT_EQ(certificate->serial, 4711u);
  EXPECT_EQ(certificate->kind, SshCertificate::kHost);
  EXPECT_EQ(certificate->key_id, "web 17");
  EXPECT_EQ(certificate->principals, (std::vector<std::string>{"a.example", "b.example"}));
  EXPECT_EQ(certificate->valid_after, 1767225600u);
  EXPECT_EQ(certificate->valid_before, 1798761600u);
  EXPECT_TRUE(certificate->critical_options.empty());
  EXPECT_TRUE(certificate->extensions.empty());
  EXPECT_TRUE(certificate->lists_complete);
  EXPECT_EQ(certificate->ca_key, shop.Blob("ca.pub"));
  const std::string listed = shop.Run("ssh-keygen -L -f key-cert.pub");
  EXPECT_NE(listed.find(SshSha256Fingerprint(certificate->ca_key)), std::string::npos) << listed;
}

TEST(SshCertificate, KeepsOptionsAndHasBoundsThatNeverEnd) {
  KeyWorkshop shop;
  shop.Run("ssh-keygen -q -t ed25519 -N '' -f ca && ssh-keygen -q -t ed25519 -N '' -f key");
  shop.Run(
      "ssh-keygen -q -s ca -I id -n joe -O clear -O permit-pty -O force-command=ls "
      "-O extension:x@y=z key.pub");
  const auto certificate = ReadSshCertificate(shop.Blob("key-cert.pub"));
  ASSERT_TRUE(certificate);
  EXPECT_EQ(certificate->kind, SshCertificate::kUser);
  EXPECT_EQ(certificate->valid_after, 0u);
  EXPECT_EQ(certificate->valid_before, SshCertificate::kForever);
  EXPECT_EQ(certificate->critical_options,
            (std::vector<SshCertificateOption>{{"force-command", Text("ls")}}));
  EXPECT_EQ(certificate->extensions,
            (std::vector<SshCertificateOption>{{"permit-pty", ""}, {"x@y", Text("z")}}));
}

class EveryCertifiedType : public ::testing::TestWithParam<const char*> {};

TEST_P(EveryCertifiedType, GivesBackTheKeyItCertifies) {
  KeyWorkshop shop;
  shop.Run("ssh-keygen -q -t ed25519 -N '' -f ca");
  shop.Run(StrCat("ssh-keygen -q -N '' -f key -t ", GetParam()));
  shop.Run("ssh-keygen -q -s ca -I id -h -n a.example key.pub");
  const std::string blob = shop.Blob("key-cert.pub");
  EXPECT_EQ(CertifiedSshKey(blob), shop.Blob("key.pub"));
  EXPECT_EQ(ReadSshCertificate(blob)->certified_key, shop.Blob("key.pub"));
}

INSTANTIATE_TEST_SUITE_P(Plain, EveryCertifiedType,
                         ::testing::Values("rsa", "dsa", "ecdsa -b 256", "ecdsa -b 384",
                                           "ecdsa -b 521", "ed25519"));

TEST(SshCertificate, IsNoneUnlessFramedToItsLastByte) {
  const std::string whole = Certificate(Text("a.example"));
  ASSERT_TRUE(ReadSshCertificate(whole));
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(ReadSshCertificate(whole.substr(0, size))) << size;
    EXPECT_FALSE(CertifiedSshKey(whole.substr(0, size))) << size;
  }
  EXPECT_FALSE(ReadSshCertificate(whole + "x"));
  EXPECT_FALSE(ReadSshCertificate(Certificate("", "", "ssh-ed25519")));
  EXPECT_FALSE(ReadSshCertificate(Certificate("", "", "ssh-new-cert-v01@openssh.com")));
  EXPECT_FALSE(ReadSshCertificate(Certificate(std::string(kMaxSshKeyBlob, 'x'))));
}

TEST(SshCertificate, KeepsWhatCouldBeReadOfAMalformedList) {
  const auto cut =
      ReadSshCertificate(Certificate(Text("a.example") + std::string("\0\0\0\x9tail", 8)));
  ASSERT_TRUE(cut);
  EXPECT_EQ(cut->principals, std::vector<std::string>{"a.example"});
  EXPECT_FALSE(cut->lists_complete);
  const auto odd = ReadSshCertificate(Certificate("", Text("name without data")));
  ASSERT_TRUE(odd);
  EXPECT_TRUE(odd->extensions.empty());
  EXPECT_FALSE(odd->lists_complete);
}

TEST(SshCertificate, KeepsAsManyEntriesAsItsLimitAllows) {
  std::string principals;
  for (size_t i = 0; i < kMaxSshCertificateEntries; ++i) principals += Text("");
  const auto longest = ReadSshCertificate(Certificate(principals));
  EXPECT_EQ(longest->principals.size(), kMaxSshCertificateEntries);
  EXPECT_TRUE(longest->lists_complete);
  const auto longer = ReadSshCertificate(Certificate(principals + Text("")));
  EXPECT_EQ(longer->principals.size(), kMaxSshCertificateEntries);
  EXPECT_FALSE(longer->lists_complete);
}

TEST(SshSecurityKey, IsReadOnlyIfNothingIsMissingOrLeft) {
  const std::string blob =
      Text("sk-ssh-ed25519@openssh.com") + Text(std::string(32, 'k')) + Text("ssh:host");
  const auto key = ReadSshSecurityKey(blob);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->application, "ssh:host");
  EXPECT_EQ(key->plain_blob, Text("ssh-ed25519") + Text(std::string(32, 'k')));
  for (size_t size = 0; size < blob.size(); ++size) {
    EXPECT_FALSE(ReadSshSecurityKey(blob.substr(0, size))) << size;
  }
  EXPECT_FALSE(ReadSshSecurityKey(blob + "x"));
  EXPECT_FALSE(ReadSshSecurityKey(key->plain_blob));
}

}  // namespace
}  // namespace hark

#include "exchange/ssh_key_text.h"

#include <gtest/gtest.h>

#include "exchange/foreign_fixture.h"

namespace hark {
namespace {

TEST(SshKeyText, ReadsAKeyWithAndWithoutTypeAndComment) {
  const std::string blob = Ed25519BlobOf(1);
  for (const std::string& text :
       {Base64(blob), KeyText(blob), KeyText(blob) + " a comment", Base64(blob) + " a-comment",
        StrCat("ssh-ed25519\t ", Base64(blob), "\tx")}) {
    const Result<std::string> read = SshBlobOfText(text);
    ASSERT_TRUE(read.ok()) << text;
    EXPECT_EQ(*read, blob) << text;
  }
}

TEST(SshKeyText, RefusesWhatIsNoKey) {
  for (const std::string& text :
       {std::string(), std::string(" "), std::string("ssh-ed25519"), std::string("ssh-ed25519 "),
        std::string("AAAA"), std::string("AAAAAAA="), Base64("\x00\x00\x00\x40short"),
        std::string(120000, 'A'), KeyText(Ed25519BlobOf(1)) + "!"}) {
    EXPECT_FALSE(SshBlobOfText(text).ok()) << text.substr(0, 40);
  }
}

TEST(SshKeyText, ReadsFingerprintsInEveryForm) {
  const std::string blob = RsaBlobOf(3);
  const std::string md5 = Md5Text(blob);
  std::string digits = md5;
  std::erase(digits, ':');
  for (const std::string& text :
       {md5, "MD5:" + md5, AsciiUpper(md5), digits, "md5:" + digits, SshSha256Fingerprint(blob),
        SshSha256Fingerprint(blob) + "=", "SHA256:" + HexEncode(Sha256(blob))}) {
    EXPECT_EQ(FingerprintFits(text, blob), true) << text;
    EXPECT_EQ(FingerprintFits(text, RsaBlobOf(4)), false) << text;
  }
  for (const std::string& text :
       {std::string(), md5 + ":", md5.substr(1), std::string(47, 'x'), std::string("SHA256:"),
        std::string("SHA256:AAAA"), std::string(48, '0')}) {
    EXPECT_EQ(FingerprintFits(text, blob), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace hark

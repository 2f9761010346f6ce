#include "keys/hassh.h"

#include <gtest/gtest.h>

namespace hark {
namespace {

// OpenSSH 9.2p1 of Debian 12 with its default configuration.
constexpr char kKex92[] =
    "sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com,curve25519-sha256,"
    "curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,"
    "diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,"
    "diffie-hellman-group18-sha512,diffie-hellman-group14-sha256,kex-strict-s-v00@openssh.com";
constexpr char kCiphers[] =
    "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,"
    "aes256-gcm@openssh.com";
constexpr char kMacs[] =
    "umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,"
    "hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64@openssh.com,"
    "umac-128@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1";
constexpr char kCompression[] = "none,zlib@openssh.com";

TEST(Hassh, ServerValuesAreThePublishedOnes) {
  EXPECT_EQ(HasshServer(kKex92, kCiphers, kMacs, kCompression), "425d29fe50d8e4f5e37efb6e24bcf660");
  // OpenSSH 7.6 to 8.0, a value found in every list of hasshServer fingerprints.
  EXPECT_EQ(HasshServer("curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,"
                        "ecdh-sha2-nistp384,ecdh-sha2-nistp521,diffie-hellman-group-exchange-"
                        "sha256,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,"
                        "diffie-hellman-group14-sha256,diffie-hellman-group14-sha1",
                        kCiphers, kMacs, kCompression),
            "b12d2871a1189eff20364cf5333619ee");
  // OpenSSH 6.6.1p1 of Debian 7's backports.
  EXPECT_EQ(HasshServer("curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"
                        "ecdh-sha2-nistp521,diffie-hellman-group-exchange-sha256,diffie-hellman-"
                        "group-exchange-sha1,diffie-hellman-group14-sha1,diffie-hellman-group1-"
                        "sha1",
                        kCiphers,
                        "hmac-md5-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64-etm@openssh."
                        "com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-"
                        "etm@openssh.com,hmac-ripemd160-etm@openssh.com,hmac-sha1-96-etm@openssh."
                        "com,hmac-md5-96-etm@openssh.com,hmac-md5,hmac-sha1,umac-64@openssh.com,"
                        "umac-128@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-ripemd160,hmac-"
                        "ripemd160@openssh.com,hmac-sha1-96,hmac-md5-96",
                        kCompression),
            "b003da101c8caf37ce9e3ca3cd9d049b");
}

TEST(Hassh, PassiveSshsValueChangesWithTheKeysAHostHas) {
  EXPECT_EQ(PassiveSshHassh("rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp256,ssh-ed25519", kCiphers,
                            kMacs, kCompression),
            "9229629f8348aa7b288078bd9a490f55");
  EXPECT_EQ(PassiveSshHassh("rsa-sha2-512,rsa-sha2-256,ssh-ed25519", kCiphers, kMacs, kCompression),
            "02333480f66d59269ba2d34e93f5e846");
  EXPECT_EQ(PassiveSshHassh("ssh-ed25519", kCiphers, kMacs, kCompression),
            "5ee539ec83a77599f3416cf45cb5c4a5");
}

TEST(Hassh, EmptyListsAreListsToo) {
  EXPECT_EQ(HasshServer("", "", "", ""), "95420f9d932ddd22833f17b96a80bedb");
}

}  // namespace
}  // namespace hark

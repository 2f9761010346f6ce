#include "keys/tls_names.h"

#include <gtest/gtest.h>

namespace hark {
namespace {

TEST(TlsNames, SuitesHaveTheRegistrysNamesOldOnesToo) {
  EXPECT_EQ(TlsSuiteName(0x1301), "TLS_AES_128_GCM_SHA256");
  EXPECT_EQ(TlsSuiteName(0xc02f), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
  EXPECT_EQ(TlsSuiteName(0x002f), "TLS_RSA_WITH_AES_128_CBC_SHA");
  EXPECT_EQ(TlsSuiteName(0x0005), "TLS_RSA_WITH_RC4_128_SHA");
  EXPECT_EQ(TlsSuiteName(0xc011), "TLS_ECDHE_RSA_WITH_RC4_128_SHA");
  EXPECT_EQ(TlsSuiteName(0x000a), "TLS_RSA_WITH_3DES_EDE_CBC_SHA");
  EXPECT_EQ(TlsSuiteName(0x0003), "TLS_RSA_EXPORT_WITH_RC4_40_MD5");
  EXPECT_EQ(TlsSuiteName(0xdead), "0xdead");
}

TEST(TlsNames, GroupsAndSchemes) {
  EXPECT_EQ(TlsGroupName(29), "x25519");
  EXPECT_EQ(TlsGroupName(256), "ffdhe2048");
  EXPECT_EQ(TlsGroupName(9999), "group-9999");
  EXPECT_EQ(TlsSignatureSchemeName(0x0804), "rsa_pss_rsae_sha256");
  EXPECT_EQ(TlsSignatureSchemeName(0x0fff), "0x0fff");
}

}  // namespace
}  // namespace hark

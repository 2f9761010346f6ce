#include "keys/ja3s.h"

#include <gtest/gtest.h>

namespace hark {
namespace {

// Values that published lists of JA3S know: servers of TLS 1.3 on OpenSSL, Go and BoringSSL.
TEST(Ja3s, IsTheOneThatPublishedListsKnow) {
  EXPECT_EQ(Ja3sText(769, 47, {65281, 0, 11, 35, 5, 16}), "769,47,65281-0-11-35-5-16");
  EXPECT_EQ(Ja3s(771, 4866, {43, 51}), "15af977ce25de452b96affa2addb1036");
  EXPECT_EQ(Ja3s(771, 4865, {43, 51}), "f4febc55ea12b31ae17cfb7e614afda8");
  EXPECT_EQ(Ja3s(771, 4865, {51, 43}), "eb1d94daa7e0344597e756a1fb6e7054");
}

TEST(Ja3s, KeepsTheCommaOfAHelloWithoutExtensions) {
  EXPECT_EQ(Ja3sText(768, 5, {}), "768,5,");
  EXPECT_EQ(Ja3s(768, 5, {}).size(), 32u);
}

}  // namespace
}  // namespace hark

#include "coordinator/recent_certificates.h"

#include <gtest/gtest.h>

#include <string>

#include "keys/key_id.h"

namespace hark {
namespace {

std::string Hash(char first, char second, char rest) {
  return std::string({first, second}) + std::string(30, rest);
}

TEST(RecentCertificatesTest, KnowsWhatWasNotedLast) {
  RecentCertificates recent;
  EXPECT_FALSE(recent.Note(Hash('a', 'b', 'c')));
  EXPECT_TRUE(recent.Note(Hash('a', 'b', 'c')));
  EXPECT_FALSE(recent.Note(Hash('b', 'a', 'c')));
  EXPECT_TRUE(recent.Note(Hash('a', 'b', 'c')));
}

TEST(RecentCertificatesTest, OneThatTookThePlaceOfAnotherIsNotTakenForIt) {
  RecentCertificates recent;
  EXPECT_FALSE(recent.Note(Hash('a', 'b', 'c')));
  EXPECT_FALSE(recent.Note(Hash('a', 'b', 'd')));
  EXPECT_FALSE(recent.Note(Hash('a', 'b', 'c')));
}

TEST(RecentCertificatesTest, ManyDifferentOnesAreAllNew) {
  RecentCertificates recent;
  for (int i = 0; i < 200'000; ++i) {
    EXPECT_FALSE(recent.Note(Sha256(std::to_string(i)))) << i;
  }
}

}  // namespace
}  // namespace hark

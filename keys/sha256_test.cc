#include "keys/sha256.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "keys/key_id.h"

namespace hark {
namespace {

TEST(Sha256StreamTest, IsTheVectorOfTheStandardHoweverTheBytesAreCut) {
  const std::string text = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    Sha256Stream hash;
    hash.Add(std::string_view(text).substr(0, cut));
    hash.Add(std::string_view(text).substr(cut));
    EXPECT_EQ(HexEncode(hash.Finish()),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  }
}

TEST(Sha256StreamTest, AgreesWithTheHashOfTheWhole) {
  Sha256Stream hash;
  EXPECT_EQ(hash.Finish(), Sha256(""));
}

}  // namespace
}  // namespace hark

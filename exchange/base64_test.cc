#include "exchange/base64.h"

#include <gtest/gtest.h>

#include "analysis/json_text.h"
#include "base/random.h"

namespace hark {
namespace {

TEST(DecodeBase64, ReadsTheVectorsOfTheRfcWithAndWithoutPadding) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"Zg==", "f"},
                                                         {"Zm8=", "fo"},
                                                         {"Zm9v", "foo"},
                                                         {"Zm9vYg==", "foob"},
                                                         {"Zm9vYmE=", "fooba"},
                                                         {"Zm9vYmFy", "foobar"}};
  for (const auto& [text, bytes] : vectors) {
    EXPECT_EQ(DecodeBase64(text), bytes) << text;
    std::string bare(text);
    while (bare.ends_with('=')) bare.pop_back();
    EXPECT_EQ(DecodeBase64(bare), bytes) << bare;
  }
}

TEST(DecodeBase64, GivesBackWhateverWasEncoded) {
  Random random(1);
  for (size_t size = 0; size < 300; ++size) {
    std::string bytes;
    while (bytes.size() < size) bytes += static_cast<char>(random.Next());
    EXPECT_EQ(DecodeBase64(Base64(bytes)), bytes);
  }
}

TEST(DecodeBase64, RefusesWhatIsNone) {
  for (const char* text : {"Z", "Zg=", "Z===", "====", "=", "Zm9v=", "Zm9v====", "Zg==Zg==",
                           "Zm 9v", "Zm9v\n", "Zm9-", "Zm9_", "Zh==", "Zm9=", "Zm\xff\xff"}) {
    EXPECT_EQ(DecodeBase64(text), std::nullopt) << text;
  }
  EXPECT_EQ(DecodeBase64(std::string_view("Zm9\0", 4)), std::nullopt);
}

}  // namespace
}  // namespace hark

#include "api/api_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "api/api_keyring.h"
#include "base/file.h"
#include "base/strings.h"
#include "base/testing/temp_directory.h"

namespace hark {
namespace {

using testing::HasSubstr;
using testing::Not;
using Kind = GateVerdict::Kind;

class ApiKeysTest : public testing::Test {
 protected:
  // Gives the key's text.
  std::string AddKey(const std::string& name, ApiRole role, uint32_t rate = 100,
                     uint32_t burst = 200) {
    const NewApiKey made = MakeApiKey(name, role, rate, burst, 1'500'000'000);
    keys_.push_back(made.key);
    EXPECT_TRUE(WriteApiKeys(file_, keys_).ok());
    return made.text;
  }
  GateVerdict Judge(ApiKeyring& ring, const std::string& key, const std::string& user = "") {
    return ring.Judge(Credentials{user, key}, now_);
  }

  TempDirectory directory_;
  std::string file_ = ApiKeysFile(directory_.path());
  std::vector<ApiKey> keys_;
  MonoTime now_ = std::chrono::steady_clock::now();
};

TEST_F(ApiKeysTest, TheFileHoldsNoKeyAndIsTheOwnersAlone) {
  const std::string text = AddKey("cert-at", ApiRole::kAnalyst);
  EXPECT_EQ(text.size(), std::string("cert-at.").size() + 43);
  const std::string content = ReadFile(file_).value();
  EXPECT_THAT(content, Not(HasSubstr(text.substr(8))));
  struct stat info {};
  ASSERT_EQ(stat(file_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  const std::vector<ApiKey> read = ReadApiKeys(file_).value();
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(FormatApiKeys(read), content);
  EXPECT_EQ(read[0].role, ApiRole::kAnalyst);
}

TEST_F(ApiKeysTest, WhatIsNoFileOfKeysIsNotUsed) {
  EXPECT_TRUE(ReadApiKeys(file_).value().empty());  // not there
  AddKey("a", ApiRole::kReader);
  const std::string good = FormatApiKeys(keys_);
  const std::string line = good.substr(good.find("\na ") + 1);
  for (const std::string& bad :
       {std::string("hello"), good + line, good + "b reader 1 1 1 00 00\n",
        good + "B" + line.substr(1), good + "b root" + line.substr(8), std::string("")}) {
    EXPECT_FALSE(ParseApiKeys(bad).ok()) << bad;
  }
}

TEST_F(ApiKeysTest, AKeyIsKnownByItselfOrWithItsName) {
  const std::string key = AddKey("misp", ApiRole::kReader);
  const auto ring = ApiKeyring::Open(file_).value();
  EXPECT_EQ(Judge(*ring, key).kind, Kind::kWelcome);
  EXPECT_EQ(Judge(*ring, key, "misp").user, "misp");
  EXPECT_EQ(Judge(*ring, key, "misp").role, ApiRole::kReader);
  EXPECT_EQ(Judge(*ring, key, "other").kind, Kind::kUnknown);
  EXPECT_EQ(Judge(*ring, key + "x").kind, Kind::kUnknown);
  EXPECT_EQ(Judge(*ring, "misp.").kind, Kind::kUnknown);
  EXPECT_EQ(Judge(*ring, "").kind, Kind::kUnknown);
  EXPECT_EQ(ring->Judge(std::nullopt, now_).kind, Kind::kUnknown);
}

TEST_F(ApiKeysTest, AWrongNameAndAWrongKeyCostTheSameWork) {
  const std::string key = AddKey("misp", ApiRole::kReader);
  const auto ring = ApiKeyring::Open(file_).value();
  const std::optional<Credentials> tries[] = {
      Credentials{"", key},      Credentials{"", "misp.wrong"}, Credentials{"", "nobody.wrong"},
      Credentials{"other", key}, Credentials{"", ""},           std::nullopt};
  for (const auto& one : tries) {
    const uint64_t before = ring->hashes();
    (void)ring->Judge(one, now_);
    EXPECT_EQ(ring->hashes(), before + 1);
  }
}

TEST_F(ApiKeysTest, AKeyMayAskSoOften) {
  const std::string key = AddKey("slow", ApiRole::kReader, 2, 3);
  const std::string other = AddKey("other", ApiRole::kReader, 2, 3);
  const auto ring = ApiKeyring::Open(file_).value();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Judge(*ring, key).kind, Kind::kWelcome);
  const GateVerdict verdict = Judge(*ring, key);
  EXPECT_EQ(verdict.kind, Kind::kTooOften);
  EXPECT_EQ(verdict.user, "slow");
  EXPECT_EQ(verdict.retry_after_s, 1);
  EXPECT_EQ(Judge(*ring, other).kind, Kind::kWelcome);
  now_ += std::chrono::milliseconds(600);
  EXPECT_EQ(Judge(*ring, key).kind, Kind::kWelcome);
  EXPECT_EQ(Judge(*ring, key).kind, Kind::kTooOften);
}

TEST_F(ApiKeysTest, ChangesOfTheFileCountWithinSeconds) {
  const std::string key = AddKey("a", ApiRole::kReader, 1, 1);
  const auto ring = ApiKeyring::Open(file_).value();
  EXPECT_EQ(Judge(*ring, key).kind, Kind::kWelcome);
  const std::string second = AddKey("b", ApiRole::kAdmin);
  now_ += std::chrono::seconds(2);
  EXPECT_EQ(Judge(*ring, second).role, ApiRole::kAdmin);
  keys_.erase(keys_.begin());
  ASSERT_TRUE(WriteApiKeys(file_, keys_).ok());
  now_ += std::chrono::seconds(2);
  EXPECT_EQ(Judge(*ring, key).kind, Kind::kUnknown);
  // The last key is revoked: everybody is out, nobody becomes admin.
  ASSERT_TRUE(WriteApiKeys(file_, {}).ok());
  now_ += std::chrono::seconds(2);
  EXPECT_EQ(Judge(*ring, second).kind, Kind::kUnknown);
}

TEST_F(ApiKeysTest, EverybodyIsWelcomeUntilThereIsAKey) {
  const auto ring = ApiKeyring::Open(file_).value();
  EXPECT_FALSE(ring->asks_for_keys());
  // Clients that must send something may.
  EXPECT_EQ(Judge(*ring, "whatever", "user").kind, Kind::kWelcome);
  EXPECT_EQ(ring->Judge(std::nullopt, now_).role, ApiRole::kAdmin);
  AddKey("a", ApiRole::kReader);
  now_ += std::chrono::seconds(2);
  EXPECT_EQ(ring->Judge(std::nullopt, now_).kind, Kind::kUnknown);
  EXPECT_TRUE(ring->asks_for_keys());
}

TEST_F(ApiKeysTest, NamesAreShortWords) {
  for (const char* good : {"a", "cert-at_2"}) EXPECT_TRUE(IsApiKeyName(good)) << good;
  for (const char* bad : {"", "A", "a.b", "a b", "abcdefghijklmnopqrstuvwxyz0123456"}) {
    EXPECT_FALSE(IsApiKeyName(bad)) << bad;
  }
}

}  // namespace
}  // namespace hark

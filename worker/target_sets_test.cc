#include "worker/target_sets.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "base/strings.h"
#include "keys/key_id.h"

namespace hark {
namespace {

class TargetSetCacheTest : public ::testing::Test {
 protected:
  ~TargetSetCacheTest() override { std::filesystem::remove_all(directory_); }

  std::string PathOf(const std::string& hash, const char* kind) const {
    return StrCat(directory_, "/", HexEncode(hash), kind);
  }

  std::string directory_ = StrCat(::testing::TempDir(), "hark-targets-", getpid());
  std::string set_ = RangeSet({{10, 20}}).Encode();
  std::string table_ = AsTable::Make({{10, 20, 64500}})->Encode();
};

TEST_F(TargetSetCacheTest, KeepsBothKindsForItsOwnerOnly) {
  {
    TargetSetCache cache(directory_);
    ASSERT_TRUE(cache.Put(Sha256(set_), set_).ok());
    ASSERT_TRUE(cache.PutAsTable(Sha256(table_), table_).ok());
  }
  for (const std::string& path :
       {PathOf(Sha256(set_), ".targets"), PathOf(Sha256(table_), ".as")}) {
    struct stat info {};
    ASSERT_EQ(stat(path.c_str(), &info), 0) << path;
    EXPECT_EQ(info.st_mode & 0777, 0600U);
  }
  TargetSetCache cache(directory_);
  EXPECT_EQ(cache.Find(Sha256(set_))->size(), 11U);
  EXPECT_EQ(cache.FindAsTable(Sha256(table_))->Find(uint32_t{15}), 64500U);
  // One kind is not the other.
  EXPECT_EQ(cache.Find(Sha256(table_)), nullptr);
  EXPECT_EQ(cache.FindAsTable(Sha256(set_)), nullptr);
}

TEST_F(TargetSetCacheTest, BelievesNoFileThatChangedAndNoTableThatIsNone) {
  ASSERT_TRUE(TargetSetCache(directory_).PutAsTable(Sha256(table_), table_).ok());
  std::string bad = table_;
  bad[0] = 1;
  ASSERT_TRUE(WriteFileAtomically(PathOf(Sha256(table_), ".as"), bad, 0600).ok());
  TargetSetCache cache(directory_);
  EXPECT_EQ(cache.FindAsTable(Sha256(table_)), nullptr);
  EXPECT_FALSE(cache.PutAsTable(Sha256(table_), bad).ok());
  EXPECT_FALSE(cache.PutAsTable(Sha256("x"), "x").ok());
  EXPECT_TRUE(cache.PutAsTable(Sha256(""), "").ok());
}

TEST_F(TargetSetCacheTest, RemovesWhatWasNotUsedForLongWhenSomethingNewComes) {
  const auto days_ago = [](int days) {
    return std::filesystem::file_time_type::clock::now() - std::chrono::hours(24 * days);
  };
  const std::string other = RangeSet({{30, 40}}).Encode(), third = RangeSet({{50, 60}}).Encode();
  ASSERT_TRUE(TargetSetCache(directory_).Put(Sha256(set_), set_).ok());
  ASSERT_TRUE(TargetSetCache(directory_).Put(Sha256(other), other).ok());
  ASSERT_TRUE(TargetSetCache(directory_).PutAsTable(Sha256(table_), table_).ok());
  ASSERT_TRUE(WriteFileAtomically(directory_ + "/note", "not ours").ok());
  std::filesystem::last_write_time(PathOf(Sha256(set_), ".targets"), days_ago(31));
  std::filesystem::last_write_time(PathOf(Sha256(other), ".targets"), days_ago(31));
  std::filesystem::last_write_time(PathOf(Sha256(table_), ".as"), days_ago(29));
  std::filesystem::last_write_time(directory_ + "/note", days_ago(1000));
  EXPECT_NE(TargetSetCache(directory_).Find(Sha256(other)), nullptr);  // which is a use
  ASSERT_TRUE(TargetSetCache(directory_).Put(Sha256(third), third).ok());
  TargetSetCache cache(directory_);
  EXPECT_EQ(cache.Find(Sha256(set_)), nullptr);
  EXPECT_NE(cache.Find(Sha256(other)), nullptr);
  EXPECT_NE(cache.Find(Sha256(third)), nullptr);
  EXPECT_NE(cache.FindAsTable(Sha256(table_)), nullptr);
  EXPECT_TRUE(std::filesystem::exists(directory_ + "/note"));
}

TEST_F(TargetSetCacheTest, KeepsWhatWasUsedLastWithinItsSize) {
  SetDirectoryLimits limits;
  limits.bytes = set_.size() * 2;
  std::vector<std::string> hashes;
  for (uint32_t i = 0; i < 4; ++i) {
    const std::string set = RangeSet({{i * 10, i * 10 + 5}}).Encode();
    ASSERT_EQ(set.size(), set_.size());
    hashes.push_back(Sha256(set));
    ASSERT_TRUE(TargetSetCache(directory_, limits).Put(hashes.back(), set).ok());
    std::filesystem::last_write_time(
        PathOf(hashes.back(), ".targets"),
        std::filesystem::file_time_type::clock::now() - std::chrono::hours(10 - i));
  }
  TargetSetCache cache(directory_, limits);
  EXPECT_EQ(cache.Find(hashes[0]), nullptr);
  EXPECT_EQ(cache.Find(hashes[1]), nullptr);
  EXPECT_NE(cache.Find(hashes[2]), nullptr);
  EXPECT_NE(cache.Find(hashes[3]), nullptr);
  limits.bytes = 1;  // not even the newest fits, but it is in use
  ASSERT_TRUE(TargetSetCache(directory_, limits).Put(Sha256(set_), set_).ok());
  EXPECT_NE(TargetSetCache(directory_).Find(Sha256(set_)), nullptr);
  EXPECT_EQ(TargetSetCache(directory_).Find(hashes[3]), nullptr);
}

}  // namespace
}  // namespace hark

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

}  // namespace
}  // namespace hark

#include "cli/output.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <future>

#include "base/file.h"
#include "base/testing/temp_directory.h"

namespace hark {
namespace {

TEST(OutputTest, ReplacesAFile) {
  const TempDirectory directory;
  const std::string path = directory / "out";
  ASSERT_TRUE(WriteOutput(path, "first, and longer").ok());
  ASSERT_TRUE(WriteOutput(path, "second").ok());
  EXPECT_EQ(*ReadFile(path), "second");
}

TEST(OutputTest, WritesToAPipeThatStaysAPipe) {
  const TempDirectory directory;
  const std::string path = directory / "pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  std::future<Result<std::string>> read = std::async(std::launch::async, ReadFile, path, 1 << 20);
  EXPECT_TRUE(WriteOutput(path, "through").ok());
  EXPECT_TRUE(std::filesystem::is_fifo(path));
  EXPECT_EQ(*read.get(), "through");
}

TEST(OutputTest, ADeviceThatIsFullSaysSoAndStays) {
  const Status status = WriteOutput("/dev/full", "x");
  EXPECT_EQ(status.code(), StatusCode::kDiskFull) << status.message();
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

TEST(OutputTest, NamesTheFlagWhenThereIsNoSuchDirectory) {
  const Status status = WriteOutput("/nowhere/at/all", "x");
  EXPECT_EQ(status.code(), StatusCode::kInvalidInput);
  EXPECT_EQ(status.message().substr(0, 10), "--output: ");
}

}  // namespace
}  // namespace hark

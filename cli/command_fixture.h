#pragma once

// Commands run as an operator would run them, on a store of their own.

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/testing/temp_directory.h"
#include "cli/copy_run_fixture.h"
#include "storage/store.h"

namespace hark {

class CommandTest : public ::testing::Test {
 protected:
  using Command = int (*)(const std::vector<std::string>& args);

  std::string db() const { return directory_ / "db"; }

  // Puts a run into the store.
  void Store(const RunReader& run) {
    const auto store = hark::Store::Open(db(), hark::Store::Mode::kReadWrite);
    ASSERT_TRUE(store.ok()) << store.status().message();
    const Status copied = CopyRun(run, **store);
    ASSERT_TRUE(copied.ok()) << copied.message();
  }

  // What the command wrote with these flags; `exit_code_` is how it ended.
  std::string Output(Command command, std::vector<std::string> args) {
    const std::string path = directory_ / "output";
    args.push_back("--db=" + db());
    args.push_back("--output=" + path);
    std::filesystem::remove(path);
    exit_code_ = command(args);
    const Result<std::string> text = ReadFile(path);
    return text.ok() ? *text : "";
  }

  // What it said on stderr.
  std::string Complaint(Command command, std::vector<std::string> args) {
    ::testing::internal::CaptureStderr();
    Output(command, std::move(args));
    return ::testing::internal::GetCapturedStderr();
  }

  TempDirectory directory_;
  int exit_code_ = -1;
};

}  // namespace hark

#pragma once

// A result of many files: a new directory, each of whose files is written piece by piece in any
// order. It appears when all is complete.

#include <map>
#include <string>
#include <string_view>

#include "base/status.h"

namespace hark {

class OutputFolder {
 public:
  // path: must not exist, or be an empty directory.
  static Result<OutputFolder> Make(const std::string& path);

  // name: of a file, without a slash.
  Status Append(const std::string& name, std::string_view piece);
  Status Finish();

 private:
  OutputFolder(std::string partial, std::string path)
      : partial_(std::move(partial)), path_(std::move(path)) {}
  Status Flush(const std::string& name, std::string& held);
  Status FlushAll();

  std::string partial_, path_;
  // Written in large pieces; there may be more files than a process can hold open.
  std::map<std::string, std::string> held_;
  size_t held_bytes_ = 0;
};

}  // namespace hark

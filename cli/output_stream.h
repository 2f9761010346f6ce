#pragma once

// A command's result that is too long to hold: written piece by piece, to stdout or into a file
// that appears when it is complete.

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

namespace hark {

class OutputStream {
 public:
  // path: "" is stdout. What is there and is no file (/dev/null, a pipe) is written to as it is.
  static Result<std::unique_ptr<OutputStream>> Open(const std::string& path);
  // A file that was not finished is gone.
  ~OutputStream();

  Status Write(std::string_view piece);
  // The file is complete and safe on its disk.
  Status Finish();

  uint64_t bytes() const { return bytes_; }

 private:
  OutputStream(std::FILE* file, std::string partial, std::string path)
      : file_(file), partial_(std::move(partial)), path_(std::move(path)) {}

  std::FILE* file_;      // stdout is not ours to close
  std::string partial_;  // where it is written; "" = in its place
  std::string path_;
  uint64_t bytes_ = 0;
  bool finished_ = false;
};

}  // namespace hark

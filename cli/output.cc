#include "cli/output.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "base/file.h"

namespace hark {
namespace {

bool IsDeviceOrPipe(const std::string& path) {
  std::error_code error;
  const std::filesystem::file_status there = std::filesystem::status(path, error);
  return std::filesystem::is_other(there);
}

}  // namespace

Status WriteOutput(const std::string& path, std::string_view content) {
  if (!path.empty()) {
    Status written =
        IsDeviceOrPipe(path) ? WriteInto(path, content) : WriteFileAtomically(path, content);
    // A full disk is nobody's typing error; a path that cannot be written is.
    if (written.code() != StatusCode::kIo) return written;
    return InvalidInput("--output: " + written.message());
  }
  errno = 0;
  const bool written = std::fwrite(content.data(), 1, content.size(), stdout) == content.size();
  if (!written || std::fflush(stdout) != 0) return ErrnoStatus("cannot write to stdout", errno);
  return Status::Ok();
}

}  // namespace hark

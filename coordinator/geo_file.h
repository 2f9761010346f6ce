#pragma once

// A file of geo data, opened once: what it is, its hash and its networks are told of the same
// bytes, even when somebody puts another file in its place meanwhile.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/unique_fd.h"

namespace hark {

// Gives the next bytes of something, at most `room`; 0 at its end.
using GeoBytes = std::function<Result<size_t>(char* to, size_t room)>;

class GeoFile {
 public:
  // kInvalidInput names the path. What is no regular file (a pipe, "-" for stdin) is read whole.
  static Result<GeoFile> Open(const std::string& path);
  // path: for messages.
  static Result<GeoFile> Of(std::string_view bytes, std::string path);

  const std::string& path() const { return path_; }
  uint64_t size() const { return size_; }
  int64_t modified_unix_ms() const { return modified_unix_ms_; }
  // For libraries that want a name: the very file that is open here.
  std::string ReopenPath() const;

  // Fewer bytes only where the file ends.
  Result<std::string> Read(uint64_t offset, size_t length) const;
  // From the beginning. The file must outlive it.
  GeoBytes Bytes() const;
  // 32 bytes.
  Result<std::string> Sha256OfAll() const;

 private:
  GeoFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Status Measure();

  UniqueFd fd_;
  std::string path_;
  uint64_t size_ = 0;
  int64_t modified_unix_ms_ = 0;
};

}  // namespace hark

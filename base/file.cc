#include "base/file.h"

#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "base/strings.h"
#include "base/unique_fd.h"

namespace hark {
namespace {

Status WriteAll(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t n = write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(path, errno);
    content.remove_prefix(static_cast<size_t>(n));
  }
  return Status::Ok();
}

}  // namespace

Result<std::string> ReadFile(const std::string& path, size_t max_bytes) {
  UniqueFd opened;
  int fd = STDIN_FILENO;
  if (path != "-") {
    opened = UniqueFd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!opened.valid()) return InvalidInput(ErrnoStatus(path, errno).message());
    fd = opened.get();
  }
  std::string content;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t n = read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return InvalidInput(ErrnoStatus(path, errno).message());
    if (n == 0) return content;
    content.append(buffer, static_cast<size_t>(n));
    if (content.size() > max_bytes) {
      return InvalidInput(StrCat(path, ": larger than ", max_bytes, " bytes"));
    }
  }
}

Status WriteFileAtomically(const std::string& path, std::string_view content, int mode) {
  const std::string beside = StrCat(path, ".tmp.", getpid());
  UniqueFd fd(open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!fd.valid()) return ErrnoStatus(path, errno);
  Status status = WriteAll(fd.get(), content, path);
  if (status.ok() && fsync(fd.get()) != 0) status = ErrnoStatus(path, errno);
  if (status.ok() && std::rename(beside.c_str(), path.c_str()) != 0) {
    status = ErrnoStatus(path, errno);
  }
  if (!status.ok()) unlink(beside.c_str());
  return status;
}

Status WriteInto(const std::string& path, std::string_view content) {
  const UniqueFd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus(path, errno);
  return WriteAll(fd.get(), content, path);
}

Status SyncDirectory(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || fsync(fd.get()) != 0) return ErrnoStatus(path, errno);
  return Status::Ok();
}

Status MakeDirectories(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return ErrnoStatus(path, error.value());
  return Status::Ok();
}

}  // namespace hark

#include "exchange/reject_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

namespace hark {
namespace {

Status WriteAll(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(path, errno);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return Status::Ok();
}

}  // namespace

Result<RejectFile> RejectFile::Open(const std::string& path) {
  RejectFile file;
  file.path_ = path;
  file.fd_ = UniqueFd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  struct stat about {};
  if (!file.fd_.valid() || ::fstat(file.fd_.get(), &about) != 0) {
    return InvalidInput(ErrnoStatus(path, errno).message());
  }
  file.regular_ = S_ISREG(about.st_mode);
  file.bytes_ = file.regular_ ? static_cast<uint64_t>(about.st_size) : 0;
  return file;
}

Status RejectFile::TruncateTo(uint64_t bytes) {
  if (!regular_ || bytes >= bytes_) return Status::Ok();
  if (::ftruncate(fd_.get(), static_cast<off_t>(bytes)) != 0) return ErrnoStatus(path_, errno);
  bytes_ = bytes;
  return Status::Ok();
}

Status RejectFile::Write(const std::string& source, const std::vector<RejectedLine>& lines) {
  if (!fd_.valid() || lines.empty()) return Status::Ok();
  std::string text;
  for (const RejectedLine& line : lines) text += RejectedLineText(source, line) + "\n";
  HARK_RETURN_IF_ERROR(WriteAll(fd_.get(), text, path_));
  bytes_ += text.size();
  return Status::Ok();
}

std::string RejectedLineText(const std::string& source, const RejectedLine& line) {
  const nlohmann::ordered_json out = {
      {"file", source}, {"line", line.line}, {"reason", line.reason}, {"text", line.text}};
  // Bytes that are no UTF-8 become U+FFFD: the file is JSON whatever the line was.
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace hark

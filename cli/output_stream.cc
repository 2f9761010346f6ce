#include "cli/output_stream.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/file.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr size_t kBuffer = size_t{256} << 10;

Status CannotWrite(const std::string& path, int error_number) {
  const Status status =
      ErrnoStatus(path.empty() ? "cannot write to stdout"
                               : StrCat("cannot write '", EscapeForDisplay(path), "'"),
                  error_number);
  // A full disk is nobody's typing error; a path that cannot be written is.
  if (path.empty() || status.code() != StatusCode::kIo) return status;
  return InvalidInput("--output: " + status.message());
}

}  // namespace

Result<std::unique_ptr<OutputStream>> OutputStream::Open(const std::string& path) {
  if (path.empty()) return std::unique_ptr<OutputStream>(new OutputStream(stdout, "", ""));
  std::error_code error;
  const bool other = std::filesystem::is_other(std::filesystem::status(path, error));
  const std::string partial = other ? "" : path + ".partial";
  std::FILE* const file = std::fopen(other ? path.c_str() : partial.c_str(), "we");
  if (file == nullptr) return CannotWrite(path, errno);
  std::setvbuf(file, nullptr, _IOFBF, kBuffer);
  return std::unique_ptr<OutputStream>(new OutputStream(file, partial, path));
}

OutputStream::~OutputStream() {
  if (file_ != nullptr && file_ != stdout) std::fclose(file_);
  if (!finished_ && !partial_.empty()) unlink(partial_.c_str());
}

Status OutputStream::Write(std::string_view piece) {
  bytes_ += piece.size();
  if (std::fwrite(piece.data(), 1, piece.size(), file_) == piece.size()) return Status::Ok();
  return CannotWrite(path_, errno);
}

Status OutputStream::Finish() {
  if (std::fflush(file_) != 0) return CannotWrite(path_, errno);
  finished_ = true;
  if (partial_.empty()) return Status::Ok();
  finished_ = false;
  if (fsync(fileno(file_)) != 0) return CannotWrite(path_, errno);
  if (std::rename(partial_.c_str(), path_.c_str()) != 0) return CannotWrite(path_, errno);
  finished_ = true;
  const std::filesystem::path parent = std::filesystem::absolute(path_).parent_path();
  return SyncDirectory(parent.string());
}

}  // namespace hark

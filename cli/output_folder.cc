#include "cli/output_folder.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "base/file.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr size_t kHeldOfOne = size_t{1} << 20;
constexpr size_t kHeldOfAll = size_t{32} << 20;

}  // namespace

Result<OutputFolder> OutputFolder::Make(const std::string& path) {
  std::error_code error;
  const bool there = std::filesystem::exists(path, error);
  if (there && !std::filesystem::is_empty(path, error)) {
    return InvalidInput(
        StrCat("--output: '", EscapeForDisplay(path), "' is there already and not empty"));
  }
  const std::string partial = path + ".partial";
  std::filesystem::remove_all(partial, error);
  std::filesystem::create_directories(partial, error);
  if (error) {
    return InvalidInput(
        StrCat("--output: cannot create '", EscapeForDisplay(partial), "': ", error.message()));
  }
  return OutputFolder(partial, path);
}

Status OutputFolder::Append(const std::string& name, std::string_view piece) {
  std::string& held = held_[name];
  held += piece;
  held_bytes_ += piece.size();
  if (held.size() >= kHeldOfOne) return Flush(name, held);
  return held_bytes_ >= kHeldOfAll ? FlushAll() : Status::Ok();
}

Status OutputFolder::Flush(const std::string& name, std::string& held) {
  if (held.empty()) return Status::Ok();
  std::FILE* const file = std::fopen((partial_ + "/" + name).c_str(), "ae");
  if (file == nullptr) return ErrnoStatus(StrCat("cannot write '", name, "'"), errno);
  const bool written = std::fwrite(held.data(), 1, held.size(), file) == held.size();
  const int error = errno;
  if (std::fclose(file) != 0 || !written) {
    return ErrnoStatus(StrCat("cannot write '", name, "'"), written ? errno : error);
  }
  held_bytes_ -= held.size();
  held.clear();
  return Status::Ok();
}

Status OutputFolder::FlushAll() {
  for (auto& [name, held] : held_) HARK_RETURN_IF_ERROR(Flush(name, held));
  held_.clear();
  return Status::Ok();
}

Status OutputFolder::Finish() {
  HARK_RETURN_IF_ERROR(FlushAll());
  std::error_code error;
  std::filesystem::rename(partial_, path_, error);
  if (error) {
    return IoError(StrCat("cannot rename to '", EscapeForDisplay(path_), "': ", error.message()));
  }
  return SyncDirectory(std::filesystem::absolute(path_).parent_path().string());
}

}  // namespace hark

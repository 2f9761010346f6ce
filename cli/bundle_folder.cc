#include "cli/bundle_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "base/strings.h"
#include "base/unique_fd.h"

namespace hark {
namespace {

namespace fs = std::filesystem;

// A folder beside the bundle's place, gone again unless it is renamed.
class UnfinishedFolder {
 public:
  UnfinishedFolder() = default;
  UnfinishedFolder(const UnfinishedFolder&) = delete;
  UnfinishedFolder& operator=(const UnfinishedFolder&) = delete;
  ~UnfinishedFolder() {
    std::error_code ignored;  // there is nobody to tell, and the command has failed already
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }

  Status Make(const std::string& out) {
    std::string pattern = out + ".unfinished.XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) return ErrnoStatus(pattern, errno);
    path_ = pattern;
    return Status::Ok();
  }

  Status RenameTo(const std::string& out) {
    // The holder's copy has ordinary permissions; mkdtemp's are only for the time before the check.
    std::error_code error;
    fs::permissions(path_, fs::perms(0755), error);
    if (error) return ErrnoStatus(path_, error.value());
    // Of two renames onto one empty folder the second fails: a folder that has become full stays.
    if (std::rename(path_.c_str(), out.c_str()) != 0) return ErrnoStatus(out, errno);
    path_.clear();
    return Status::Ok();
  }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// "out/bundle/" -> "out/bundle": what is made beside it must not be made inside it.
std::string WithoutSlash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

// Not synced one by one: nobody sees them before the rename, and SyncAll comes before that.
Status WriteFiles(const std::vector<BundleFile>& files, const std::string& folder) {
  for (const BundleFile& file : files) {
    const fs::path path = fs::path(folder) / file.path;
    HARK_RETURN_IF_ERROR(MakeDirectories(path.parent_path().string()));
    errno = 0;
    std::ofstream to(path, std::ios::binary | std::ios::trunc);
    to << file.content;
    to.close();
    if (!to) return ErrnoStatus(path.string(), errno != 0 ? errno : EIO);
  }
  return Status::Ok();
}

Status SyncAll(const std::string& folder) {
  const UniqueFd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || syncfs(fd.get()) != 0) return ErrnoStatus(folder, errno);
  return Status::Ok();
}

Status CheckText(const BundleCheck& check, const std::string& name, const std::string& text,
                 const std::string& shown) {
  if (const auto offence = check.Look(name)) {
    return Internal(StrCat("the name of a file has ", offence->what));
  }
  const std::optional<BundleOffence> offence = check.Look(text);
  return offence ? Internal(StrCat(shown, ":", offence->line, ": ", offence->what)) : Status::Ok();
}

}  // namespace

Status CheckBundlePlace(const std::string& out) {
  std::error_code error;
  const fs::file_status there = fs::symlink_status(out, error);
  if (there.type() == fs::file_type::not_found) return Status::Ok();
  if (there.type() != fs::file_type::directory) {
    return InvalidInput(StrCat(out, " is there already and is no folder"));
  }
  const bool empty = fs::is_empty(out, error);
  if (error) return InvalidInput(ErrnoStatus(out, error.value()).message());
  return empty ? Status::Ok() : InvalidInput(out + " is not empty; name a new folder");
}

Status CheckBundleFolder(const std::string& folder, const BundleCheck& check) {
  std::error_code error;
  std::vector<fs::path> paths;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    if (!at->is_directory(error)) paths.push_back(at->path());
  }
  if (error) return ErrnoStatus(folder, error.value());
  std::sort(paths.begin(), paths.end());  // the same find every time
  for (const fs::path& path : paths) {
    const std::string name = path.lexically_relative(folder).string();
    HARK_ASSIGN_OR_RETURN(const std::string text, ReadFile(path.string()));
    HARK_RETURN_IF_ERROR(CheckText(check, name, text, name));
  }
  return Status::Ok();
}

Status HandOverBundle(const std::vector<BundleFile>& files, const BundleCheck& check,
                      const std::string& out) {
  const std::string place = WithoutSlash(out);
  HARK_RETURN_IF_ERROR(CheckBundlePlace(place));
  const std::string parent = fs::path(place).parent_path().string();
  if (!parent.empty()) HARK_RETURN_IF_ERROR(MakeDirectories(parent));
  UnfinishedFolder folder;
  HARK_RETURN_IF_ERROR(folder.Make(place));
  HARK_RETURN_IF_ERROR(WriteFiles(files, folder.path()));
  HARK_RETURN_IF_ERROR(
      CheckBundleFolder(folder.path(), check)
          .Prepend("the bundle was not handed over, something in it is not the holder's"));
  HARK_RETURN_IF_ERROR(SyncAll(folder.path()));
  HARK_RETURN_IF_ERROR(folder.RenameTo(place));
  return SyncDirectory(parent.empty() ? "." : parent);
}

}  // namespace hark

#include "coordinator/fleet_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <thread>

#include "base/file.h"
#include "base/strings.h"
#include "base/unique_fd.h"

namespace hark {
namespace {

constexpr size_t kMaxRegistryBytes = 4 << 20;  // 20,000 lines of at most 170 bytes
constexpr Duration kLockRetry = std::chrono::milliseconds(10);

Result<UniqueFd> Lock(const std::string& path, Duration patience) {
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return ErrnoStatus(path, errno);
  const SystemClock clock;
  const MonoTime until = clock.Now() + patience;
  while (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return ErrnoStatus(path, errno);
    if (clock.Now() >= until) return Unavailable(path + ": held by another hark");
    std::this_thread::sleep_for(kLockRetry);
  }
  return fd;
}

}  // namespace

Status FleetDirectory::Prepare() const {
  if (access(path_.c_str(), F_OK) == 0) return Status::Ok();
  const size_t slash = path_.rfind('/');
  if (slash != std::string::npos && slash > 0) {
    HARK_RETURN_IF_ERROR(MakeDirectories(path_.substr(0, slash)));
  }
  if (mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST) return ErrnoStatus(path_, errno);
  return Status::Ok();
}

Result<FleetRegistry> FleetDirectory::Load() const {
  const std::string path = registry_path();
  if (access(path.c_str(), F_OK) != 0 && errno == ENOENT) return FleetRegistry();
  HARK_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxRegistryBytes));
  Result<FleetRegistry> registry = FleetRegistry::Parse(text);
  if (!registry.ok()) return registry.status().Prepend(path);
  return registry;
}

Status FleetDirectory::Edit(const std::function<Result<bool>(FleetRegistry&)>& edit,
                            Duration patience) const {
  HARK_RETURN_IF_ERROR(Prepare());
  HARK_ASSIGN_OR_RETURN(const UniqueFd lock, Lock(path_ + "/lock", patience));
  HARK_ASSIGN_OR_RETURN(FleetRegistry registry, Load());
  HARK_ASSIGN_OR_RETURN(const bool changed, edit(registry));
  if (!changed) return Status::Ok();
  const std::string text = registry.Encode();
  // A registry nobody can read would stop every later edit: one too large, for instance.
  HARK_RETURN_IF_ERROR(FleetRegistry::Parse(text).status());
  HARK_RETURN_IF_ERROR(WriteFileAtomically(registry_path(), text, 0600));
  return SyncDirectory(path_);
}

// A replaced file is another inode; the rest is for file systems that use one again at once.
std::string FleetDirectory::Stamp() const {
  struct stat info {};
  if (stat(registry_path().c_str(), &info) != 0) return "";
  return StrCat(info.st_ino, "/", info.st_size, "/", info.st_mtim.tv_sec, ".",
                info.st_mtim.tv_nsec);
}

Status FleetDirectory::WriteLive(std::string_view text) const {
  if (access(path_.c_str(), F_OK) != 0) return Status::Ok();  // no fleet to tell about
  const std::string beside = live_path() + ".new";
  const UniqueFd fd(open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fd.valid()) return ErrnoStatus(beside, errno);
  if (write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
      std::rename(beside.c_str(), live_path().c_str()) != 0) {
    return ErrnoStatus(beside, errno);
  }
  return Status::Ok();
}

}  // namespace hark

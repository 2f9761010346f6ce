#include "worker/state_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "base/file.h"

namespace hark {

Result<UniqueFd> LockStateDirectory(const std::string& directory) {
  HARK_RETURN_IF_ERROR(MakeDirectories(directory));
  const std::string path = directory + "/lock";
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return ErrnoStatus(path, errno);
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    return Unavailable(directory + " is in use by another hark-worker");
  }
  return fd;
}

}  // namespace hark

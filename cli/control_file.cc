#include "cli/control_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/strings.h"

namespace hark {
namespace {

constexpr size_t kMaxLine = 1000;
constexpr std::string_view kEndpoint = "endpoint ";
constexpr std::string_view kWaits = "waits ";

std::string PathOf(const std::string& db) {
  return db + "/control";
}

struct flock WholeFile() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

}  // namespace

// A lock of the open file, not of the process: looking at it takes none, so nobody who looks can be
// in the way of a coordinator that starts.
Result<ControlFile> ControlFile::Hold(const std::string& db) {
  const std::string path = PathOf(db);
  UniqueFd fd(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return ErrnoStatus(path, errno);
  struct flock lock = WholeFile();
  if (fcntl(fd.get(), F_OFD_SETLK, &lock) != 0) {
    return InvalidInput(StrCat("'", db, "' is in use by another coordinator"));
  }
  return ControlFile(std::move(fd));
}

// Blanks behind the line instead of a shorter file: a full disk can refuse a new block, not one
// that is there.
Status ControlFile::Say(const std::string& line) {
  std::string bytes = line.substr(0, kMaxLine - 1);
  bytes.resize(kMaxLine - 1, ' ');
  bytes += '\n';
  if (pwrite(fd_.get(), bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return ErrnoStatus("control", errno);
  }
  return Status::Ok();
}

Result<CoordinatorPlace> FindCoordinator(const std::string& db) {
  const std::string path = PathOf(db);
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid() && errno == ENOENT) return CoordinatorPlace();
  if (!fd.valid()) return ErrnoStatus(path, errno);
  struct flock lock = WholeFile();
  if (fcntl(fd.get(), F_OFD_GETLK, &lock) != 0) return ErrnoStatus(path, errno);
  if (lock.l_type == F_UNLCK) return CoordinatorPlace();
  CoordinatorPlace place;
  place.runs = true;
  char bytes[kMaxLine];
  const ssize_t n = pread(fd.get(), bytes, sizeof bytes, 0);
  const std::string_view line = Trim({bytes, static_cast<size_t>(std::max<ssize_t>(n, 0))});
  if (line.starts_with(kEndpoint)) place.endpoint = line.substr(kEndpoint.size());
  place.waits_for = line.starts_with(kWaits) ? std::string(line.substr(kWaits.size()))
                                             : std::string("it is just starting");
  return place;
}

}  // namespace hark

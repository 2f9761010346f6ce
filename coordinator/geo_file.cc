#include "coordinator/geo_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <memory>

#include "base/file.h"
#include "base/strings.h"
#include "keys/sha256.h"

namespace hark {
namespace {

// Read whole, so it must fit in memory; the largest plain file known (GeoLite2 City) is a quarter.
constexpr size_t kMaxPipe = size_t{1} << 30;
constexpr size_t kPiece = size_t{1} << 16;

Result<size_t> ReadAt(int fd, char* to, size_t room, uint64_t offset, const std::string& path) {
  for (;;) {
    const ssize_t n = pread(fd, to, room, static_cast<off_t>(offset));
    if (n >= 0) return static_cast<size_t>(n);
    if (errno != EINTR) return InvalidInput(ErrnoStatus(path, errno).message());
  }
}

}  // namespace

Status GeoFile::Measure() {
  struct stat facts {};
  if (fstat(fd_.get(), &facts) != 0) return ErrnoStatus(path_, errno);
  size_ = static_cast<uint64_t>(facts.st_size);
  modified_unix_ms_ = int64_t{facts.st_mtim.tv_sec} * 1000 + facts.st_mtim.tv_nsec / 1'000'000;
  return Status::Ok();
}

Result<GeoFile> GeoFile::Open(const std::string& path) {
  struct stat facts {};
  if (path == "-" || (stat(path.c_str(), &facts) == 0 && !S_ISREG(facts.st_mode))) {
    HARK_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, kMaxPipe));
    return Of(bytes, path == "-" ? "stdin" : path);
  }
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return InvalidInput(ErrnoStatus(path, errno).message());
  GeoFile file(std::move(fd), path);
  HARK_RETURN_IF_ERROR(file.Measure());
  return file;
}

Result<GeoFile> GeoFile::Of(std::string_view bytes, std::string path) {
  GeoFile file(UniqueFd(memfd_create("hark-geo", MFD_CLOEXEC)), std::move(path));
  if (!file.fd_.valid()) return ErrnoStatus("memfd_create", errno);
  while (!bytes.empty()) {
    const ssize_t n = write(file.fd_.get(), bytes.data(), bytes.size());
    if (n < 0 && errno != EINTR) return ErrnoStatus(file.path_, errno);
    if (n > 0) bytes.remove_prefix(static_cast<size_t>(n));
  }
  HARK_RETURN_IF_ERROR(file.Measure());
  return file;
}

std::string GeoFile::ReopenPath() const {
  return StrCat("/proc/self/fd/", fd_.get());
}

Result<std::string> GeoFile::Read(uint64_t offset, size_t length) const {
  std::string bytes(length, '\0');
  size_t have = 0;
  while (have < length) {
    HARK_ASSIGN_OR_RETURN(const size_t n, ReadAt(fd_.get(), bytes.data() + have, length - have,
                                                 offset + have, path_));
    if (n == 0) break;
    have += n;
  }
  bytes.resize(have);
  return bytes;
}

GeoBytes GeoFile::Bytes() const {
  return [this, at = uint64_t{0}](char* to, size_t room) mutable -> Result<size_t> {
    HARK_ASSIGN_OR_RETURN(const size_t n, ReadAt(fd_.get(), to, room, at, path_));
    at += n;
    return n;
  };
}

Result<std::string> GeoFile::Sha256OfAll() const {
  Sha256Stream hash;
  const GeoBytes bytes = Bytes();
  const auto piece = std::make_unique<std::array<char, kPiece>>();
  for (;;) {
    HARK_ASSIGN_OR_RETURN(const size_t n, bytes(piece->data(), piece->size()));
    if (n == 0) return hash.Finish();
    hash.Add({piece->data(), n});
  }
}

}  // namespace hark

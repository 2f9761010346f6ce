#include "coordinator/pressure.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>

#include "base/strings.h"

namespace hark {
namespace {

constexpr uint64_t kGib = uint64_t{1} << 30;
constexpr uint64_t kMib = uint64_t{1} << 20;
constexpr uint64_t kShareOfDisk = 50;  // 2 %
constexpr uint64_t kSlackShare = 10;   // this part of the mark more before it is lifted
constexpr size_t kFewWaiting = Pressure::kMostWaiting / 4;

}  // namespace

Result<DiskSpace> SpaceAt(const std::string& path) {
  struct statvfs info {};
  if (statvfs(path.c_str(), &info) != 0) return ErrnoStatus(path, errno);
  return DiskSpace{uint64_t{info.f_bavail} * info.f_frsize,
                   uint64_t{info.f_blocks} * info.f_frsize};
}

uint64_t DefaultMinFree(uint64_t disk_bytes) {
  return std::min(kGib, disk_bytes / kShareOfDisk);
}

const std::string& Pressure::Judge(const StoreHealth& health) {
  const bool pressed = !why_.empty();
  const uint64_t wanted = pressed ? min_free_ + min_free_ / kSlackShare : min_free_;
  const size_t most = pressed ? kFewWaiting : kMostWaiting;
  if (!health.failing.empty()) {
    why_ = health.failing;
  } else if (health.free_bytes < wanted) {
    why_ = StrCat("the store's disk has ", health.free_bytes / kMib, " MiB free, ", wanted / kMib,
                  " MiB are wanted (--min_free_disk)");
  } else if (health.writes_stall) {
    why_ = "the store stalls: its compaction has fallen behind";
  } else if (health.commits_waiting > most) {
    why_ = StrCat("the store is behind by ", WithThousands(health.commits_waiting), " writes");
  } else {
    why_.clear();
  }
  return why_;
}

}  // namespace hark

#include "worker/engine/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

namespace hark {
namespace {

// Left for the bus, the spool, logs and libraries.
constexpr size_t kReserved = 128;
// An epoll instance and an eventfd.
constexpr size_t kPerThread = 2;
constexpr size_t kUnknownLimit = 256;

size_t RaiseLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kUnknownLimit;
  const rlim_t wanted = std::min<rlim_t>(limit.rlim_max, 1 << 20);
  if (limit.rlim_cur < wanted) {
    const rlimit raised{wanted, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit.rlim_cur = wanted;
  }
  return static_cast<size_t>(limit.rlim_cur);
}

}  // namespace

Result<size_t> MakeSocketRoom(size_t threads) {
  const size_t limit = RaiseLimit();
  const size_t reserved = kReserved + kPerThread * threads;
  if (limit < reserved + kReserved) return Unavailable("the limit of open files is below 256");
  return limit - reserved;
}

}  // namespace hark

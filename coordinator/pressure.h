#pragma once

// When the coordinator should take nothing more on: the disk is nearly full, the store stalls, or
// the committer has fallen behind. Pure but for SpaceAt.
//
//   fine --writes fail or stall, free space below the mark, or too many wait--> pressed, with a
//   reason pressed --a tenth more space than the mark, no stall, a quarter of the queue--> fine
//
// The two marks keep it from going to and fro.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/status.h"

namespace hark {

struct DiskSpace {
  uint64_t free_bytes = 0;  // for us, not for root
  uint64_t all_bytes = 0;
};
// Of the file system that holds path.
Result<DiskSpace> SpaceAt(const std::string& path);

// What must stay free when the operator says nothing: 1 GiB, or 2 % of a smaller disk.
uint64_t DefaultMinFree(uint64_t disk_bytes);

struct StoreHealth {
  std::string failing;  // what the committer waits for, "" = it writes
  uint64_t free_bytes = 0;
  bool writes_stall = false;
  size_t commits_waiting = 0;
};

class Pressure {
 public:
  // Items: at most a quarter of a MiB each.
  static constexpr size_t kMostWaiting = 4096;

  explicit Pressure(uint64_t min_free_bytes) : min_free_(min_free_bytes) {}

  // Why nothing more is taken on, "" = all is well.
  const std::string& Judge(const StoreHealth& health);
  const std::string& why() const { return why_; }

 private:
  const uint64_t min_free_;
  std::string why_;
};

}  // namespace hark

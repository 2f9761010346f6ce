#pragma once

// The files of a worker's target sets and tables of ASes (worker/target_sets.h). Only a cache: what
// is removed too much is fetched again.

#include <chrono>
#include <cstdint>
#include <string>

namespace hark {

inline constexpr const char* kTargetSetSuffix = ".targets";
inline constexpr const char* kAsTableSuffix = ".as";

struct SetDirectoryLimits {
  // A run of a slow worker goes on for weeks; a set of one that has ended says whom we called, and
  // need not be kept for longer than that.
  std::chrono::hours unused{24 * 30};
  uint64_t bytes = uint64_t{1} << 30;  // 16 of the largest sets
};

// The set was read: its time of change says so.
void NoteSetUsed(const std::string& path);
// Removes the sets unused for too long and, the longest unused first, those beyond the size. The
// one used last always stays. Other files in the directory are left alone.
void CleanSetDirectory(const std::string& directory, const SetDirectoryLimits& limits);

}  // namespace hark

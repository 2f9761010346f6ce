#include "worker/set_directory.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

namespace hark {
namespace {

namespace fs = std::filesystem;

struct SetFile {
  fs::path path;
  fs::file_time_type used;
  uint64_t bytes = 0;
};

bool IsSet(const fs::path& path) {
  return path.extension() == kTargetSetSuffix || path.extension() == kAsTableSuffix;
}

// The one used last first. What cannot be looked at (another thread's, gone meanwhile) is left out.
std::vector<SetFile> SetsIn(const std::string& directory) {
  std::vector<SetFile> sets;
  std::error_code error;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    std::error_code gone;
    if (!it->is_regular_file(gone) || !IsSet(it->path())) continue;
    const SetFile set{it->path(), it->last_write_time(gone), it->file_size(gone)};
    if (!gone) sets.push_back(set);
  }
  std::sort(sets.begin(), sets.end(),
            [](const SetFile& a, const SetFile& b) { return a.used > b.used; });
  return sets;
}

}  // namespace

void NoteSetUsed(const std::string& path) {
  std::error_code ignored;  // a set that seems unused is fetched again
  fs::last_write_time(path, fs::file_time_type::clock::now(), ignored);
}

void CleanSetDirectory(const std::string& directory, const SetDirectoryLimits& limits) {
  const std::vector<SetFile> sets = SetsIn(directory);
  const fs::file_time_type oldest = fs::file_time_type::clock::now() - limits.unused;
  uint64_t sum = 0;
  for (const SetFile& set : sets) {
    sum += set.bytes;
    const bool stays = &set == &sets.front() || (sum <= limits.bytes && set.used >= oldest);
    std::error_code ignored;  // tried again with the next set that comes
    if (!stays) fs::remove(set.path, ignored);
  }
}

}  // namespace hark

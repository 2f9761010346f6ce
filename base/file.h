#pragma once

#include <string>
#include <string_view>

#include "base/status.h"

namespace hark {

// The whole file; "-" is stdin. At most max_bytes (kInvalidInput beyond). A missing or unreadable
// file is kInvalidInput: somebody named it.
Result<std::string> ReadFile(const std::string& path, size_t max_bytes = size_t{1} << 32);

// Written beside, synced, renamed: a reader sees the old or the new content, never a part.
// mode: permission bits of a new file, e.g. 0600 for keys.
Status WriteFileAtomically(const std::string& path, std::string_view content, int mode = 0644);
// Into what is there, from its beginning: a device, a pipe.
Status WriteInto(const std::string& path, std::string_view content);

// Syncs a directory, so that the renames in it survive a power cut too.
Status SyncDirectory(const std::string& path);

// mkdir -p.
Status MakeDirectories(const std::string& path);

}  // namespace hark

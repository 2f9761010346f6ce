#pragma once

// How far the import of one source is. Stored in the store's meta under "import/..." in the same
// write as what was imported, so that whatever happens nothing is missing and nothing is done from
// the beginning (docs/import.md).

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "storage/store.h"

namespace hark {

struct ImportCounts {
  uint64_t lines = 0;  // records of the source, empty lines included
  uint64_t hosts = 0;  // visits
  uint64_t ports = 0;
  uint64_t rejected = 0;
  std::map<std::string, uint64_t> reasons;  // of the rejected; at most kMostReasons, then "other"
};

struct ImportProgress {
  uint64_t next_line = 1;
  uint64_t next_byte = 0;
  uint64_t reject_bytes = 0;  // of the reject file, with all that was rejected so far
  bool done = false;
  ImportCounts counts;
};

inline constexpr size_t kMostReasons = 64;
void CountReason(const std::string& reason, ImportCounts* counts);
void AddCounts(const ImportCounts& more, ImportCounts* counts);

std::string EncodeImportProgress(const ImportProgress& progress);
std::optional<ImportProgress> DecodeImportProgress(std::string_view text);

// The name in meta: the same source read as the same format into the same run.
std::string ImportProgressName(std::string_view identity, std::string_view format,
                               std::string_view run);

}  // namespace hark

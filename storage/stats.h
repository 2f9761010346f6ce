#pragma once

// How much a store holds, and of what.

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "storage/history.h"
#include "storage/store.h"

namespace hark {

struct FamilyStats {
  std::string name;
  uint64_t entries = 0;
  uint64_t table_bytes = 0;   // on disk, packed
  uint64_t blob_bytes = 0;    // bodies kept apart
  uint64_t memory_bytes = 0;  // not in a table yet: in the log
};

struct RunStats {
  proto::RunRow row;
  bool remembered = false;  // all of it is in the history
  uint64_t jobs = 0;
};

struct StoreStats {
  std::string schema_version;
  std::vector<FamilyStats> families;  // in the order of docs/formats/store.md
  std::vector<RunStats> runs;         // oldest first
  HistoryCounts history;
  uint64_t history_hosts = 0;  // only if counted
  bool counted = false;        // else entries are RocksDB's estimates
};

// count: every entry is counted, which reads the whole store; else estimates, which cost nothing
// and are right where nothing was written twice.
Result<StoreStats> ReadStoreStats(const Store& store, bool count);

}  // namespace hark

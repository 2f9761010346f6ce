#pragma once

// Does a store hold together? Every index entry has its record and every record its index entries;
// every body is the one its reference names. What is derived from something else can be made
// again; what cannot is told.
//
// Reads the whole store, one entry at a time. With repair, each repair is written by itself or with
// its like: whoever is killed in the middle leaves a store that is as good as before or better.

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "storage/store.h"

namespace hark {

struct CheckFinding {
  std::string what;  // for people, e.g. "index entries of keys without a record"
  bool repairable = false;
  uint64_t count = 0;
  std::vector<std::string> examples;  // the first ones, for people
};
inline constexpr size_t kMostCheckExamples = 5;

struct CheckReport {
  uint64_t entries = 0;  // looked at
  uint64_t repaired = 0;
  std::vector<CheckFinding> findings;  // in the order they were made; none: the store is good
  // Facts that are known by their reference only: no fault, an importer knew no more.
  uint64_t bodies_not_known = 0;

  // Nothing is wrong, or nothing is any more.
  bool good(bool repaired_all) const {
    for (const CheckFinding& finding : findings) {
      if (!finding.repairable || !repaired_all) return false;
    }
    return true;
  }
};

// repair: store must be opened for writing, and nobody else write it.
Result<CheckReport> CheckStore(Store& store, bool repair);

}  // namespace hark

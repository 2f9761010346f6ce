#pragma once

// Forgets what is older than an operator wants to keep: visits of the history, and, if asked,
// finished runs with all their rows. What nobody refers to any more goes with them: index entries,
// bodies, names, certificates.
//
// Every place and every record is one write with what belongs to it, so who is killed in the middle
// leaves a good store with less in it; doing it again goes on. A run on its way out is an open,
// cancelled one that was finished. The store must be opened for writing and nobody else write it
// meanwhile.

#include <cstdint>

#include "base/status.h"
#include "storage/store.h"

namespace hark {

struct PruneWishes {
  int64_t before_unix_s = 0;  // what was seen before this second goes
  bool runs = false;          // and runs that were finished before it
};

struct PruneDone {
  uint64_t visits = 0;
  uint64_t places = 0;  // hosts' ports of which nothing is left
  uint64_t runs = 0;
  uint64_t bodies = 0;
  uint64_t certificates = 0;
};

// The space is given back to the disk by CompactStore, which is not part of it.
Result<PruneDone> PruneStore(Store& store, const PruneWishes& wishes);

// Puts all tables together: what was removed leaves the disk. Needs room for the largest family
// twice meanwhile.
Status CompactStore(Store& store);

}  // namespace hark

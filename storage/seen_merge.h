#pragma once

#include <rocksdb/merge_operator.h>

#include <memory>

namespace hark {

// For stores of versions 1 and 2 that had such rows (storage/schema.h, kRetiredFamily). Merges
// HostSeen rows by minimum of first and maximum of last. Idempotent and order-free, so a repeated
// or reordered write changes nothing. Its name is part of the file format.
std::shared_ptr<rocksdb::MergeOperator> MakeSeenMerge();

}  // namespace hark

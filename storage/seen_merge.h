#pragma once

#include <rocksdb/merge_operator.h>

#include <memory>

namespace hark {

// Merges HostSeen rows by minimum of first and maximum of last. Idempotent and order-free, so a
// repeated or reordered write changes nothing. Its name is part of the file format.
std::shared_ptr<rocksdb::MergeOperator> MakeSeenMerge();

}  // namespace hark

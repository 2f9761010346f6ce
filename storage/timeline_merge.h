#pragma once

#include <rocksdb/merge_operator.h>

#include <memory>

namespace hark {

// Merges timelines (storage/timeline.h) by union: idempotent and order-free, so a repeated or
// reordered write changes nothing. Its name is part of the file format.
std::shared_ptr<rocksdb::MergeOperator> MakeTimelineMerge();

}  // namespace hark

#pragma once

// Internal to storage/: a store on another file system than the machine's, for tests.

#include <rocksdb/env.h>

#include <memory>
#include <string>

#include "base/status.h"
#include "storage/store.h"

namespace hark {

// For writing. memtable_bytes: what a family holds before it is flushed, 0 = as always.
Result<std::unique_ptr<Store>> OpenStoreOn(const std::string& path,
                                           std::unique_ptr<rocksdb::Env> env,
                                           size_t memtable_bytes);

}  // namespace hark

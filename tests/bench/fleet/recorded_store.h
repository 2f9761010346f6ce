#pragma once

// A store that also writes down every commit, so that the same can be written again without
// everything around it.
//
// A record is: sync (1 byte), size (4 bytes), then the write as RocksDB logs it.

#include <cstdio>
#include <memory>
#include <string>

#include "storage/store.h"

namespace hark::bench {

// inner must be a store of storage/. Every call but Commit goes straight to it.
std::unique_ptr<Store> MakeRecordedStore(std::unique_ptr<Store> inner, std::FILE* file);

}  // namespace hark::bench

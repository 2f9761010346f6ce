#pragma once

// Copies of a store that is in use, and a store made of one (RocksDB's backup engine). Files a
// backup directory has already are not copied again, so a second backup takes the time of what is
// new. Whatever is killed on the way: the store stays what it is, and the backups before stay good.
//
// A store is what RocksDB has of it. Keys of coordinator and operator and the fleet's registry are
// files beside it and no part of a backup (docs/store-care.md).

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"
#include "storage/store.h"

namespace hark {

struct StoreBackup {
  uint32_t id = 0;
  int64_t unix_s = 0;  // when it began
  uint64_t bytes = 0;  // of its files, shared ones included
  uint64_t files = 0;
};

// Everything committed before the call. store: opened for writing; it may be written meanwhile.
// to: a directory of backups outside the store's, made if it is missing. One at a time may write to
// it. stop: ends it early once it is true; nullptr = nobody will.
Result<StoreBackup> BackUpStore(Store& store, const std::string& to,
                                const std::atomic<bool>* stop = nullptr);
// Those in a directory, oldest first.
Result<std::vector<StoreBackup>> BackupsIn(const std::string& from);
// id: 0 = the newest. to must not exist; it appears whole or not at all. Every file's checksum is
// compared.
Result<StoreBackup> RestoreStore(const std::string& from, uint32_t id, const std::string& to);

}  // namespace hark

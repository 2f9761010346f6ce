#pragma once

// For tests: a disk under RocksDB that fails as disks do. Files are in memory; each knows what of
// it has been synced, and so does the directory.
//
//   power cut   PowerOff (or PowerOffAfter n writes): from then on nothing is written and every
//               call fails, which is how a process without a disk ends. PowerOn brings back what
//               was synced. Of what was not, the directory keeps the first few changes, and each
//               file's tail is gone, kept, kept in part, or kept in part with garbage behind it.
//   errors      FailWrites: some write from now on, and as many after it as are told, fail. A full
//               disk takes half of what it is given.
//   slowness    HoldSyncs: whoever syncs a file waits until ReleaseSyncs.
//   lies        LieAboutSyncs: a sync says yes and does nothing.
//
// A write is anything that changes the disk: data, a sync, a name made, moved or removed.
//
// Threads: thread-safe; RocksDB's own and the test's.

#include <cstdint>
#include <memory>

#include "base/status.h"
#include "storage/store.h"

namespace hark {

class FrailDisk {
 public:
  enum class Fault { kIo, kFull };

  // seed: of what survives power cuts.
  explicit FrailDisk(uint64_t seed);
  ~FrailDisk();

  // The store on this disk, which must outlive it. One at a time. memtable_bytes: 0 = as always;
  // small ones make RocksDB flush and compact in the middle of a test.
  Result<std::unique_ptr<Store>> Open(size_t memtable_bytes = 0);

  void PowerOff();
  void PowerOffAfter(uint64_t writes);
  bool is_off() const;
  // Every store on it must be gone.
  void PowerOn();

  // The next `after` writes are done, then `count` fail.
  void FailWrites(uint64_t after, uint64_t count, Fault fault);
  void Heal();
  uint64_t failed() const;

  void HoldSyncs();
  void ReleaseSyncs();
  // Waits until somebody is held.
  void AwaitHeldSync();

  void LieAboutSyncs(bool lies);

  // Since it was made.
  uint64_t writes() const;

 private:
  class Files;
  std::shared_ptr<Files> files_;
};

}  // namespace hark

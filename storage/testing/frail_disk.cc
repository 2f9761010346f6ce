#include "storage/testing/frail_disk.h"

#include <rocksdb/env.h>

#include <limits>

#include "storage/open_on.h"
#include "storage/testing/frail_files.h"

namespace hark {

class FrailDisk::Files final : public FrailFiles {
 public:
  using FrailFiles::FrailFiles;
};

FrailDisk::FrailDisk(uint64_t seed) : files_(std::make_shared<Files>(seed)) {}
FrailDisk::~FrailDisk() = default;

Result<std::unique_ptr<Store>> FrailDisk::Open(size_t memtable_bytes) {
  return OpenStoreOn("/frail", rocksdb::NewCompositeEnv(files_), memtable_bytes);
}

void FrailDisk::PowerOff() {
  files_->PowerOff();
}
void FrailDisk::PowerOffAfter(uint64_t writes) {
  files_->PowerOffAfter(writes);
}
bool FrailDisk::is_off() const {
  return files_->is_off();
}
void FrailDisk::PowerOn() {
  files_->PowerOn();
}
void FrailDisk::FailWrites(uint64_t after, uint64_t count, Fault fault) {
  files_->FailWrites(after, count, fault);
}
void FrailDisk::Heal() {
  files_->FailWrites(std::numeric_limits<uint32_t>::max(), 0, Fault::kIo);
}
uint64_t FrailDisk::failed() const {
  return files_->failed();
}
void FrailDisk::HoldSyncs() {
  files_->HoldSyncs(true);
}
void FrailDisk::ReleaseSyncs() {
  files_->HoldSyncs(false);
}
void FrailDisk::AwaitHeldSync() {
  files_->AwaitHeldSync();
}
void FrailDisk::LieAboutSyncs(bool lies) {
  files_->LieAboutSyncs(lies);
}
uint64_t FrailDisk::writes() const {
  return files_->writes();
}

}  // namespace hark

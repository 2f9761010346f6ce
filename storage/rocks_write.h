#pragma once

// Internal to storage/: the changes of one write, on their way into a WriteBatch.

#include <rocksdb/write_batch.h>

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "storage/change_list.h"
#include "storage/rocks.h"
#include "storage/sighting_writer.h"
#include "storage/store.h"

namespace hark {

class RocksWrite final : public StoreWrite {
 public:
  explicit RocksWrite(std::shared_ptr<Rocks> rocks)
      : rocks_(std::move(rocks)), sightings_(*rocks_, changes_) {}

  void PutMeta(std::string_view name, std::string_view value) override;
  void PutOptOut(const proto::OptOutRow& row) override;
  void PutRun(const proto::RunRow& run) override;
  void PutTargetSet(std::string_view sha256, std::string_view encoded) override;
  void PutJob(uint32_t run, const proto::JobRow& job) override;
  void PutListener(uint32_t run, uint64_t position, const Address& address) override;
  void PutRevisit(uint32_t run, const StoredRevisit& revisit) override;
  void PutHost(uint32_t run, const Address& address, const proto::HostRow& host) override;
  void PutPort(uint32_t run, const Address& address, uint16_t port,
               const proto::PortRow& row) override;
  void PutNewPort(uint32_t run, const Address& address, uint16_t port,
                  const proto::PortRow& row) override;
  void PutCertificate(std::string_view sha256, std::string_view der) override;
  void PutNames(uint32_t run, const Address& address, const proto::NameRow& names) override;
  void DeleteNames(uint32_t run, const Address& address) override;
  void DeleteHost(uint32_t run, const Address& address,
                  const std::vector<proto::PortRow>& ports) override;
  void PutSwept(uint32_t run, uint64_t first_index, const proto::SweptRow& row) override;
  void PutPurged(uint32_t run, const proto::PurgeRow& row) override;
  void PutSighting(const Sighting& sighting) override;
  void ForgetHost(const HostId& host) override;
  void PutRemembered(uint32_t run, std::string_view place) override;

  bool empty() const override { return changes_.empty() && batch_.Count() == 0; }
  size_t bytes() const override { return changes_.bytes(); }
  std::string_view log_bytes() override { return batch().Data(); }
  // Of all changes so far.
  rocksdb::WriteBatch& batch();
  // The same as changes; only of a write that nobody has asked for its batch.
  std::vector<const Change*> in_order() const { return changes_.InOrder(); }
  // Why this write must not be committed, if so.
  const Status& broken() const { return broken_; }

 private:
  std::vector<std::string> IndexKeysBefore(uint32_t run, const Address& address, uint16_t port,
                                           const std::string& record);
  void Put(schema::Family family, std::string key, std::string value);
  void Delete(schema::Family family, std::string key);
  void Append(const Change& change);
  void BreakUnlessOk(Status status);

  std::shared_ptr<Rocks> rocks_;
  ChangeList changes_;
  SightingWriter sightings_;
  rocksdb::WriteBatch batch_;
  std::unordered_map<std::string, std::vector<std::string>> index_keys_here_;  // by record key
  Status broken_;
};

}  // namespace hark

#include "storage/store.h"

#include <rocksdb/env.h>

#include "base/strings.h"
#include "storage/bulk_write.h"
#include "storage/history_reader.h"
#include "storage/hosts_in.h"
#include "storage/open_on.h"
#include "storage/rocks.h"
#include "storage/rocks_write.h"
#include "storage/run_reader_impl.h"
#include "storage/value_codec.h"

namespace hark {
namespace {

using schema::Family;

constexpr char kSchemaVersionName[] = "schema_version";
// Older ones differ by families that opening for writing creates or removes and reading treats as
// empty or passes over.
constexpr uint32_t kOldestVersion = 1;

class RocksStore final : public Store {
 public:
  explicit RocksStore(std::shared_ptr<Rocks> rocks) : rocks_(std::move(rocks)) {}

  std::unique_ptr<StoreWrite> NewWrite() override { return std::make_unique<RocksWrite>(rocks_); }

  Status Commit(StoreWrite& write, bool sync) override {
    HARK_RETURN_IF_ERROR(static_cast<RocksWrite&>(write).broken());
    rocksdb::WriteOptions options;
    options.sync = sync;
    return FromRocks("write to the store",
                     rocks_->db().Write(options, &static_cast<RocksWrite&>(write).batch()));
  }

  Status CommitBulk(StoreWrite& write) override {
    HARK_RETURN_IF_ERROR(static_cast<RocksWrite&>(write).broken());
    return IngestInOrder(*rocks_, static_cast<RocksWrite&>(write).in_order());
  }

  Status Resume() override { return rocks_->Resume(); }

  Result<std::vector<proto::RunRow>> Runs() const override {
    return Rows<proto::RunRow>(Family::kRuns, "", "run");
  }

  Result<proto::RunRow> FindRun(std::string_view name) const override {
    HARK_ASSIGN_OR_RETURN(std::vector<proto::RunRow> runs, Runs());
    for (proto::RunRow& run : runs) {
      if (run.name() == name) return std::move(run);
    }
    return NotFound(StrCat("no run named '", name, "' in the store"));
  }

  Result<std::vector<proto::JobRow>> Jobs(uint32_t run) const override {
    return Rows<proto::JobRow>(Family::kJobs, schema::RunKey(run), "job");
  }

  Result<std::string> TargetSet(std::string_view sha256) const override {
    return rocks_->Get(Family::kTargets, sha256);
  }

  Result<std::vector<Address>> Listeners(uint32_t run, uint64_t from, uint64_t to) const override {
    std::vector<Address> listeners;
    for (uint64_t position = from; position < to; ++position) {
      HARK_ASSIGN_OR_RETURN(const std::string bytes,
                            rocks_->Get(Family::kListeners, schema::ListenerKey(run, position)));
      const std::optional<Address> address = Address::FromBytes(bytes);
      if (!address) return Corruption("the store holds an unreadable listener");
      listeners.push_back(*address);
    }
    return listeners;
  }

  Result<uint64_t> ListenerCount(uint32_t run) const override {
    uint64_t count = 0;
    HARK_RETURN_IF_ERROR(rocks_->ForEach(Family::kListeners, schema::RunKey(run), nullptr,
                                         [&](std::string_view, std::string_view) {
                                           ++count;
                                           return Status::Ok();
                                         }));
    return count;
  }

  Status ForEachRevisit(uint32_t run,
                        const std::function<Status(StoredRevisit)>& visit) const override {
    return rocks_->ForEach(Family::kRevisits, schema::RunKey(run), nullptr,
                           [&](std::string_view key, std::string_view value) {
                             const auto parts = schema::ParseRevisitKey(key);
                             if (!parts) return Corruption("the store holds an unreadable revisit");
                             StoredRevisit entry{parts->list, parts->position, {}};
                             HARK_RETURN_IF_ERROR(DecodeValue(value, "revisit", &entry.row));
                             return visit(std::move(entry));
                           });
  }

  Result<std::vector<Address>> Revisits(uint32_t run, uint32_t list, uint64_t from,
                                        uint64_t to) const override {
    std::vector<Address> addresses;
    for (uint64_t position = from; position < to; ++position) {
      HARK_ASSIGN_OR_RETURN(
          const proto::RevisitRow row,
          Row<proto::RevisitRow>(Family::kRevisits, schema::RevisitKey(run, list, position),
                                 "revisit"));
      const std::optional<Address> address = Address::FromBytes(row.address());
      if (!address) return Corruption("the store holds an unreadable revisit");
      addresses.push_back(*address);
    }
    return addresses;
  }

  Result<proto::HostRow> FindHost(uint32_t run, const Address& address) const override {
    return Row<proto::HostRow>(Family::kRecords, schema::RecordKey(run, address, 0), "host");
  }

  Result<proto::PortRow> FindPort(uint32_t run, const Address& address,
                                  uint16_t port) const override {
    return Row<proto::PortRow>(Family::kRecords, schema::RecordKey(run, address, port),
                               "observation");
  }

  Result<std::unique_ptr<RunReader>> ReadRun(std::string_view name) const override {
    HARK_ASSIGN_OR_RETURN(proto::RunRow run, FindRun(name));
    return MakeRunReader(rocks_, std::move(run));
  }

  std::unique_ptr<HistoryReader> ReadHistory() const override { return MakeHistoryReader(rocks_); }

  Result<std::optional<std::string>> Remembered(uint32_t run) const override {
    return Meta(schema::RememberedRunKey(run));
  }

  Result<std::optional<std::string>> Meta(std::string_view name) const override {
    Result<std::string> value = rocks_->Get(Family::kMeta, name);
    if (value.ok()) return std::optional<std::string>(std::move(value).value());
    if (value.status().code() == StatusCode::kNotFound) return std::optional<std::string>();
    return value.status();
  }

  Status ForEachOptOut(const std::function<Status(proto::OptOutRow)>& visit) const override {
    return rocks_->ForEach(Family::kMeta, schema::kOptOutPrefix, nullptr,
                           [&](std::string_view, std::string_view value) {
                             proto::OptOutRow row;
                             HARK_RETURN_IF_ERROR(DecodeValue(value, "opt-out", &row));
                             return visit(std::move(row));
                           });
  }

  Status ForEachName(
      uint32_t run,
      const std::function<Status(const Address&, const proto::NameRow&)>& visit) const override {
    const std::string prefix = schema::NamesKey(run);
    return rocks_->ForEach(Family::kMeta, prefix, nullptr,
                           [&](std::string_view key, std::string_view value) {
                             const auto address = Address::FromSortKey(key.substr(prefix.size()));
                             if (!address) return Corruption("the store holds an unreadable name");
                             proto::NameRow row;
                             HARK_RETURN_IF_ERROR(DecodeValue(value, "name", &row));
                             return visit(*address, row);
                           });
  }

  Status ForEachHostIn(uint32_t run, const AddressSet& where,
                       const HostVisitor& visit) const override {
    return VisitHostsIn(*rocks_, run, where, visit);
  }

  Status ForEachSwept(
      uint32_t run,
      const std::function<Status(uint64_t, const proto::SweptRow&)>& visit) const override {
    return VisitSwept(*rocks_, run, nullptr, visit);
  }

  Result<proto::PurgeRow> Purged(uint32_t run) const override {
    auto row = Row<proto::PurgeRow>(Family::kMeta, schema::PurgedKey(run), "purge");
    if (row.status().code() == StatusCode::kNotFound) return proto::PurgeRow();
    return row;
  }

  bool WritesStall() const override {
    uint64_t stopped = 0, delayed = 0;
    rocks_->db().GetIntProperty(rocksdb::DB::Properties::kIsWriteStopped, &stopped);
    rocks_->db().GetIntProperty(rocksdb::DB::Properties::kActualDelayedWriteRate, &delayed);
    return stopped != 0 || delayed != 0;
  }

  Result<std::string> LogicalDigest(std::string_view run_name) const override {
    HARK_ASSIGN_OR_RETURN(const std::unique_ptr<RunReader> reader, ReadRun(run_name));
    return DigestRun(*reader);
  }

  // A new store gets its version; an older one is migrated here; a newer one is refused.
  Status CheckSchema(const std::string& path, bool may_write) {
    HARK_ASSIGN_OR_RETURN(const std::optional<std::string> text, Meta(kSchemaVersionName));
    if (text) {
      const std::optional<uint64_t> version = ParseUint(*text);
      if (version == schema::kVersion) return Status::Ok();
      if (version >= kOldestVersion && version < schema::kVersion) {
        return may_write ? PutVersion() : Status::Ok();
      }
      return InvalidInput(StrCat("'", path, "' has store schema ", EscapeForDisplay(*text),
                                 ", this hark reads ", schema::kVersion, "; use a newer hark"));
    }
    if (!may_write) return InvalidInput(StrCat("'", path, "' is not a hark store"));
    return PutVersion();
  }

 private:
  std::shared_ptr<Rocks> rocks() const override { return rocks_; }

  Status PutVersion() {
    const std::unique_ptr<StoreWrite> write = NewWrite();
    write->PutMeta(kSchemaVersionName, std::to_string(schema::kVersion));
    return Commit(*write, true);
  }

  template <typename Message>
  Result<Message> Row(Family family, std::string_view key, std::string_view what) const {
    HARK_ASSIGN_OR_RETURN(const std::string value, rocks_->Get(family, key));
    Message row;
    HARK_RETURN_IF_ERROR(DecodeValue(value, what, &row));
    return row;
  }

  template <typename Row>
  Result<std::vector<Row>> Rows(Family family, std::string_view prefix,
                                std::string_view what) const {
    std::vector<Row> rows;
    HARK_RETURN_IF_ERROR(
        rocks_->ForEach(family, prefix, nullptr, [&](std::string_view, std::string_view value) {
          return DecodeValue(value, what, &rows.emplace_back());
        }));
    return rows;
  }

  std::shared_ptr<Rocks> rocks_;
};

Result<std::unique_ptr<Store>> OpenStore(const std::string& path, bool read_only,
                                         std::unique_ptr<rocksdb::Env> env,
                                         size_t memtable_bytes = 0) {
  HARK_ASSIGN_OR_RETURN(std::unique_ptr<Rocks> rocks,
                        Rocks::Open(path, read_only, std::move(env), memtable_bytes));
  auto store = std::make_unique<RocksStore>(std::shared_ptr<Rocks>(std::move(rocks)));
  HARK_RETURN_IF_ERROR(store->CheckSchema(path, !read_only));
  return std::unique_ptr<Store>(std::move(store));
}

}  // namespace

Result<std::unique_ptr<Store>> Store::Open(const std::string& directory, Mode mode) {
  return OpenStore(directory, mode == Mode::kReadOnly, nullptr);
}

Result<std::unique_ptr<Store>> OpenStoreOn(const std::string& path,
                                           std::unique_ptr<rocksdb::Env> env,
                                           size_t memtable_bytes) {
  return OpenStore(path, false, std::move(env), memtable_bytes);
}

Result<std::unique_ptr<Store>> Store::OpenInMemory() {
  return OpenStore("/memory", false,
                   std::unique_ptr<rocksdb::Env>(rocksdb::NewMemEnv(rocksdb::Env::Default())));
}

}  // namespace hark

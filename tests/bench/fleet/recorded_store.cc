#include "tests/bench/fleet/recorded_store.h"

#include "base/bytes.h"

namespace hark::bench {
namespace {

class RecordedStore final : public Store {
 public:
  RecordedStore(std::unique_ptr<Store> inner, std::FILE* file)
      : inner_(std::move(inner)), file_(file) {}
  ~RecordedStore() override { std::fclose(file_); }

  Status Commit(StoreWrite& write, bool sync) override {
    const std::string_view bytes = write.log_bytes();
    ByteWriter head;
    head.U8(sync ? 1 : 0);
    head.U32(static_cast<uint32_t>(bytes.size()));
    const bool written = std::fwrite(head.str().data(), head.str().size(), 1, file_) == 1 &&
                         std::fwrite(bytes.data(), bytes.size(), 1, file_) == 1;
    return written ? inner_->Commit(write, sync) : IoError("cannot record the commits");
  }
  Status CommitBulk(StoreWrite& write) override { return Commit(write, true); }
  Status Resume() override { return inner_->Resume(); }
  bool WritesStall() const override { return inner_->WritesStall(); }
  Status ForEachOptOut(const std::function<Status(proto::OptOutRow)>& visit) const override {
    return inner_->ForEachOptOut(visit);
  }
  Status ForEachName(
      uint32_t run,
      const std::function<Status(const Address&, const proto::NameRow&)>& visit) const override {
    return inner_->ForEachName(run, visit);
  }
  Status ForEachHostIn(uint32_t run, const AddressSet& where,
                       const HostVisitor& visit) const override {
    return inner_->ForEachHostIn(run, where, visit);
  }
  Status ForEachSwept(
      uint32_t run,
      const std::function<Status(uint64_t, const proto::SweptRow&)>& visit) const override {
    return inner_->ForEachSwept(run, visit);
  }
  Result<proto::PurgeRow> Purged(uint32_t run) const override { return inner_->Purged(run); }
  std::unique_ptr<StoreWrite> NewWrite() override { return inner_->NewWrite(); }

  Result<std::vector<proto::RunRow>> Runs() const override { return inner_->Runs(); }
  Result<proto::RunRow> FindRun(std::string_view name) const override {
    return inner_->FindRun(name);
  }
  Result<std::vector<proto::JobRow>> Jobs(uint32_t run) const override { return inner_->Jobs(run); }
  Result<std::string> TargetSet(std::string_view sha256) const override {
    return inner_->TargetSet(sha256);
  }
  Result<std::vector<Address>> Listeners(uint32_t run, uint64_t from, uint64_t to) const override {
    return inner_->Listeners(run, from, to);
  }
  Result<uint64_t> ListenerCount(uint32_t run) const override { return inner_->ListenerCount(run); }
  Status ForEachRevisit(uint32_t run,
                        const std::function<Status(StoredRevisit)>& visit) const override {
    return inner_->ForEachRevisit(run, visit);
  }
  Result<std::vector<Address>> Revisits(uint32_t run, uint32_t list, uint64_t from,
                                        uint64_t to) const override {
    return inner_->Revisits(run, list, from, to);
  }
  Result<proto::HostRow> FindHost(uint32_t run, const Address& address) const override {
    return inner_->FindHost(run, address);
  }
  Result<proto::PortRow> FindPort(uint32_t run, const Address& address,
                                  uint16_t port) const override {
    return inner_->FindPort(run, address, port);
  }
  Result<std::unique_ptr<RunReader>> ReadRun(std::string_view name) const override {
    return inner_->ReadRun(name);
  }
  std::unique_ptr<HistoryReader> ReadHistory() const override { return inner_->ReadHistory(); }
  Result<std::optional<std::string>> Remembered(uint32_t run) const override {
    return inner_->Remembered(run);
  }
  Result<std::optional<std::string>> Meta(std::string_view name) const override {
    return inner_->Meta(name);
  }
  Result<std::string> LogicalDigest(std::string_view run_name) const override {
    return inner_->LogicalDigest(run_name);
  }

 private:
  std::unique_ptr<Store> inner_;
  std::FILE* file_;
};

}  // namespace

std::unique_ptr<Store> MakeRecordedStore(std::unique_ptr<Store> inner, std::FILE* file) {
  return std::make_unique<RecordedStore>(std::move(inner), file);
}

}  // namespace hark::bench

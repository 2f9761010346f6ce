#include "storage/remember.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/outcome.h"

namespace hark {
namespace {

constexpr size_t kWriteBytes = 4 << 20;
constexpr uint64_t kHostsBetweenAsking = 4096;
constexpr int64_t kMillis = 1000;

// From the host that a write ended with to the end of the run.
class Fold {
 public:
  Fold(Store& store, uint32_t run, const std::function<bool(uint64_t)>& goes_on)
      : store_(store), run_(run), goes_on_(goes_on), write_(store.NewWrite()) {}

  Result<bool> Run(const RunReader& reader, const Address& from);

 private:
  Status Host(const Address& address, const proto::HostRow& host);
  Status Port(const Address& address, uint16_t port, const proto::PortRow& row);
  Status Commit(std::string_view place, bool sync);

  Store& store_;
  const uint32_t run_;
  const std::function<bool(uint64_t)>& goes_on_;
  std::unique_ptr<StoreWrite> write_;
  int64_t unix_s_ = 0;  // of the host whose ports come now
  uint64_t hosts_ = 0;
  bool stopped_ = false;
};

// A write ends between two hosts: what is before this one is whole.
Status Fold::Host(const Address& address, const proto::HostRow& host) {
  if (write_->bytes() >= kWriteBytes) HARK_RETURN_IF_ERROR(Commit(address.SortKey(), false));
  if (++hosts_ % kHostsBetweenAsking == 0 && !goes_on_(hosts_)) {
    stopped_ = true;
    return Commit(address.SortKey(), true).ok() ? Unavailable("stopped") : IoError("stopped");
  }
  unix_s_ = host.started_unix_ms() / kMillis;
  return Status::Ok();
}

Status Fold::Port(const Address& address, uint16_t port, const proto::PortRow& row) {
  Sighting sighting{address, port, unix_s_, FactsOfRow(row)};
  if (!sighting.facts.empty()) write_->PutSighting(sighting);
  return Status::Ok();
}

Status Fold::Commit(std::string_view place, bool sync) {
  write_->PutRemembered(run_, place);
  HARK_RETURN_IF_ERROR(store_.Commit(*write_, sync));
  write_ = store_.NewWrite();
  return Status::Ok();
}

Result<bool> Fold::Run(const RunReader& reader, const Address& from) {
  const Status walked = reader.ForEachRecordFrom(
      from,
      [this](const Address& address, const proto::HostRow& host) { return Host(address, host); },
      [this](const Address& address, uint16_t port, const proto::PortRow& row) {
        return Port(address, port, row);
      });
  if (stopped_) return walked.code() == StatusCode::kUnavailable ? Result<bool>(false) : walked;
  HARK_RETURN_IF_ERROR(walked);
  HARK_RETURN_IF_ERROR(Commit(kWholeRun, true));
  return true;
}

}  // namespace

std::vector<SightedFact> FactsOfRow(const proto::PortRow& row) {
  const proto::PortObservation& observation = row.observation();
  std::vector<SightedFact> facts = FactsOf(observation);
  const size_t own = facts.size();
  if (own == 1 && static_cast<Outcome>(observation.outcome()) == Outcome::kLocalError) return {};
  // Keys of certificates, which are only hashes here: the row has computed them.
  for (const std::string& id : row.keys()) {
    if (id.size() != KeyId::kSize) continue;
    SightedFact key;
    key.fact = {FactKind::kKey, id.substr(0, kFactRefSize)};
    key.sha256 = id;
    const auto same = [&key](const SightedFact& fact) { return fact.fact == key.fact; };
    if (std::none_of(facts.begin(), facts.end(), same)) facts.push_back(std::move(key));
  }
  return facts;
}

Result<bool> RememberRun(Store& store, const proto::RunRow& run,
                         const std::function<bool(uint64_t hosts)>& goes_on) {
  HARK_ASSIGN_OR_RETURN(const std::optional<std::string> place, store.Remembered(run.id()));
  if (place == kWholeRun) return true;
  const std::optional<Address> from = Address::FromSortKey(place.value_or(""));
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<RunReader> reader, store.ReadRun(run.name()));
  return Fold(store, run.id(), goes_on).Run(*reader, from.value_or(Address()));
}

Result<bool> IsRemembered(const Store& store, uint32_t run) {
  HARK_ASSIGN_OR_RETURN(const std::optional<std::string> place, store.Remembered(run));
  return place == kWholeRun;
}

Result<std::vector<proto::RunRow>> NotRemembered(const Store& store) {
  std::vector<proto::RunRow> left;
  HARK_ASSIGN_OR_RETURN(std::vector<proto::RunRow> runs, store.Runs());
  for (proto::RunRow& run : runs) {
    HARK_ASSIGN_OR_RETURN(const bool done, IsRemembered(store, run.id()));
    if (!done && run.state() == proto::RunRow::DONE) left.push_back(std::move(run));
  }
  return left;
}

}  // namespace hark

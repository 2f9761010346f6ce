#include "exchange/history_sink.h"

#include <algorithm>
#include <utility>

#include "base/outcome.h"
#include "exchange/imported_key.h"

namespace hark {
namespace {

constexpr int64_t kMillis = 1000;
// Tables of a write this large are few; a killed import does a second or two of work again.
constexpr size_t kBulkBytes = size_t{64} << 20;
// Below it the log is faster than tables of their own.
constexpr size_t kLeastBulkBytes = size_t{4} << 20;

std::vector<SightedFact> FactsOfPort(ImportedPort port) {
  if (port.only_facts) return std::move(port.facts);
  std::vector<SightedFact> facts;
  const auto outcome = static_cast<Outcome>(port.observation.outcome());
  // Not our side's failure, but the source's: it tells nothing of the host.
  if (outcome != Outcome::kLocalError) facts = FactsOf(port.observation);
  for (const std::string& id : port.key_ids) facts.push_back(KeyFactOfId(id));
  facts.insert(facts.end(), port.facts.begin(), port.facts.end());
  return facts;
}

// Without its body a certificate is written down as not known, unless the store knows it.
bool AsksTheStore(const Sighting& sighting) {
  return std::any_of(sighting.facts.begin(), sighting.facts.end(), [](const SightedFact& fact) {
    return fact.fact.kind == FactKind::kCertificate;
  });
}

}  // namespace

std::vector<Sighting> SightingsOf(ImportedHost host) {
  std::vector<Sighting> sightings;
  for (ImportedPort& port : host.ports) {
    Sighting& sighting = sightings.emplace_back();
    sighting.host = host.host;
    sighting.port = static_cast<uint16_t>(port.observation.port());
    sighting.unix_s = host.unix_ms / kMillis;
    // Somebody else's visit that saw nothing is a visit.
    const bool counts_empty = port.only_facts;
    sighting.facts = FactsOfPort(std::move(port));
    if (sighting.facts.empty() && !counts_empty) sightings.pop_back();
  }
  return sightings;
}

HistoryTarget::HistoryTarget(Store& store, std::string progress_name, RejectFile& rejects,
                             std::string source)
    : store_(store),
      progress_name_(std::move(progress_name)),
      rejects_(rejects),
      source_(std::move(source)) {}

// What survives a kill or a power cut is a beginning of the source and the place where it ends:
// bulks are synced, and the log keeps the other writes in order, so only the last has to be.
Status HistoryTarget::Write(ImportBatch batch) {
  if (write_ == nullptr) write_ = store_.NewWrite();
  HARK_RETURN_IF_ERROR(AddMore(batch.hosts, *write_));
  for (ImportedHost& host : batch.hosts) {
    for (const Sighting& sighting : SightingsOf(std::move(host))) {
      if (AsksTheStore(sighting)) HARK_RETURN_IF_ERROR(AwaitCommit());
      write_->PutSighting(sighting);
    }
  }
  HARK_RETURN_IF_ERROR(rejects_.Write(source_, batch.rejected));
  batch.progress.reject_bytes = rejects_.bytes();
  if (!progress_name_.empty()) {
    write_->PutMeta(progress_name_, EncodeImportProgress(batch.progress));
  }
  const bool last = batch.progress.done;
  if (Gathers() && !last && write_->bytes() < kBulkBytes) return Status::Ok();
  HARK_RETURN_IF_ERROR(AwaitCommit());
  Commit(last);
  return Status::Ok();
}

void HistoryTarget::Commit(bool sync) {
  const bool bulk = Gathers() && write_->bytes() >= kLeastBulkBytes;
  committing_ = std::async(std::launch::async, [this, bulk, sync, kept = std::move(write_)] {
    return bulk ? store_.CommitBulk(*kept) : store_.Commit(*kept, sync);
  });
}

Status HistoryTarget::AwaitCommit() {
  return committing_.valid() ? committing_.get() : Status::Ok();
}

Status HistoryTarget::Finish() {
  HARK_RETURN_IF_ERROR(AwaitCommit());
  if (write_ == nullptr) return Status::Ok();
  Commit(true);
  return AwaitCommit();
}

}  // namespace hark

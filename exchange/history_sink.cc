#include "exchange/history_sink.h"

#include <algorithm>
#include <utility>

#include "base/outcome.h"
#include "exchange/imported_key.h"

namespace hark {
namespace {

constexpr int64_t kMillis = 1000;
// Of changes: some fifty thousand records, a second or two of work that a kill costs.
constexpr size_t kBulkBytes = 48 << 20;

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
bool HasCertificate(const Sighting& sighting) {
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

// Writes become durable in their order, so what survives a kill or a power cut is a beginning of
// the source and the place where it ends.
Status HistoryTarget::Write(ImportBatch batch) {
  if (AsksTheStore()) HARK_RETURN_IF_ERROR(CommitAll());
  if (write_ == nullptr) write_ = store_.NewWrite();
  HARK_RETURN_IF_ERROR(AddMore(batch.hosts, *write_));
  for (ImportedHost& host : batch.hosts) {
    for (const Sighting& sighting : SightingsOf(std::move(host))) {
      if (HasCertificate(sighting)) HARK_RETURN_IF_ERROR(AwaitCommit());
      write_->PutSighting(sighting);
    }
  }
  HARK_RETURN_IF_ERROR(rejects_.Write(source_, batch.rejected));
  batch.progress.reject_bytes = rejects_.bytes();
  if (!progress_name_.empty()) {
    write_->PutMeta(progress_name_, EncodeImportProgress(batch.progress));
  }
  const bool done = batch.progress.done;
  if (!done && write_->bytes() < kBulkBytes) return Status::Ok();
  HARK_RETURN_IF_ERROR(AwaitCommit());
  BeginCommit(done);
  return Status::Ok();
}

// Large writes as tables of their own, synced; the little that is left at the end through the log.
void HistoryTarget::BeginCommit(bool sync) {
  committing_ = std::async(std::launch::async, [this, sync, kept = std::move(write_)] {
    return kept->bytes() < kBulkBytes ? store_.Commit(*kept, sync) : store_.CommitBulk(*kept);
  });
}

Status HistoryTarget::AwaitCommit() {
  return committing_.valid() ? committing_.get() : Status::Ok();
}

Status HistoryTarget::CommitAll() {
  HARK_RETURN_IF_ERROR(AwaitCommit());
  if (write_ == nullptr) return Status::Ok();
  BeginCommit(false);
  return AwaitCommit();
}

}  // namespace hark

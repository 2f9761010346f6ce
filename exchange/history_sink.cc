#include "exchange/history_sink.h"

#include <algorithm>
#include <utility>

#include "base/outcome.h"
#include "exchange/imported_key.h"

namespace hark {
namespace {

constexpr int64_t kMillis = 1000;

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

// The log keeps writes in order, so what survives a kill or a power cut is a beginning of the
// source and the place where it ends; only the last write has to be synced.
Status HistoryTarget::Write(ImportBatch batch) {
  std::unique_ptr<StoreWrite> write = store_.NewWrite();
  HARK_RETURN_IF_ERROR(AddMore(batch.hosts, *write));
  for (ImportedHost& host : batch.hosts) {
    for (const Sighting& sighting : SightingsOf(std::move(host))) {
      if (AsksTheStore(sighting)) HARK_RETURN_IF_ERROR(AwaitCommit());
      write->PutSighting(sighting);
    }
  }
  HARK_RETURN_IF_ERROR(rejects_.Write(source_, batch.rejected));
  batch.progress.reject_bytes = rejects_.bytes();
  if (!progress_name_.empty()) {
    write->PutMeta(progress_name_, EncodeImportProgress(batch.progress));
  }
  HARK_RETURN_IF_ERROR(AwaitCommit());
  const bool sync = batch.progress.done;
  committing_ = std::async(std::launch::async, [this, sync, kept = std::move(write)] {
    return store_.Commit(*kept, sync);
  });
  return Status::Ok();
}

Status HistoryTarget::AwaitCommit() {
  return committing_.valid() ? committing_.get() : Status::Ok();
}

}  // namespace hark

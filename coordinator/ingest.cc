#include "coordinator/ingest.h"

#include <algorithm>

#include "base/outcome.h"
#include "coordinator/revisit_merge.h"
#include "keys/certificate.h"
#include "keys/key_id.h"
#include "keys/ssh_key.h"

namespace hark {
namespace {

// A run of a list has no country to be in; nor has a host that the geo data do not know.
proto::HostRow::Country CheckCountry(std::string_view of_host, std::string_view of_run) {
  if (of_run.empty() || of_host.empty()) return proto::HostRow::UNKNOWN;
  return of_host == of_run ? proto::HostRow::IN : proto::HostRow::OUT;
}

proto::HostRow HostRowOf(const proto::HostObservation& host, const Address& address,
                         const CommitItem& item, const GeoTable& geo, const std::string& country) {
  proto::HostRow row;
  const Place place = geo.Find(address);
  row.set_country(std::string(place.country));
  row.set_asn(place.asn);
  row.set_in_country(CheckCountry(place.country, country));
  row.set_started_unix_ms(host.started_unix_ms());
  row.set_duration_ms(host.duration_ms());
  row.set_worker(item.worker);
  row.set_job(item.job);
  row.set_clock_offset_ms(item.clock_offset_ms);
  if (const auto names = item.names.find(address); names != item.names.end()) {
    for (const std::string& name : names->second) row.add_names(name);
  }
  row.set_answers_all(host.answers_all());
  return row;
}

bool Shown(uint32_t proof) {
  return static_cast<Proof>(proof) != Proof::kBad;
}

// Certificates go to their own family, once each; the row keeps their hashes.
template <typename Chained>
void MoveChain(Chained& facts, RecentCertificates& written, StoreWrite& write) {
  for (const std::string& der : facts.chain()) {
    std::string hash = Sha256(der);
    if (!written.Note(hash)) write.PutCertificate(hash, der);
    facts.add_chain_sha256(std::move(hash));
  }
  facts.clear_chain();
}

// In the memory of the observation, which it takes over.
proto::PortRow* PortRowOf(proto::PortObservation& observation, google::protobuf::Arena* arena,
                          RecentCertificates& written, StoreWrite& write) {
  auto* const row = google::protobuf::Arena::CreateMessage<proto::PortRow>(arena);
  for (const std::string& key : KeysOf(observation)) row->add_keys(key);
  if (observation.has_tls()) MoveChain(*observation.mutable_tls(), written, write);
  if (observation.tls().has_other_leaf()) {
    MoveChain(*observation.mutable_tls()->mutable_other_leaf(), written, write);
  }
  *row->mutable_observation() = std::move(observation);
  return row;
}

// The host stays where its first visit put it: who visited, when, in which job.
void AddVisit(const proto::HostRow& again, proto::HostRow* known) {
  known->set_last_visit_unix_ms(again.started_unix_ms());
  known->set_duration_ms(known->duration_ms() + again.duration_ms());
  known->set_answers_all(known->answers_all() || again.answers_all());
}

// What the store has, or nothing of it.
template <typename Row>
Result<std::optional<Row>> IfThere(Result<Row> row) {
  if (row.ok()) return std::optional<Row>(std::move(row).value());
  if (row.status().code() == StatusCode::kNotFound) return std::optional<Row>();
  return row.status();
}

Status IngestHost(proto::HostObservation& host, const CommitItem& item, const GeoTable& geo,
                  const std::string& country, const Store& store, RecentCertificates& written,
                  StoreWrite& write) {
  const std::optional<Address> address = Address::FromBytes(host.address());
  if (!address) return Status::Ok();         // cannot be: CheckBatch compared it with the target
  if (host.excluded()) return Status::Ok();  // never contacted: the ledger has it, that is all
  proto::HostRow host_row = HostRowOf(host, *address, item, geo, country);
  if (item.round > 0) {
    HARK_ASSIGN_OR_RETURN(auto known, IfThere(store.FindHost(item.run, *address)));
    if (known) {
      AddVisit(host_row, &*known);
      host_row = std::move(*known);
    }
  }
  write.PutHost(item.run, *address, host_row);
  for (proto::PortObservation& observation : *host.mutable_ports()) {
    const auto port = static_cast<uint16_t>(observation.port());
    proto::PortRow& row = *PortRowOf(observation, item.hosts.arena(), written, write);
    if (item.round == 0) {
      write.PutNewPort(item.run, *address, port, row);
      continue;
    }
    HARK_ASSIGN_OR_RETURN(const auto known, IfThere(store.FindPort(item.run, *address, port)));
    if (known) row = MergeVisits(*known, row, item.round + 1);
    write.PutPort(item.run, *address, port, row);
  }
  return Status::Ok();
}

}  // namespace

std::set<std::string> KeysOf(const proto::PortObservation& observation) {
  std::set<std::string> keys;
  for (const proto::SshHostKey& key : observation.ssh().keys()) {
    if (Shown(key.proof())) keys.emplace(ReadSshKey(key.blob()).id.bytes());
  }
  if (observation.tls().chain_size() > 0 && Shown(observation.tls().proof())) {
    const std::optional<KeyId> id = KeyIdOfCertificate(observation.tls().chain(0));
    if (id) keys.emplace(id->bytes());
  }
  const proto::TlsOtherLeaf& other = observation.tls().other_leaf();
  if (other.chain_size() > 0 && Shown(other.proof())) {
    const std::optional<KeyId> id = KeyIdOfCertificate(other.chain(0));
    if (id) keys.emplace(id->bytes());
  }
  return keys;
}

Status Ingest(CommitItem& item, const GeoTable& geo, const std::string& country, const Store& store,
              RecentCertificates& written, StoreWrite& write) {
  for (const auto& [position, address] : item.listeners) {
    write.PutListener(item.run, position, address);
  }
  if (item.swept.size() > 0) {
    proto::SweptRow row;
    row.set_targets(item.swept.size());
    row.set_states(item.swept.Take());
    write.PutSwept(item.run, item.swept_from, row);
  }
  for (const StoredRevisit& revisit : item.revisits) write.PutRevisit(item.run, revisit);
  for (proto::HostObservation& host : item.hosts) {
    HARK_RETURN_IF_ERROR(IngestHost(host, item, geo, country, store, written, write));
  }
  for (const proto::JobRow& job : item.jobs) write.PutJob(item.run, job);
  if (item.run_row) write.PutRun(*item.run_row);
  return Status::Ok();
}

}  // namespace hark

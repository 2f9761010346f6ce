#include "exchange/run_sink.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "base/outcome.h"
#include "base/permutation.h"
#include "base/range_set.h"
#include "base/strings.h"
#include "keys/key_id.h"
#include "storage/remember.h"

namespace hark {
namespace {

constexpr char kPlanDomain[] = "hark imported run v1";
constexpr size_t kMostRunName = 64;
constexpr int kMostNames = 64;     // of a host
constexpr size_t kMostKeys = 256;  // of a port
constexpr int kMostSshKeys = 64;

bool IsName(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
  });
  return plain && !name.empty() && name.size() <= kMostRunName;
}

// Of two views of a port the one that shows more; of equals, either, but always the same.
int Showing(const proto::PortRow& row) {
  const proto::PortObservation& seen = row.observation();
  const bool ok = static_cast<Outcome>(seen.outcome()) == Outcome::kOk;
  const bool ours = static_cast<Outcome>(seen.outcome()) == Outcome::kLocalError;
  const bool connected = static_cast<Stage>(seen.stage()) != Stage::kConnect;
  return (row.keys_size() > 0 ? 8 : 0) + (ok ? 4 : 0) + (connected ? 2 : 0) + (ours ? 0 : 1);
}

bool ShowsLess(const proto::PortRow& a, const proto::PortRow& b) {
  if (Showing(a) != Showing(b)) return Showing(a) < Showing(b);
  return a.SerializeAsString() < b.SerializeAsString();
}

// By blob, each once, those of both.
void MergeSshKeys(const proto::SshFacts& from, proto::SshFacts* to) {
  std::map<std::string, proto::SshHostKey> keys;
  for (const proto::SshFacts* side : {&from, static_cast<const proto::SshFacts*>(to)}) {
    for (const proto::SshHostKey& key : side->keys()) keys[key.blob()] = key;
  }
  to->clear_keys();
  for (const auto& [blob, key] : keys) {
    if (to->keys_size() < kMostSshKeys) *to->add_keys() = key;
  }
}

void MergeRows(proto::PortRow from, proto::PortRow* to) {
  std::set<std::string> keys(to->keys().begin(), to->keys().end());
  keys.insert(from.keys().begin(), from.keys().end());
  if (ShowsLess(*to, from)) std::swap(*to, from);
  if (from.observation().ssh().keys_size() > 0) {
    MergeSshKeys(from.observation().ssh(), to->mutable_observation()->mutable_ssh());
  }
  to->clear_keys();
  for (const std::string& key : keys) {
    if (static_cast<size_t>(to->keys_size()) < kMostKeys) to->add_keys(key);
  }
}

template <typename Chained>
void MoveChain(Chained* facts, StoreWrite& write) {
  for (const std::string& der : facts->chain()) {
    std::string hash = Sha256(der);
    write.PutCertificate(hash, der);
    facts->add_chain_sha256(std::move(hash));
  }
  facts->clear_chain();
}

proto::PortRow RowOf(const ImportedPort& port, StoreWrite& write) {
  proto::PortRow row;
  std::set<std::string> keys(port.key_ids.begin(), port.key_ids.end());
  for (const std::vector<SightedFact>& facts : {FactsOf(port.observation), port.facts}) {
    for (const SightedFact& fact : facts) {
      if (fact.fact.kind == FactKind::kKey && fact.sha256.size() == KeyId::kSize) {
        keys.insert(fact.sha256);
      }
    }
  }
  for (const std::string& key : keys) row.add_keys(key);
  *row.mutable_observation() = port.observation;
  if (port.observation.has_tls()) {
    MoveChain(row.mutable_observation()->mutable_tls(), write);
  }
  return row;
}

// What FinishImportedRun learns of the run by reading it.
struct RunSum {
  std::vector<Range> v4;
  std::string v6;
  std::set<uint16_t> ports;
  proto::Tally tally;
  int64_t first_ms = 0, last_ms = 0;

  uint64_t hosts() const { return v4.size() + v6.size() / 16; }
};

// A host is as good as its best port, as the coordinator counts it.
class TallyCounter {
 public:
  explicit TallyCounter(proto::Tally& tally) : tally_(tally) {}

  void Host() {
    Close();
    open_ = true;
  }
  void Port(const proto::PortObservation& port) {
    const auto outcome = static_cast<Outcome>(port.outcome());
    const bool connected = static_cast<Stage>(port.stage()) != Stage::kConnect;
    failed_ |= outcome == Outcome::kLocalError;
    refused_ |= outcome == Outcome::kRefused;
    unreachable_ |= outcome == Outcome::kUnreachable && !connected;
    answered_ |= connected && outcome != Outcome::kLocalError;
  }
  void Close() {
    if (!open_) return;
    if (answered_) {
      tally_.set_answered(tally_.answered() + 1);
    } else if (refused_) {
      tally_.set_refused(tally_.refused() + 1);
    } else if (failed_) {
      tally_.set_failed(tally_.failed() + 1);
    } else if (unreachable_) {
      tally_.set_unreachable(tally_.unreachable() + 1);
    } else {
      tally_.set_silent(tally_.silent() + 1);
    }
    open_ = answered_ = refused_ = failed_ = unreachable_ = false;
  }

 private:
  proto::Tally& tally_;
  bool open_ = false, answered_ = false, refused_ = false, failed_ = false, unreachable_ = false;
};

Result<RunSum> SumRun(const RunReader& reader) {
  RunSum sum;
  TallyCounter counter(sum.tally);
  const auto host = [&](const Address& address, const proto::HostRow& row) {
    counter.Host();
    if (address.is_v4()) {
      sum.v4.push_back({address.v4(), address.v4()});
    } else {
      sum.v6 += address.bytes();
    }
    const int64_t last = std::max(row.started_unix_ms(), row.last_visit_unix_ms());
    sum.first_ms =
        sum.first_ms == 0 ? row.started_unix_ms() : std::min(sum.first_ms, row.started_unix_ms());
    sum.last_ms = std::max(sum.last_ms, last);
    return Status::Ok();
  };
  const auto port = [&](const Address&, uint16_t number, const proto::PortRow& row) {
    sum.ports.insert(number);
    counter.Port(row.observation());
    return Status::Ok();
  };
  HARK_RETURN_IF_ERROR(reader.ForEachRecord(host, port));
  counter.Close();
  return sum;
}

proto::JobRow JobOf(const RunSum& sum) {
  proto::JobRow job;
  job.set_id(1);
  job.set_kind(proto::JobRow::GRAB_TARGETS);
  job.set_state(proto::JobRow::DONE);
  job.set_end(sum.hosts());
  job.set_cursor(sum.hosts());
  *job.mutable_tally() = sum.tally;
  return job;
}

void PutPlan(const RunSum& sum, proto::RunRow* run, StoreWrite& write) {
  const std::string v4 = RangeSet(sum.v4).Encode();
  run->set_target_set(Sha256(v4));
  write.PutTargetSet(run->target_set(), v4);
  run->clear_targets6();
  if (!sum.v6.empty()) {
    run->set_targets6(Sha256(sum.v6));
    write.PutTargetSet(run->targets6(), sum.v6);
  }
  run->set_targets6_count(sum.v6.size() / 16);
  run->set_planned(sum.hosts());
  run->clear_ports();
  for (const uint16_t port : sum.ports) run->add_ports(port);
  run->set_created_unix_ms(sum.first_ms);
  run->set_finished_unix_ms(sum.last_ms);
}

}  // namespace

Result<proto::RunRow> OpenImportedRun(Store& store, const ImportedRun& wanted) {
  if (!IsName(wanted.name)) {
    return InvalidInput(StrCat("run name '", EscapeForDisplay(wanted.name),
                               "': use at most 64 letters, digits, '-', '_' and '.'"));
  }
  const std::string plan = Sha256(StrCat(kPlanDomain, '\0', wanted.country));
  HARK_ASSIGN_OR_RETURN(const std::vector<proto::RunRow> runs, store.Runs());
  proto::RunRow run;
  for (const proto::RunRow& known : runs) {
    run.set_id(std::max(run.id(), known.id()));
    if (known.name() != wanted.name) continue;
    if (known.plan_hash() == plan) return known;
    return InvalidInput(StrCat("run '", wanted.name,
                               "' is in the store and is no import with this --country; give "
                               "another --run"));
  }
  run.set_id(run.id() + 1);
  run.set_name(wanted.name);
  run.set_country(wanted.country);
  run.set_plan_hash(plan);
  run.set_permutation_version(kPermutationVersion);
  run.set_source(wanted.source);
  run.set_state(proto::RunRow::DONE);
  run.mutable_settings()->set_cancelled(true);
  const std::unique_ptr<StoreWrite> write = store.NewWrite();
  PutPlan({}, &run, *write);
  write->PutRun(run);
  // What is imported goes into the history with its own times; the fold of runs has nothing to add.
  write->PutRemembered(run.id(), kWholeRun);
  HARK_RETURN_IF_ERROR(store.Commit(*write, true));
  return run;
}

Status FinishImportedRun(Store& store, const std::string& name) {
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<RunReader> reader, store.ReadRun(name));
  HARK_ASSIGN_OR_RETURN(const RunSum sum, SumRun(*reader));
  proto::RunRow run = reader->run();
  const std::unique_ptr<StoreWrite> write = store.NewWrite();
  PutPlan(sum, &run, *write);
  run.mutable_settings()->set_cancelled(false);
  write->PutJob(run.id(), JobOf(sum));
  write->PutRun(run);
  return store.Commit(*write, true);
}

RunTarget::RunTarget(Store& store, std::string progress_name, RejectFile& rejects,
                     std::string source, const proto::RunRow& run)
    : HistoryTarget(store, std::move(progress_name), rejects, std::move(source)),
      run_(run.id()),
      country_(run.country()) {}

void RunTarget::MergeHost(const ImportedHost& from, bool is_new, proto::HostRow* row) const {
  const int64_t first = is_new ? from.unix_ms : std::min(row->started_unix_ms(), from.unix_ms);
  const int64_t last = std::max({from.unix_ms, row->started_unix_ms(), row->last_visit_unix_ms()});
  row->set_started_unix_ms(first);
  row->set_last_visit_unix_ms(last > first ? last : 0);
  row->set_asn(std::max(row->asn(), from.asn));
  if (from.country > row->country()) row->set_country(from.country);
  const bool in = row->country().empty() || row->country() == country_;
  row->set_in_country(country_.empty() ? proto::HostRow::UNKNOWN
                      : in             ? proto::HostRow::IN
                                       : proto::HostRow::OUT);
  std::set<std::string> names(row->names().begin(), row->names().end());
  names.insert(from.names.begin(), from.names.end());
  row->clear_names();
  for (const std::string& name : names) {
    if (row->names_size() < kMostNames) row->add_names(name);
  }
}

Result<RunTarget::Rows*> RunTarget::RowsAt(const Address& address, std::map<Address, Rows>* rows) {
  const auto known = rows->find(address);
  if (known != rows->end()) return &known->second;
  Result<proto::HostRow> host = store_.FindHost(run_, address);
  if (!host.ok() && host.status().code() != StatusCode::kNotFound) return host.status();
  Rows& at = (*rows)[address];
  if (host.ok()) at.host = std::move(*host);
  return &at;
}

Status RunTarget::MergePort(const Address& address, const ImportedPort& port, Rows* rows,
                            StoreWrite& write) {
  const auto number = static_cast<uint16_t>(port.observation.port());
  if (number == 0) return Status::Ok();  // in the store that is the host itself
  proto::PortRow row = RowOf(port, write);
  const auto here = rows->ports.find(number);
  if (here != rows->ports.end()) {
    MergeRows(std::move(row), &here->second);
    return Status::Ok();
  }
  Result<proto::PortRow> stored = store_.FindPort(run_, address, number);
  if (!stored.ok() && stored.status().code() != StatusCode::kNotFound) return stored.status();
  if (stored.ok()) MergeRows(std::move(*stored), &row);
  rows->ports.emplace(number, std::move(row));
  return Status::Ok();
}

Status RunTarget::AddMore(const std::vector<ImportedHost>& hosts, StoreWrite& write) {
  HARK_RETURN_IF_ERROR(AwaitCommit());  // rows of the batch before are merged with
  std::map<Address, Rows> rows;
  for (const ImportedHost& host : hosts) {
    if (!host.host.is_address()) continue;
    const Address& address = host.host.address();
    HARK_ASSIGN_OR_RETURN(Rows* const at, RowsAt(address, &rows));
    MergeHost(host, at->host.started_unix_ms() == 0, &at->host);
    for (const ImportedPort& port : host.ports) {
      HARK_RETURN_IF_ERROR(MergePort(address, port, at, write));
    }
  }
  for (const auto& [address, at] : rows) {
    write.PutHost(run_, address, at.host);
    for (const auto& [number, row] : at.ports) write.PutPort(run_, address, number, row);
  }
  return Status::Ok();
}

}  // namespace hark

#include "api/memory_view.h"

#include <algorithm>

#include "keys/certificate.h"
#include "keys/key_id.h"
#include "storage/remember.h"

namespace hark {
namespace {

// As storage/remember.h has it, so that a visit is the same before and after it is remembered.
int64_t VisitSecond(const proto::HostRow& row) {
  return row.started_unix_ms() / 1000;
}

std::vector<Fact> OnlyFacts(const std::vector<SightedFact>& sighted) {
  std::vector<Fact> facts;
  facts.reserve(sighted.size());
  for (const SightedFact& fact : sighted) facts.push_back(fact.fact);
  return facts;
}

Timeline& TimelineOf(uint16_t port, std::vector<PortHistory>& ports) {
  const auto at = std::lower_bound(
      ports.begin(), ports.end(), port,
      [](const PortHistory& history, uint16_t wanted) { return history.port < wanted; });
  if (at != ports.end() && at->port == port) return at->timeline;
  return ports.insert(at, {port, Timeline()})->timeline;
}

// Ends a walk.
Status Enough() {
  return {StatusCode::kInterrupted, "enough"};
}

// The id that begins with the reference, if the run has such a key.
Result<std::optional<KeyId>> WholeId(const RunReader& reader, const Fact& key) {
  std::string smallest = key.value;
  smallest.resize(KeyId::kSize, '\0');
  std::optional<KeyId> found;
  const Status walked =
      reader.ForEachKeyUseFrom({*KeyId::FromBytes(smallest), Address(), 0}, [&](const KeyUse& use) {
        if (use.key.bytes().substr(0, kFactRefSize) == key.value) found = use.key;
        return Enough();
      });
  if (!walked.ok() && walked.code() != StatusCode::kInterrupted) return walked;
  return found;
}

// The key, from the row itself or from one of its certificates; nullopt: in neither.
std::optional<RememberedKey> KeyInRow(const RunReader& run, const proto::PortRow& row,
                                      const Fact& wanted) {
  for (const SightedFact& sighted : FactsOfRow(row)) {
    RememberedKey key;
    key.fact = wanted;
    if (sighted.fact == wanted && !sighted.body.empty()) {
      (sighted.spki ? key.spki : key.ssh_blob) = sighted.body;
      return key;
    }
    if (sighted.fact.kind != FactKind::kCertificate) continue;
    const Result<std::string> der = run.Certificate(sighted.sha256);
    const auto spki = der.ok() ? SpkiOfCertificate(*der) : std::nullopt;
    if (!spki || KeyIdOfSpki(*spki).bytes().substr(0, kFactRefSize) != wanted.value) continue;
    key.spki = *spki;
    return key;
  }
  return std::nullopt;
}

}  // namespace

Result<std::shared_ptr<const MemoryView::RunList>> MemoryView::ReadRuns(const Store& store) {
  HARK_ASSIGN_OR_RETURN(const std::vector<proto::RunRow> rows, store.Runs());
  auto runs = std::make_shared<RunList>();
  for (const proto::RunRow& row : rows) {
    HARK_ASSIGN_OR_RETURN(const bool remembered, IsRemembered(store, row.id()));
    runs->push_back({row.id(), row.name(), remembered});
  }
  return std::shared_ptr<const RunList>(std::move(runs));
}

Status MemoryView::AddRun(const KnownRun& run, const Address& address, HostMemory& memory) const {
  if (run.remembered) {
    const Result<proto::HostRow> row = store().FindHost(run.id, address);
    if (row.status().code() == StatusCode::kNotFound) return Status::Ok();
    HARK_RETURN_IF_ERROR(row.status());
    memory.runs.push_back({run.name, VisitSecond(*row), row->country(), row->asn()});
    return Status::Ok();
  }
  const AddressSet only({AddressSpan{address, address}});
  return store().ForEachHostIn(
      run.id, only,
      [&](const Address&, const proto::HostRow& row, const std::vector<proto::PortRow>& ports) {
        memory.runs.push_back({run.name, VisitSecond(row), row.country(), row.asn()});
        for (const proto::PortRow& port : ports) {
          const std::vector<SightedFact> facts = FactsOfRow(port);
          if (facts.empty()) continue;
          const auto number = static_cast<uint16_t>(port.observation().port());
          TimelineOf(number, memory.ports).Add(VisitSecond(row), OnlyFacts(facts));
          for (const SightedFact& fact : facts) memory.bodies.emplace(fact.fact, fact);
        }
        return Status::Ok();
      });
}

Result<HostMemory> MemoryView::Host(const HostId& host, Effort& effort) const {
  HostMemory memory;
  HARK_RETURN_IF_ERROR(effort.Spend());
  HARK_ASSIGN_OR_RETURN(memory.ports, history().Host(host));
  if (!host.is_address()) return memory;
  for (auto run = runs_->rbegin(); run != runs_->rend(); ++run) {
    HARK_RETURN_IF_ERROR(effort.Spend());
    HARK_RETURN_IF_ERROR(AddRun(*run, host.address(), memory));
  }
  return memory;
}

Result<Timeline> MemoryView::Port(const FactUse& place, Effort& effort) const {
  HARK_RETURN_IF_ERROR(effort.Spend());
  Result<Timeline> timeline = history().Port(place);
  if (!timeline.ok() && timeline.status().code() != StatusCode::kNotFound) return timeline;
  Timeline all = timeline.ok() ? std::move(*timeline) : Timeline();
  if (!place.host.is_address()) return all;
  for (const KnownRun& run : *runs_) {
    if (run.remembered) continue;
    HARK_RETURN_IF_ERROR(effort.Spend());
    const Result<proto::PortRow> row = store().FindPort(run.id, place.host.address(), place.port);
    if (row.status().code() == StatusCode::kNotFound) continue;
    HARK_RETURN_IF_ERROR(row.status());
    HARK_ASSIGN_OR_RETURN(const proto::HostRow host,
                          store().FindHost(run.id, place.host.address()));
    const std::vector<SightedFact> facts = FactsOfRow(*row);
    if (!facts.empty()) all.Add(VisitSecond(host), OnlyFacts(facts));
  }
  return all;
}

// As many of one run, behind those that are there.
Status MemoryView::AddRunUses(const KnownRun& run, const Fact& fact, const FactUse& from,
                              size_t most, std::vector<FactUse>& uses) const {
  if (!from.host.is_address()) return Status::Ok();  // runs have addresses, which come before
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<RunReader> reader, store().ReadRun(run.name));
  HARK_ASSIGN_OR_RETURN(const std::optional<KeyId> id, WholeId(*reader, fact));
  if (!id) return Status::Ok();
  size_t found = 0;
  const Status walked =
      reader->ForEachKeyUseFrom({*id, from.host.address(), from.port}, [&](const KeyUse& use) {
        if (use.key != *id || found == most) return Enough();
        uses.push_back({HostId(use.address), use.port});
        ++found;
        return Status::Ok();
      });
  return walked.code() == StatusCode::kInterrupted ? Status::Ok() : walked;
}

Result<std::vector<FactUse>> MemoryView::Uses(const Fact& fact, const FactUse& from, size_t most,
                                              Effort& effort) const {
  std::vector<FactUse> uses;
  if (most == 0) return uses;
  HARK_RETURN_IF_ERROR(effort.Spend());
  const Status walked = history().ForEachUse(
      fact,
      [&](const FactUse& use) {
        uses.push_back(use);
        return uses.size() < most ? Status::Ok() : Enough();
      },
      from);
  if (!walked.ok() && uses.size() < most) return walked;
  if (fact.kind != FactKind::kKey) return uses;
  for (const KnownRun& run : *runs_) {
    if (run.remembered) continue;
    HARK_RETURN_IF_ERROR(effort.Spend());
    HARK_RETURN_IF_ERROR(AddRunUses(run, fact, from, most, uses));
  }
  std::sort(uses.begin(), uses.end());
  uses.erase(std::unique(uses.begin(), uses.end()), uses.end());
  if (uses.size() > most) uses.resize(most);
  return uses;
}

Result<std::vector<Fact>> MemoryView::KeysById(std::string_view id) const {
  HARK_ASSIGN_OR_RETURN(std::vector<Fact> facts, history().KeysById(id));
  if (!facts.empty() || id.size() != KeyId::kSize) return facts;
  const Fact fact{FactKind::kKey, std::string(id.substr(0, kFactRefSize))};
  for (const KnownRun& run : *runs_) {
    if (run.remembered) continue;
    HARK_ASSIGN_OR_RETURN(const std::unique_ptr<RunReader> reader, store().ReadRun(run.name));
    HARK_ASSIGN_OR_RETURN(const std::optional<KeyId> found, WholeId(*reader, fact));
    if (found && found->bytes() == id) return std::vector<Fact>{fact};
  }
  return facts;
}

Result<RememberedKey> MemoryView::Key(const Fact& fact) const {
  Result<RememberedKey> key = history().Key(fact);
  if (key.ok() || key.status().code() != StatusCode::kNotFound) return key;
  for (const KnownRun& run : *runs_) {
    if (run.remembered) continue;
    std::vector<FactUse> uses;
    HARK_RETURN_IF_ERROR(AddRunUses(run, fact, {}, 1, uses));
    if (uses.empty()) continue;
    HARK_ASSIGN_OR_RETURN(const proto::PortRow row,
                          store().FindPort(run.id, uses.front().host.address(), uses.front().port));
    HARK_ASSIGN_OR_RETURN(const std::unique_ptr<RunReader> reader, store().ReadRun(run.name));
    if (const auto found = KeyInRow(*reader, row, fact)) return *found;
  }
  return key;
}

Result<ApiPlace> MemoryView::PlaceOf(const HostId& host, const std::string& run,
                                     Effort& effort) const {
  ApiPlace place;
  if (!host.is_address()) return place;
  if (place_ && run.empty()) return place_(host.address());
  for (auto known = runs_->rbegin(); known != runs_->rend(); ++known) {
    if (!run.empty() && known->name != run) continue;
    HARK_RETURN_IF_ERROR(effort.Spend());
    const Result<proto::HostRow> row = store().FindHost(known->id, host.address());
    if (row.status().code() == StatusCode::kNotFound) continue;
    HARK_RETURN_IF_ERROR(row.status());
    place.asn = row->asn();
    place.country = row->country();
    return place;
  }
  return place;
}

}  // namespace hark

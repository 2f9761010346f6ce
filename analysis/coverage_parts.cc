#include <algorithm>
#include <map>

#include "analysis/coverage.h"
#include "analysis/swept_places.h"
#include "base/block_count.h"
#include "base/outcome.h"
#include "base/strings.h"

namespace hark {
namespace {

bool Connected(const proto::PortObservation& seen) {
  return static_cast<Stage>(seen.stage()) != Stage::kConnect;
}

// As CountHost has it for hosts (coordinator/batch_check.h), for one port.
uint64_t& StateOf(const proto::PortObservation& seen, PortLedger& ledger) {
  const auto outcome = static_cast<Outcome>(seen.outcome());
  if (outcome == Outcome::kThrottled) return ledger.throttled;
  if (outcome == Outcome::kLocalError) return ledger.failed;
  if (Connected(seen)) return ledger.answered;
  if (outcome == Outcome::kRefused) return ledger.refused;
  if (outcome == Outcome::kUnreachable) return ledger.unreachable;
  return ledger.silent;
}

uint64_t Sum(const PortLedger& ledger) {
  return ledger.silent + ledger.refused + ledger.unreachable + ledger.answered + ledger.throttled +
         ledger.failed;
}

// What the ports of a visited host showed together.
struct HostSight {
  Address address;
  bool answered = false, throttled = false, refused = false, unreachable = false, failed = false;
  bool key = false;

  void Add(const proto::PortRow& row) {
    const proto::PortObservation& seen = row.observation();
    const auto outcome = static_cast<Outcome>(seen.outcome());
    const bool ours = outcome == Outcome::kLocalError, busy = outcome == Outcome::kThrottled;
    answered |= Connected(seen) && !ours && !busy;
    throttled |= busy;
    failed |= ours;
    refused |= outcome == Outcome::kRefused;
    unreachable |= outcome == Outcome::kUnreachable && !Connected(seen);
    key |= row.keys_size() > 0;
  }
};

// As CountHost has it (coordinator/batch_check.h).
uint64_t& StateOf(const HostSight& host, PartLedger& ledger) {
  if (host.answered || host.throttled) return ledger.answered;
  if (host.refused) return ledger.refused;
  if (host.failed) return ledger.failed;
  return host.unreachable ? ledger.unreachable : ledger.silent;
}

uint64_t Sum(const PartLedger& p) {
  return p.silent + p.refused + p.unreachable + p.answered + p.failed + p.excluded_late + p.purged +
         p.pending;
}

void TakeStates(const SweptPlaces::Block& block, PartLedger& ledger) {
  const auto of = [&](TargetState state) { return block.states[static_cast<size_t>(state)]; };
  ledger.silent = of(TargetState::kSilent);
  ledger.refused = of(TargetState::kRefused);
  ledger.unreachable = of(TargetState::kUnreachable);
  ledger.answered = of(TargetState::kAnswered);
  ledger.excluded_late = of(TargetState::kExcluded);
  ledger.failed = of(TargetState::kFailed);
  ledger.purged = of(TargetState::kPurged);
  ledger.pending = block.pending;
}

class PartsReader {
 public:
  PartsReader(const RunReader& reader, const Coverage& coverage)
      : reader_(reader), coverage_(coverage), gated_(reader.run().gate_port() != 0) {}

  Result<CoverageParts> Read() {
    HARK_RETURN_IF_ERROR(Planned());
    HARK_RETURN_IF_ERROR(Ports());
    HARK_RETURN_IF_ERROR(Hosts());
    ClosePorts();
    CloseGate();
    CloseBlocks();
    return std::move(out_);
  }

 private:
  Status Planned() {
    for (const uint32_t port : reader_.run().ports()) out_.ports[static_cast<uint16_t>(port)];
    HARK_ASSIGN_OR_RETURN(const RangeSet left_out, SetOf(reader_.LeftOut()));
    for (const auto& [block, n] : CountByBlock16(left_out)) out_.blocks16[block].excluded = n;
    HARK_ASSIGN_OR_RETURN(const RangeSet targets, SetOf(reader_.TargetSet()));
    if (targets.empty()) return Status::Ok();
    for (const auto& [block, n] : CountByBlock16(targets)) out_.blocks16[block].planned = n;
    return gated_ ? Swept(targets) : Status::Ok();
  }

  // Empty where the store has none.
  static Result<RangeSet> SetOf(const Result<std::string>& encoded) {
    if (encoded.status().code() == StatusCode::kNotFound) return RangeSet();
    if (!encoded.ok()) return encoded.status();
    std::optional<RangeSet> set = RangeSet::Decode(*encoded);
    if (!set) return Corruption("a set of addresses is unreadable");
    return std::move(*set);
  }

  Status Swept(const RangeSet& targets) {
    HARK_ASSIGN_OR_RETURN(SweptPlaces places, ReadSweptPlaces(reader_, targets));
    for (const auto& [block, counts] : places.blocks16) TakeStates(counts, out_.blocks16[block]);
    out_.errors = std::move(places.errors);
    out_.unplaced = places.unplaced;
    return places.unplaced > 0 ? Listeners() : Status::Ok();
  }

  // Where nothing else tells which targets answered, this does.
  Status Listeners() {
    std::map<uint32_t, uint64_t> found;
    HARK_RETURN_IF_ERROR(reader_.ForEachListener([&](const Address& address) {
      if (address.is_v4() && address != Address()) ++found[address.v4() >> 16];
      return Status::Ok();
    }));
    for (const auto& [block, n] : found) {
      PartLedger& ledger = out_.blocks16[block];
      const uint64_t more = n - std::min(n, ledger.answered);
      ledger.answered += more;
      ledger.pending -= std::min(ledger.pending, more);
    }
    return Status::Ok();
  }

  Status Ports() {
    return reader_.ForEachPort(
        [&](const Address& address, uint16_t port, const proto::PortRow& row) {
          PortLedger& ledger = out_.ports[port];
          ++StateOf(row.observation(), ledger);
          ledger.grabbed += row.keys_size() > 0;
          if (hosts_.empty() || hosts_.back().address != address) hosts_.push_back({address});
          hosts_.back().Add(row);
          return Status::Ok();
        });
  }

  // Both in address order.
  Status Hosts() {
    size_t next = 0;
    return reader_.ForEachHost([&](const Address& address, const proto::HostRow& row) {
      while (next < hosts_.size() && hosts_[next].address < address) ++next;
      const bool known = next < hosts_.size() && hosts_[next].address == address;
      const HostSight host = known ? hosts_[next] : HostSight{address};
      PartLedger& as = out_.ases[row.asn()];
      Count(host, row, as);
      out_.answers_all += row.answers_all();
      ++StateOf(host, as);
      if (!address.is_v4()) return Status::Ok();
      PartLedger& block = out_.blocks16[address.v4() >> 16];
      Count(host, row, block);
      if (!gated_) ++StateOf(host, block);
      return Status::Ok();
    });
  }

  static void Count(const HostSight& host, const proto::HostRow& row, PartLedger& ledger) {
    ++ledger.visited;
    ledger.throttled += host.throttled && !host.answered;
    ledger.grabbed += host.key;
    ledger.answers_all += row.answers_all();
  }

  void ClosePorts() {
    const uint64_t planned =
        gated_ ? coverage_.grabs.planned + reader_.run().targets6_count() : coverage_.plan.planned;
    for (auto& [port, ledger] : out_.ports) {
      const uint64_t sum = Sum(ledger);
      ledger.planned = planned;
      ledger.pending = planned - std::min(planned, sum);
      if (sum > planned) {
        out_.errors.push_back(
            StrCat("port ", port, " was looked at on ", sum, " of ", planned, " hosts"));
      }
      if (ledger.grabbed > ledger.answered + ledger.throttled + ledger.failed) {
        out_.errors.push_back(StrCat("port ", port, " gave keys without an answer"));
      }
    }
  }

  void CloseGate() {
    if (!gated_) return;
    out_.gate_port = static_cast<uint16_t>(reader_.run().gate_port());
    for (const auto& [block, part] : out_.blocks16) {
      out_.gate.planned += part.planned;
      out_.gate.silent += part.silent;
      out_.gate.refused += part.refused;
      out_.gate.unreachable += part.unreachable;
      out_.gate.answered += part.answered;
      out_.gate.failed += part.failed;
      out_.gate.pending += part.pending + part.excluded_late + part.purged;
      out_.gate.grabbed += part.grabbed;
    }
  }

  void CloseBlocks() {
    uint64_t sum = 0;
    for (auto& [block, ledger] : out_.blocks16) {
      sum += ledger.planned;
      const uint64_t settled = Sum(ledger);
      if (!gated_ && settled < ledger.planned) ledger.pending = ledger.planned - settled;
      // Hosts of a store without its target set are planned nowhere.
      if (ledger.planned == 0 || Sum(ledger) == ledger.planned || !out_.errors.empty()) continue;
      out_.errors.push_back(StrCat("the states in ", block >> 8, ".", block & 0xff,
                                   ".0.0/16 sum to ", Sum(ledger), " of ", ledger.planned));
    }
    const uint64_t planned4 = coverage_.plan.planned - reader_.run().targets6_count();
    if (sum != 0 && sum != planned4) {
      out_.errors.push_back(StrCat("the /16s sum to ", sum, " of ", planned4, " targets"));
    }
  }

  const RunReader& reader_;
  const Coverage& coverage_;
  const bool gated_;
  CoverageParts out_;
  std::vector<HostSight> hosts_;  // in address order
};

}  // namespace

Result<CoverageParts> ReadCoverageParts(const RunReader& reader, const Coverage& coverage) {
  return PartsReader(reader, coverage).Read();
}

}  // namespace hark

#include <map>
#include <set>

#include "analysis/coverage.h"
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

class PartsReader {
 public:
  PartsReader(const RunReader& reader, const Coverage& coverage)
      : reader_(reader), coverage_(coverage), gated_(reader.run().gate_port() != 0) {}

  Result<CoverageParts> Read() {
    HARK_RETURN_IF_ERROR(Planned());
    HARK_RETURN_IF_ERROR(Listeners());
    HARK_RETURN_IF_ERROR(Ports());
    HARK_RETURN_IF_ERROR(Hosts());
    Close();
    return std::move(out_);
  }

 private:
  PartLedger* BlockOf(const Address& address) {
    return address.is_v4() ? &out_.blocks16[address.v4() >> 16] : nullptr;
  }

  Status Planned() {
    for (const uint32_t port : reader_.run().ports()) out_.ports[static_cast<uint16_t>(port)];
    const Result<std::string> bytes = reader_.TargetSet();
    if (bytes.status().code() == StatusCode::kNotFound) return Status::Ok();
    if (!bytes.ok()) return bytes.status();
    const std::optional<RangeSet> targets = RangeSet::Decode(*bytes);
    if (!targets) return Corruption("the target set is unreadable");
    for (const auto& [block, n] : CountByBlock16(*targets)) out_.blocks16[block].planned = n;
    return Status::Ok();
  }

  Status Listeners() {
    return reader_.ForEachListener([&](const Address& address) {
      if (address == Address()) return Status::Ok();  // taken out again
      if (PartLedger* block = BlockOf(address)) ++block->answered;
      return Status::Ok();
    });
  }

  Status Ports() {
    return reader_.ForEachPort(
        [&](const Address& address, uint16_t port, const proto::PortRow& row) {
          PortLedger& ledger = out_.ports[port];
          ++StateOf(row.observation(), ledger);
          if (row.keys_size() > 0) {
            ++ledger.grabbed;
            with_key_.insert(address);
          }
          if (Connected(row.observation())) answered_.insert(address);
          return Status::Ok();
        });
  }

  Status Hosts() {
    return reader_.ForEachHost([&](const Address& address, const proto::HostRow& host) {
      PartLedger& as = out_.ases[host.asn()];
      for (PartLedger* part : {&as, BlockOf(address)}) {
        if (part == nullptr) continue;
        ++part->visited;
        part->grabbed += with_key_.contains(address);
        // Of a swept target its place in the listener list says it.
        if (part == &as || !gated_) part->answered += answered_.contains(address);
      }
      return Status::Ok();
    });
  }

  void Close() {
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
    CloseBlocks();
  }

  void CloseBlocks() {
    uint64_t sum = 0;
    for (const auto& [block, ledger] : out_.blocks16) {
      sum += ledger.planned;
      if (ledger.planned > 0 && ledger.answered > ledger.planned) {
        out_.errors.push_back(
            StrCat("more answered in ", block >> 8, ".", block & 0xff, ".0.0/16 than was planned"));
      }
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
  std::set<Address> with_key_, answered_;
};

}  // namespace

Result<CoverageParts> ReadCoverageParts(const RunReader& reader, const Coverage& coverage) {
  return PartsReader(reader, coverage).Read();
}

}  // namespace hark

#include "coordinator/batch_check.h"

#include <google/protobuf/io/coded_stream.h>
#include <zstd.h>

#include <algorithm>

#include "base/crc32c.h"
#include "base/mutation.h"
#include "base/outcome.h"
#include "base/strings.h"
#include "coordinator/observation_check.h"
#include "coordinator/revisit_merge.h"

namespace hark {
namespace {

// A worker fills a batch up to 256 KiB before it packs it; the rest is for one last observation.
constexpr size_t kMaxRawBytes = 512 << 10;
constexpr int kMaxProtoDepth = 12;
// Dates go into rows that are merged by minimum and maximum for ever: 1970 to 2096.
constexpr int64_t kLastUnixMillis = 4'000'000'000'000;

Status Wrong(std::string what) {
  return Corruption(std::move(what));
}

Result<std::string> Unpack(const proto::Batch& batch) {
  if (Crc32c(batch.payload()) != batch.crc32c()) return Wrong("checksum");
  if (batch.payload().size() > kMaxRawBytes) return Wrong("too large");
  if (batch.codec() == proto::Batch::RAW) return batch.payload();
  if (batch.codec() != proto::Batch::ZSTD) return Wrong("unknown codec");
  if (batch.raw_bytes() > kMaxRawBytes) return Wrong("too large when unpacked");
  std::string raw(batch.raw_bytes(), '\0');
  const size_t n =
      ZSTD_decompress(raw.data(), raw.size(), batch.payload().data(), batch.payload().size());
  if (ZSTD_isError(n) || n != raw.size()) return Wrong("does not unpack");
  return raw;
}

google::protobuf::ArenaOptions ArenaOptionsFor(size_t raw_bytes) {
  google::protobuf::ArenaOptions options;
  options.start_block_size = std::max(options.start_block_size, raw_bytes);
  options.max_block_size = kMaxRawBytes;
  return options;
}

// In the arena.
Result<proto::BatchPayload*> ParsePayload(const std::string& raw, google::protobuf::Arena* arena) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(raw.data()),
                                            static_cast<int>(raw.size()));
  in.SetRecursionLimit(kMaxProtoDepth);
  auto* const payload = google::protobuf::Arena::CreateMessage<proto::BatchPayload>(arena);
  if (!payload->ParseFromCodedStream(&in) || !in.ConsumedEntireMessage()) {
    return Wrong("payload is no BatchPayload");
  }
  return payload;
}

// As the worker's own check would have left it.
void Exclude(proto::HostObservation* host) {
  host->set_excluded(true);
  for (proto::PortObservation& port : *host->mutable_ports()) {
    const uint32_t number = port.port();
    port.Clear();
    port.set_port(number);
    port.set_outcome(static_cast<uint32_t>(Outcome::kLocalError));
  }
}

// What it says of each target must be what it counts. The hits are compared one by one.
Result<TargetStates> CheckStates(const proto::SweepResult& sweep, uint64_t covered) {
  if (sweep.states().empty()) return TargetStates();
  std::optional<TargetStates> states = TargetStates::Decode(sweep.states(), covered);
  if (!states) return Wrong("states that cannot be");
  const auto hits = static_cast<uint64_t>(sweep.hits_size());
  const TargetStates::Counts counted{sweep.silent(),
                                     sweep.refused(),
                                     sweep.unreachable(),
                                     hits,
                                     sweep.excluded(),
                                     sweep.local_error(),
                                     0};
  if (states->Count() != counted) return Wrong("states that are not those counted");
  return std::move(*states);
}

Result<CheckedBatch> CheckSweep(const proto::Batch& batch, const proto::SweepResult& sweep,
                                const RunState& run, const AddressSet& opt_outs) {
  CheckedBatch checked;
  const uint64_t covered = batch.to_index() - batch.from_index();
  const auto hit_count = static_cast<uint64_t>(sweep.hits_size());
  uint64_t sum = hit_count;
  for (const uint64_t part : {sweep.silent(), sweep.refused(), sweep.unreachable(),
                              sweep.excluded(), sweep.local_error()}) {
    if (part > covered) return Wrong("a count exceeds the batch");
    sum += part;
  }
  if (sweep.rechecked() > covered || sweep.found_again() > sweep.rechecked() ||
      sweep.found_again() > hit_count) {
    return Wrong("rechecks that do not fit");
  }
  if (sum != covered) return Wrong(StrCat("counts sum to ", sum, " of ", covered));
  HARK_ASSIGN_OR_RETURN(checked.states, CheckStates(sweep, covered));
  const bool told = checked.states.size() > 0;
  uint64_t next = batch.from_index();
  for (const proto::SweepHit& hit : sweep.hits()) {
    if (hit.index() < next || hit.index() >= batch.to_index()) return Wrong("a hit out of order");
    next = hit.index() + 1;
    const Address address = run.TargetAt(hit.index());
    if (hit.address() != address.bytes()) return Wrong("a hit at another address");
    const uint64_t offset = hit.index() - batch.from_index();
    if (told && checked.states.At(offset) != TargetState::kAnswered) {
      return Wrong("a hit that has another state");
    }
    if (opt_outs.Contains(address)) {
      if (told) checked.states.Set(offset, TargetState::kExcluded);
      continue;
    }
    checked.hits.push_back(address);
    checked.hit_indices.push_back(hit.index());
  }
  checked.tally.set_silent(sweep.silent());
  checked.tally.set_refused(sweep.refused());
  checked.tally.set_unreachable(sweep.unreachable());
  const uint64_t dropped = hit_count - checked.hits.size();
  checked.tally.set_excluded(sweep.excluded() + dropped);
  checked.tally.set_failed(sweep.local_error());
  checked.tally.set_answered(checked.hits.size());
  checked.tally.set_rechecked(sweep.rechecked());
  checked.tally.set_found_again(sweep.found_again());
  return checked;
}

Status CheckHost(const proto::HostObservation& host, const proto::RunRow& run,
                 const proto::JobRow& job) {
  const auto& ports = job.kind() == proto::JobRow::GRAB_REVISITS ? job.ports() : run.ports();
  if (host.ports_size() != ports.size()) return Wrong("not one entry a port");
  if (host.started_unix_ms() < 0 || host.started_unix_ms() > kLastUnixMillis) {
    return Wrong("a visit out of all time");
  }
  for (int i = 0; i < host.ports_size(); ++i) {
    if (host.ports(i).port() != ports[i]) return Wrong("a port that was not asked for");
    HARK_RETURN_IF_ERROR(CheckObservation(host.ports(i)));
    const auto outcome = static_cast<Outcome>(host.ports(i).outcome());
    if (host.excluded() && outcome != Outcome::kLocalError) {
      return Wrong("an excluded host that answered");
    }
  }
  return Status::Ok();
}

// A host of a revisit job has its place in the ledger; only one that stands there as throttled and
// answered now moves.
void CountRevisit(const proto::HostObservation& host, bool counted_throttled, proto::Tally* tally) {
  const bool answered = std::any_of(host.ports().begin(), host.ports().end(),
                                    [](const auto& port) { return !StaysThrottled(port); });
  if (!answered) {
    tally->set_throttled(tally->throttled() + 1);
    return;
  }
  tally->set_answered(tally->answered() + 1);
  if (!counted_throttled) return;
  tally->set_recovered(tally->recovered() + (Broken(Rule::kRecoveredOnce) ? 2 : 1));
}

Result<CheckedBatch> CheckGrab(const proto::Batch& batch, proto::BatchPayload& payload,
                               const RunState& run, const LiveJob& job,
                               const std::vector<Address>& targets, const AddressSet& opt_outs) {
  CheckedBatch checked;
  if (static_cast<uint64_t>(payload.hosts_size()) != batch.to_index() - batch.from_index()) {
    return Wrong("not one observation a target");
  }
  const bool revisit = job.row.kind() == proto::JobRow::GRAB_REVISITS;
  const RevisitKind* revisited = revisit ? run.revisits().Find(job.row.revisit_list()) : nullptr;
  if (revisit && revisited == nullptr) return Wrong("of a revisit list that is not there");
  uint64_t index = batch.from_index();
  for (proto::HostObservation& host : *payload.mutable_hosts()) {
    const Address& target = targets[index - job.row.base()];
    const bool left_out = target == Address();
    if (host.index() != index || (host.address() != target.bytes() && !left_out)) {
      return Wrong("an observation of another target");
    }
    HARK_RETURN_IF_ERROR(CheckHost(host, run.run(), job.row));
    if (left_out || opt_outs.Contains(target)) Exclude(&host);
    if (revisited != nullptr) {
      CountRevisit(host, revisited->counted_throttled, &checked.tally);
    } else {
      CountHost(host, &checked.tally);
    }
    ++index;
  }
  return checked;
}

}  // namespace

// A host is as good as its best port.
void CountHost(const proto::HostObservation& host, proto::Tally* tally) {
  if (host.excluded()) {
    tally->set_excluded(tally->excluded() + 1);
    return;
  }
  bool answered = false, throttled = false, refused = false, unreachable = false, failed = false;
  for (const proto::PortObservation& port : host.ports()) {
    const auto outcome = static_cast<Outcome>(port.outcome());
    const bool connected = static_cast<Stage>(port.stage()) != Stage::kConnect;
    throttled |= outcome == Outcome::kThrottled;
    failed |= outcome == Outcome::kLocalError;
    refused |= outcome == Outcome::kRefused;
    unreachable |= outcome == Outcome::kUnreachable && !connected;
    answered |= connected && outcome != Outcome::kThrottled && outcome != Outcome::kLocalError;
  }
  if (answered) {
    tally->set_answered(tally->answered() + 1);
  } else if (throttled) {
    tally->set_throttled(tally->throttled() + 1);
  } else if (refused) {
    tally->set_refused(tally->refused() + 1);
  } else if (failed) {
    tally->set_failed(tally->failed() + 1);
  } else if (unreachable) {
    tally->set_unreachable(tally->unreachable() + 1);
  } else {
    tally->set_silent(tally->silent() + 1);
  }
}

Result<CheckedBatch> CheckBatch(const proto::Batch& batch, const RunState& run, const LiveJob& job,
                                const std::vector<Address>& targets, const AddressSet& opt_outs) {
  if (batch.from_index() != job.row.cursor() || batch.to_index() <= batch.from_index() ||
      batch.to_index() > job.row.end() || (batch.to_index() == job.row.end() && !batch.final())) {
    return Wrong(StrCat("covers [", batch.from_index(), ", ", batch.to_index(), ") where [",
                        job.row.cursor(), ", … ", job.row.end(), ") was leased"));
  }
  HARK_ASSIGN_OR_RETURN(const std::string raw, Unpack(batch));
  auto arena = std::make_unique<google::protobuf::Arena>(ArenaOptionsFor(raw.size()));
  HARK_ASSIGN_OR_RETURN(proto::BatchPayload* const payload, ParsePayload(raw, arena.get()));
  if (RunState::IsKnocking(job.row)) {
    if (payload->hosts_size() != 0) return Wrong("hosts in a sweep");
    return CheckSweep(batch, payload->sweep(), run, opt_outs);
  }
  if (payload->has_sweep()) return Wrong("a sweep in a grab");
  HARK_ASSIGN_OR_RETURN(CheckedBatch checked,
                        CheckGrab(batch, *payload, run, job, targets, opt_outs));
  checked.hosts = HostBatch(std::move(arena), payload);
  return checked;
}

}  // namespace hark

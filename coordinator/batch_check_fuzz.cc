// The payload of a batch, packed or not, for a sweep or for visits. The first byte
// says which job, the second how it is packed and what size it claims; with its highest bit the
// addresses are mended, which take luck to find. The checksum is right, since anybody can make it
// so. What passes has one verdict for every index it covers, and of a target
// that was leased.

#include <algorithm>
#include <cstdlib>

#include "base/crc32c.h"
#include "coordinator/batch_check.h"
#include "coordinator/plan.h"

namespace hark {
namespace {

struct Leased {
  Leased() {
    PlanOptions options;
    options.sources = RangeSet({*ParseRange("127.9.0.0/26")});
    options.ports = {22, 443};
    options.policy.set_throttle_retries(2);
    plan = MakePlan(options).value();
    plan.run.set_id(1);
    std::vector<proto::JobRow> rows(2);
    rows[0].set_id(1);
    rows[0].set_kind(proto::JobRow::SWEEP);
    rows[0].set_end(64);
    rows[1].set_id(2);
    rows[1].set_kind(proto::JobRow::GRAB_LISTENERS);
    rows[1].set_end(4);
    run = std::make_unique<RunState>(plan.run, plan.targets, RangeSet(), rows, 4);
    for (uint64_t i = 0; i < 4; ++i) targets.push_back(run->TargetAt(i));
  }
  Plan plan;
  std::unique_ptr<RunState> run;
  std::vector<Address> targets;
};

std::string Mended(const Leased& leased, std::string_view payload) {
  proto::BatchPayload parsed;
  if (!parsed.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return std::string(payload);
  }
  const auto right = [&](uint64_t index) {
    return index < 64 ? std::string(leased.run->TargetAt(index).bytes()) : std::string();
  };
  for (proto::HostObservation& host : *parsed.mutable_hosts()) {
    host.set_address(right(host.index()));
  }
  if (parsed.has_sweep()) {
    for (proto::SweepHit& hit : *parsed.mutable_sweep()->mutable_hits()) {
      hit.set_address(right(hit.index()));
    }
  }
  return parsed.SerializeAsString();
}

void Check(const Leased& leased, bool sweep, uint64_t covers, uint8_t packing,
           std::string_view payload) {
  LiveJob* job = leased.run->Find(sweep ? 1 : 2);
  proto::Batch batch;
  batch.set_to_index(std::min(covers, job->row.end()));
  batch.set_final(batch.to_index() == job->row.end());
  batch.set_codec(static_cast<proto::Batch::Codec>(packing & 3));
  batch.set_raw_bytes((packing >> 2 & 31) * 16U);
  batch.set_payload((packing & 128) != 0 ? Mended(leased, payload) : std::string(payload));
  batch.set_crc32c(Crc32c(batch.payload()));
  const std::vector<Address> none;
  const auto checked = CheckBatch(batch, *leased.run, *job, sweep ? none : leased.targets);
  if (!checked.ok()) return;
  const proto::Tally& t = checked->tally;
  const uint64_t sum = t.silent() + t.refused() + t.unreachable() + t.excluded() + t.failed() +
                       t.answered() + t.throttled();
  if (sum != batch.to_index()) std::abort();
  if (sweep ? t.answered() != checked->hits.size() : sum != checked->hosts.size()) std::abort();
  for (const Address& hit : checked->hits) {
    if (!leased.plan.targets.Contains(hit.v4())) std::abort();
  }
  for (size_t i = 0; i < checked->hosts.size(); ++i) {
    if (checked->hosts.begin()[i].address() != leased.targets[i].bytes()) std::abort();
  }
}

}  // namespace
}  // namespace hark

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const hark::Leased leased;
  if (size < 2) return 0;
  const std::string_view payload(reinterpret_cast<const char*>(data) + 2, size - 2);
  hark::Check(leased, (data[0] & 1) != 0, data[0] >> 1, data[1], payload);
  return 0;
}

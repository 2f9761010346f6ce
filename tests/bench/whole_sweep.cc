#include "tests/bench/whole_sweep.h"

#include <zstd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/random.h"
#include "base/special_ranges.h"
#include "proto/wire.pb.h"
#include "worker/engine/engine_loop.h"
#include "worker/job_runner.h"
#include "worker/survey_policy.h"
#include "worker/syn_thread.h"

namespace hark::bench {
namespace {

// As coordinator/plan.cc cuts a run of this size, and as worker.cc holds leases.
constexpr uint64_t kWantedJobs = 64;
constexpr uint64_t kLeastJob = 1024;
constexpr uint64_t kMostJob = uint64_t{1} << 16;
constexpr size_t kLeases = 256;
constexpr size_t kSweepsWanted = 4;
constexpr Duration kTurn = std::chrono::milliseconds(20);
// "No limit": what hark scan takes at most.
constexpr double kMostRate = 10'000'000;
constexpr uint32_t kRun = 1;

class Driver {
 public:
  Driver(const WholeSweepOrder& order, JobRunner& runner, EngineLoop& engine, SynThread& syn)
      : order_(order),
        runner_(runner),
        engine_(engine),
        syn_(syn),
        targets_(std::make_shared<const RangeSet>(std::vector<Range>{order.range})) {}

  Status Run() {
    HARK_ASSIGN_OR_RETURN(const RangeSet closed, SpecialExclusions(*targets_));
    for (const Range& range : closed.ranges()) {
      ByteWriter bytes;
      bytes.U32(range.first);
      bytes.U32(range.last);
      exclusions_.push_back(bytes.Take());
    }
    const double rate = order_.rate == 0 ? kMostRate : order_.rate;
    runner_.SetShares({{kRun, {.probes_per_second = rate}}}, rate);
    while (swept_.told < targets_->size()) {
      HARK_RETURN_IF_ERROR(syn_.desk().failure());
      HARK_RETURN_IF_ERROR(Lease());
      runner_.Feed();
      for (const proto::Batch& batch : runner_.TakeBatches(clock_.Now())) {
        HARK_RETURN_IF_ERROR(Take(batch));
      }
      engine_.RunOnce(kTurn);
    }
    swept_.sent = syn_.desk().stats().sent;
    std::sort(swept_.found.begin(), swept_.found.end());
    return Status::Ok();
  }
  WholeSweep& swept() { return swept_; }

 private:
  Status Lease() {
    const uint64_t size = std::clamp(targets_->size() / kWantedJobs, kLeastJob, kMostJob);
    while (leased_ < targets_->size() && leases_ < kLeases &&
           runner_.run_sweeps_with_work(kRun) < kSweepsWanted) {
      proto::Job job;
      job.set_run(kRun);
      job.set_job(++jobs_);
      job.set_kind(proto::Job::SWEEP);
      job.set_target_set_size(targets_->size());
      job.set_seed(seed_);
      job.set_cursor(leased_);
      job.set_end(std::min(leased_ + size, targets_->size()));
      job.set_gate_port(order_.port);
      job.mutable_policy()->set_connect_timeout_ms(static_cast<uint32_t>(
          std::chrono::duration_cast<std::chrono::milliseconds>(order_.cooldown).count()));
      *job.mutable_exclusions() = {exclusions_.begin(), exclusions_.end()};
      HARK_RETURN_IF_ERROR(runner_.StartJob(job, job.cursor(), job.end(), targets_));
      leased_ = job.end();
      ++leases_;
    }
    return Status::Ok();
  }

  Status Take(const proto::Batch& batch) {
    std::string raw = batch.payload();
    if (batch.codec() == proto::Batch::ZSTD) {
      raw.assign(batch.raw_bytes(), '\0');
      ZSTD_decompress(raw.data(), raw.size(), batch.payload().data(), batch.payload().size());
    }
    proto::BatchPayload payload;
    if (!payload.ParseFromString(raw)) return Internal("a batch that cannot be read");
    for (const proto::SweepHit& hit : payload.sweep().hits()) {
      const auto address = Address::FromBytes(hit.address());
      if (!address || !address->is_v4()) return Internal("a hit without an address");
      swept_.found.push_back(address->v4());
    }
    swept_.told += batch.to_index() - batch.from_index();
    leases_ -= batch.final() ? 1 : 0;
    return Status::Ok();
  }

  const WholeSweepOrder order_;
  JobRunner& runner_;
  EngineLoop& engine_;
  SynThread& syn_;
  const std::shared_ptr<const RangeSet> targets_;
  const uint64_t seed_ = SecureU64();
  SystemClock clock_;
  std::vector<std::string> exclusions_;
  uint64_t leased_ = 0;
  uint32_t jobs_ = 0;
  size_t leases_ = 0;
  WholeSweep swept_;
};

}  // namespace

Result<WholeSweep> RunWholeSweep(std::unique_ptr<SynChannel> channel,
                                 const WholeSweepOrder& order) {
  const SystemClock clock;
  HARK_ASSIGN_OR_RETURN(const auto engine, MakeEngineLoop({}, 1, clock));
  HARK_ASSIGN_OR_RETURN(const auto syn,
                        SynThread::Start(std::move(channel), engine->budget(), clock));
  RunnerOptions options;
  options.syn = &syn->desk();
  JobRunner runner(options, *engine, MakeSurveyMakers({}), clock);
  Driver driver(order, runner, *engine, *syn);
  HARK_RETURN_IF_ERROR(driver.Run());
  return std::move(driver.swept());
}

}  // namespace hark::bench

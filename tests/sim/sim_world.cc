#include "tests/sim/sim_world.h"

#include "base/strings.h"
#include "coordinator/run_state.h"

namespace hark::sim {
namespace {

// Shorter than all back-offs together (7): who is throttled for a while is found in the end.
constexpr int kThrottledBackoffs = 5;

std::vector<proto::JobRow> Sliced(const proto::RunRow& run, uint64_t size) {
  std::vector<proto::JobRow> jobs;
  for (uint64_t base = 0; base < run.planned(); base += size) {
    proto::JobRow& job = jobs.emplace_back();
    job.set_id(static_cast<uint32_t>(jobs.size()));
    job.set_kind(proto::JobRow::SWEEP);
    job.set_base(base);
    job.set_cursor(base);
    job.set_end(std::min(base + size, run.planned()));
  }
  return jobs;
}

}  // namespace

SimWorld::SimWorld(const FleetOptions& options, uint32_t number, Random& random)
    : options_(options), poison_(number == 1 ? options.poison : std::nullopt) {
  const auto first = Address::Parse(StrCat("127.", 49 + number, ".0.0"))->v4();
  PlanOptions plan;
  plan.sources = RangeSet({{first, first + static_cast<uint32_t>(options.targets) - 1}});
  plan.ports = {25};
  plan.seed = options.seed + number - 1;
  plan.policy.set_throttle_retries(kThrottleRetries);
  plan.policy.set_throttle_backoff_ms(options.throttle_backoff_ms);
  Plan made = MakePlan(plan).value();
  run = std::move(made.run);
  run.set_id(number);
  run.set_name(StrCat("run-", number));
  run.mutable_settings()->set_audit(options.audit);
  target_set = std::move(made.targets);
  first_jobs = options.sweep_job > 0 ? Sliced(run, options.sweep_job) : FirstJobs(run);
  const RunState order(run, target_set, RangeSet(), first_jobs, 0);
  for (uint64_t i = 0; i < options.targets; ++i) {
    target.push_back(order.TargetAt(i));
    listens_.push_back(random.Unit() < options.listener_share);
    if (listens_.back()) listeners.insert(target.back());
  }
  constexpr Throttle kWays[] = {Throttle::kForAWhile, Throttle::kForEver, Throttle::kForOneWorker};
  const size_t ways = options.throttled_for_one ? 3 : 2;
  for (const Address& address : listeners) {
    if (options.throttled_share > 0 && random.Unit() < options.throttled_share) {
      throttled_[address] = kWays[random.Below(ways)];
    }
  }
}

Throttle SimWorld::ThrottleOf(const Address& address) const {
  const auto it = throttled_.find(address);
  return it == throttled_.end() ? Throttle::kNone : it->second;
}

bool SimWorld::Throttled(size_t worker, const Address& address, Duration since_start) const {
  switch (ThrottleOf(address)) {
    case Throttle::kNone:
      return false;
    case Throttle::kForAWhile:
      return ToMillis(since_start) < kThrottledBackoffs * options_.throttle_backoff_ms;
    case Throttle::kForOneWorker:
      return worker == 0;
    case Throttle::kForEver:
      return true;
  }
  return false;
}

}  // namespace hark::sim

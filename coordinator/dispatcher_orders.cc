#include <utility>

#include "coordinator/dispatcher.h"

// Orders: what the operator changes while it runs, and what is told about how things stand.

namespace hark {

bool Dispatcher::ChangeRun(uint32_t run_id, const proto::RunSettings& settings, MonoTime /*now*/,
                           int64_t /*unix_ms*/) {
  RunState* run = MutableRun(run_id);
  if (run == nullptr || run->run().state() == proto::RunRow::DONE) return false;
  run->SetSettings(settings);
  CommitItem item;
  item.run = run_id;
  item.run_row = run->run();
  item.must_sync = true;
  queue_.Submit(std::move(item));
  ++orders_version_;
  return true;
}

void Dispatcher::SetCeiling(double probes_per_second, MonoTime /*now*/) {
  ceiling_ = probes_per_second;
  ++orders_version_;
}

void Dispatcher::SetOptOuts(uint64_t version, RangeSet opt_outs, MonoTime /*now*/) {
  exclusions_version_ = version;
  opt_outs_ = std::move(opt_outs);
  ++orders_version_;
}

void Dispatcher::SetPressure(std::string why, MonoTime /*now*/) {
  pressure_ = std::move(why);
}

proto::FleetStatus Dispatcher::FleetView(const proto::GetStatus& /*what*/, MonoTime now,
                                         int64_t unix_ms) const {
  proto::FleetStatus status;
  status.set_unix_ms(unix_ms);
  status.set_epoch(options_.epoch);
  status.set_orders_version(orders_version_);
  status.set_exclusions_version(exclusions_version_);
  status.set_probes_per_second(ceiling_);
  status.set_pressure(pressure_);
  for (const auto& [id, run] : runs_) {
    proto::RunStatus& row = *status.add_runs();
    row.set_id(id);
    row.set_name(run.run().name());
    row.set_country(run.run().country());
    row.set_planned(run.run().planned());
  }
  for (const WorkerView& view : Workers()) {
    proto::WorkerStatus& row = *status.add_workers();
    row.set_key(view.key);
    row.set_name(view.name);
    row.set_connected(true);
    row.set_last_heard_ms(ToMillis(now - view.last_heard));
  }
  return status;
}

std::vector<std::pair<std::string, std::string>> Dispatcher::TakeQuarantined() {
  return std::exchange(quarantined_, {});
}

void Dispatcher::Pardon(const std::string& key) {
  strikes_of_key_.erase(key);
}

}  // namespace hark

#include "cli/status_source.h"

#include "analysis/coverage.h"
#include "base/time.h"
#include "cli/status_json.h"
#include "cli/store_status.h"
#include "storage/store.h"

namespace hark {

Result<proto::FleetStatus> StatusSource::OfCoordinator(const CoordinatorPlace& place) {
  if (client_ == nullptr || endpoint_ != place.endpoint) {
    HARK_ASSIGN_OR_RETURN(client_, ControlClient::Connect(question_.db));
    endpoint_ = place.endpoint;
  }
  if (client_ == nullptr) return Unavailable("the coordinator has just left");
  Result<proto::FleetStatus> status = client_->GetStatus(question_.run, question_.jobs);
  if (!status.ok()) client_.reset();
  return status;
}

Result<proto::FleetStatus> StatusSource::OfStore() const {
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                        Store::Open(question_.db, Store::Mode::kReadOnly));
  proto::GetStatus what;
  what.set_run(question_.run);
  what.set_max_jobs(question_.jobs);
  return StatusOfStore(*store, what, SystemClock().UnixMillis());
}

Result<proto::FleetStatus> StatusSource::Now() {
  HARK_ASSIGN_OR_RETURN(const CoordinatorPlace place, FindCoordinator(question_.db));
  if (place.runs && !place.endpoint.empty()) {
    Result<proto::FleetStatus> live = OfCoordinator(place);
    if (!live.ok() || question_.run.empty() || live->runs_size() > 0) return live;
  }
  HARK_ASSIGN_OR_RETURN(proto::FleetStatus status, OfStore());
  if (!place.runs) status.set_pressure("no coordinator runs");
  if (place.runs && place.endpoint.empty()) status.set_pressure(place.waits_for);
  return status;
}

Result<LedgerErrors> FindLedgerErrors(const std::string& db, const proto::FleetStatus& status) {
  LedgerErrors out;
  if (status.runs().empty()) return out;
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                        Store::Open(db, Store::Mode::kReadOnly));
  for (const proto::RunStatus& run : status.runs()) {
    HARK_ASSIGN_OR_RETURN(const std::unique_ptr<RunReader> reader, store->ReadRun(run.name()));
    HARK_ASSIGN_OR_RETURN(Coverage coverage, ReadCoverage(*reader));
    out[run.name()] = std::move(coverage.errors);
  }
  return out;
}

std::string StatusAsJson(const proto::FleetStatus& status, const LedgerErrors& errors) {
  auto json = StatusJson(status);
  for (auto& run : json["runs"]) {
    const auto ledger = errors.find(run["name"].get<std::string>());
    run["sums_to_plan"] = ledger == errors.end() || ledger->second.empty();
  }
  return json.dump(2) + "\n";
}

}  // namespace hark

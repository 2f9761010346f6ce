#include "coordinator/control_desk.h"

#include <algorithm>
#include <memory>

#include "base/log.h"
#include "base/strings.h"
#include "coordinator/fleet_rate.h"
#include "coordinator/opt_outs.h"
#include "coordinator/plan_file.h"
#include "coordinator/run_changes.h"

namespace hark {
namespace {

constexpr const char* kWhere = "coordinator/control";
constexpr uint32_t kMajor = 1;
constexpr uint32_t kMinor = 2;
constexpr double kMinRate = 0.1;
constexpr double kMaxRate = 10'000'000;
constexpr uint32_t kMaxJobsTold = 10'000;
constexpr size_t kMaxText = 1000;
constexpr size_t kMaxUnwritten = 64;  // an operator at a terminal has one
// Below what an operator's socket takes, 4 MiB.
constexpr size_t kMaxStatusBytes = 3 << 20;
// A commit takes milliseconds; a disk that needs longer has other troubles.
constexpr Duration kCommitPatience = std::chrono::seconds(10);

// What people need least goes first.
void Shorten(proto::FleetStatus* status) {
  if (status->ByteSizeLong() <= kMaxStatusBytes) return;
  for (proto::RunStatus& run : *status->mutable_runs()) run.clear_jobs();
  if (status->ByteSizeLong() <= kMaxStatusBytes) return;
  for (proto::WorkerStatus& worker : *status->mutable_workers()) worker.clear_capabilities();
  while (status->ByteSizeLong() > kMaxStatusBytes && status->workers_size() > 0) {
    status->mutable_workers()->RemoveLast();
  }
}

}  // namespace

ControlDesk::ControlDesk(ControlDeskOptions options, Store& store, const GeoTable& geo,
                         Dispatcher& dispatcher, const Clock& clock)
    : options_(std::move(options)),
      store_(store),
      geo_(geo),
      dispatcher_(dispatcher),
      clock_(clock),
      backups_(store) {}

void ControlDesk::Say(const Asked& asked, proto::ControlReply reply) {
  reply.set_id(asked.id);
  reply.set_orders_version(dispatcher_.orders_version());
  Dispatcher::Outgoing& out = outgoing_.emplace_back();
  out.route = asked.route;
  out.envelope.set_major(kMajor);
  out.envelope.set_minor(kMinor);
  reply.SerializeToString(out.envelope.mutable_control_reply());
}

void ControlDesk::Fail(const Asked& asked, const Status& status) {
  proto::ControlReply reply;
  reply.set_code(static_cast<uint32_t>(status.code()));
  reply.set_text(status.message().substr(0, kMaxText));
  Say(asked, std::move(reply));
}

void ControlDesk::Do(const Asked& asked, Clerk::Task task) {
  if (!clerk_.Take(std::move(task))) {
    Fail(asked, Unavailable("the coordinator has too much to do; try again"));
  }
}

void ControlDesk::OnControl(const std::string& route, std::string_view bytes) {
  proto::ControlRequest request;
  if (!request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Fail({route, 0}, InvalidInput("that is no request"));
  }
  const Asked asked{route, request.id()};
  switch (request.verb_case()) {
    case proto::ControlRequest::kCreateRun:
      return OnCreate(asked, request.create_run());
    case proto::ControlRequest::kChangeRun:
      return OnChange(asked, request.change_run());
    case proto::ControlRequest::kGetStatus:
      return OnStatus(asked, request.get_status());
    case proto::ControlRequest::kAddOptOuts:
      return OnOptOuts(asked, request.add_opt_outs());
    case proto::ControlRequest::kSetFleetRate:
      return OnFleetRate(asked, request.set_fleet_rate());
    case proto::ControlRequest::kBackUp:
      return OnBackUp(asked, request.back_up());
    case proto::ControlRequest::VERB_NOT_SET:
      return Fail(asked, InvalidInput("this coordinator does not know that request"));
  }
}

Status ControlDesk::CheckGeo(const proto::RunRow& run) const {
  if (!geo_.empty()) {
    return CheckSameGeo(run, geo_.sources()).Prepend("start hark serve with the same --geo");
  }
  if (!NeedsGeo(run)) return Status::Ok();
  return InvalidInput(
      "the run needs a geo file and the coordinator has none; start it with --geo=FILE");
}

void ControlDesk::OnCreate(const Asked& asked, const proto::CreateRun& create) {
  if (!options_.takes_runs) {
    return Fail(asked,
                InvalidInput("hark scan works on its own run only; hark serve takes others"));
  }
  const int64_t unix_ms = clock_.UnixMillis();
  Do(asked, [this, asked, create, unix_ms]() -> Clerk::Finish {
    auto made = [&]() -> Result<LoadedRun> {
      HARK_ASSIGN_OR_RETURN(Plan plan, TakePlanFile(options_.db, create.plan()));
      *plan.run.mutable_settings() = create.settings();
      HARK_RETURN_IF_ERROR(CheckSettings(plan.run.settings()));
      HARK_RETURN_IF_ERROR(CheckGeo(plan.run));
      HARK_ASSIGN_OR_RETURN(const OpenedRun opened, OpenRun(store_, plan, create.name(), unix_ms));
      if (opened.resumed) {
        return InvalidInput(StrCat("run ", opened.run.name(), " has this very plan already"));
      }
      return LoadRunWithTable(store_, geo_, opened.run);
    }();
    if (!made.ok()) return [this, asked, why = made.status()] { Fail(asked, why); };
    return [this, asked, run = std::make_shared<LoadedRun>(std::move(*made))] {
      proto::ControlReply reply;
      reply.set_run(run->state.run().name());
      LogInfo(kWhere, StrCat("run ", reply.run(), " is new"));
      add_run_(std::move(*run));
      Say(asked, std::move(reply));
    };
  });
}

Result<proto::RunRow> ControlDesk::OpenRunNamed(const std::string& name) const {
  proto::GetStatus what;
  what.set_run(name);
  const proto::FleetStatus status = dispatcher_.FleetView(what, clock_.Now(), clock_.UnixMillis());
  for (const proto::RunStatus& run : status.runs()) {
    const RunState* state = run.name() == name ? dispatcher_.FindRun(run.id()) : nullptr;
    if (state != nullptr && state->run().state() == proto::RunRow::OPEN) return state->run();
  }
  return InvalidInput(
      StrCat("the coordinator works on no run '", EscapeForDisplay(name.substr(0, 64)), "'"));
}

void ControlDesk::OnChange(const Asked& asked, const proto::ChangeRun& change) {
  if (unwritten_.size() >= kMaxUnwritten) {
    return Fail(asked, Unavailable("the store is behind; try again"));
  }
  const Result<proto::RunRow> run = OpenRunNamed(change.run());
  if (!run.ok()) return Fail(asked, run.status());
  const Result<proto::RunSettings> after = SettingsAfter(run->settings(), change);
  if (!after.ok()) return Fail(asked, after.status());
  proto::RunRow changed = *run;
  *changed.mutable_settings() = *after;
  if (const Status geo = CheckGeo(changed); !geo.ok()) return Fail(asked, geo);
  if (!dispatcher_.ChangeRun(run->id(), *after, clock_.Now(), clock_.UnixMillis())) {
    return Fail(asked, InvalidInput(StrCat("run ", change.run(), " is done")));
  }
  LogInfo(kWhere, StrCat("run ", change.run(), " has other settings"));
  unwritten_.push_back({asked, run->id(), clock_.Now() + kCommitPatience});
}

// Changes are answered when the store has them, or what came after them.
void ControlDesk::AnswerWritten() {
  if (unwritten_.empty()) return;
  const Result<std::vector<proto::RunRow>> rows = store_.Runs();
  std::erase_if(unwritten_, [&](const Unwritten& change) {
    const proto::RunRow& run = dispatcher_.FindRun(change.run)->run();
    const bool written =
        rows.ok() && std::any_of(rows->begin(), rows->end(), [&](const proto::RunRow& row) {
          return row.id() == change.run &&
                 row.settings().SerializeAsString() == run.settings().SerializeAsString();
        });
    if (!written && clock_.Now() < change.until) return false;
    if (!written) {
      Fail(change.asked, Unavailable("it is done, but the store has not written it down yet: a "
                                     "restart may lose it"));
      return true;
    }
    proto::ControlReply reply;
    reply.set_run(run.name());
    Say(change.asked, std::move(reply));
    return true;
  });
}

void ControlDesk::Tick() {
  clerk_.Poll();
  AnswerWritten();
  AnswerPurged();
}

void ControlDesk::AnswerPurged() {
  if (purging_.empty()) return;
  for (const Result<uint64_t>& hosts : purger_.take()) {
    if (purging_.empty()) return;
    const Asked asked = std::exchange(purging_.front(), {});
    purging_.pop_front();
    if (!hosts.ok()) {
      Fail(asked, hosts.status().Prepend("they are left out, but not purged yet"));
      continue;
    }
    proto::ControlReply reply;
    reply.set_exclusions_version(opt_outs_version_);
    reply.set_purged_hosts(*hosts);
    LogInfo(kWhere, StrCat("purged ", *hosts, " hosts"));
    Say(asked, std::move(reply));
  }
}

void ControlDesk::OnOptOuts(const Asked& asked, const proto::AddOptOuts& added) {
  const int64_t unix_ms = clock_.UnixMillis();
  Do(asked, [this, asked, added = added, unix_ms]() mutable -> Clerk::Finish {
    Result<OptOuts> all = OptOuts();
    const Status ranges = AddAsRanges(geo_, &added);
    const Result<uint64_t> version =
        ranges.ok() ? AddOptOuts(store_, added, unix_ms) : Result<uint64_t>(ranges);
    if (version.ok()) all = LoadOptOuts(store_);
    const Status status = version.ok() ? all.status() : version.status();
    if (!status.ok()) return [this, asked, status] { Fail(asked, status); };
    return [this, asked, purge = added.purge(), all = std::move(*all)]() mutable {
      proto::ControlReply reply;
      reply.set_exclusions_version(all.version);
      if (all.version > opt_outs_version_) {
        opt_outs_version_ = all.version;
        dispatcher_.SetOptOuts(all.version, std::move(all.addresses), clock_.Now());
      }
      if (!purge || !purger_.begin) return Say(asked, std::move(reply));
      purging_.push_back(asked);
      purger_.begin();
    };
  });
}

void ControlDesk::OnFleetRate(const Asked& asked, const proto::SetFleetRate& rate) {
  const double pps = rate.probes_per_second();
  if (!(pps >= kMinRate && pps <= kMaxRate)) {  // nor NaN
    return Fail(asked, InvalidInput("not a rate between 0.1 and 10,000,000"));
  }
  // At once, and on the disk then: a rate is lowered in haste, and the disk may be full.
  dispatcher_.SetCeiling(pps, clock_.Now());
  Do(asked, [this, asked, pps]() -> Clerk::Finish {
    const Status kept = KeepFleetRate(store_, options_.started_rate, pps);
    return [this, asked, kept] {
      if (kept.ok()) return Say(asked, {});
      Fail(asked, kept.Prepend("the rate holds now, but not after a restart"));
    };
  });
}

void ControlDesk::OnStatus(const Asked& asked, const proto::GetStatus& asked_for) {
  proto::GetStatus what = asked_for;
  what.set_max_jobs(std::min(what.max_jobs(), kMaxJobsTold));
  proto::ControlReply reply;
  *reply.mutable_status() = dispatcher_.FleetView(what, clock_.Now(), clock_.UnixMillis());
  if (own_facts_) own_facts_(*reply.mutable_status());
  Shorten(reply.mutable_status());
  Say(asked, std::move(reply));
}

void ControlDesk::OnBackUp(const Asked& asked, const proto::BackUp& request) {
  const Result<proto::BackupState> state = backups_.On(request);
  if (!state.ok()) return Fail(asked, state.status());
  proto::ControlReply reply;
  *reply.mutable_backup() = *state;
  Say(asked, std::move(reply));
}

}  // namespace hark

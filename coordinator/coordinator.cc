#include "coordinator/coordinator.h"

#include "base/log.h"
#include "base/random.h"
#include "base/strings.h"
#include "coordinator/fleet_rate.h"
#include "coordinator/opt_outs.h"
#include "coordinator/purge.h"
#include "coordinator/run_registry.h"

namespace hark {
namespace {

// A worker that floods us must not keep the others from their answers.
constexpr int kMessagesPerStep = 256;
constexpr char kEpochName[] = "coordinator_epoch";
constexpr size_t kAuditSecretBytes = 32;
constexpr const char* kWhere = "coordinator";
constexpr Duration kPressureLook = std::chrono::seconds(1);

// On the disk before the first message: tokens of two starts can never be equal.
Result<uint64_t> NextEpoch(Store& store) {
  HARK_ASSIGN_OR_RETURN(const std::optional<std::string> last, store.Meta(kEpochName));
  const uint64_t epoch = (last ? ParseUint(*last).value_or(0) : 0) + 1;
  const std::unique_ptr<StoreWrite> write = store.NewWrite();
  write->PutMeta(kEpochName, std::to_string(epoch));
  HARK_ASSIGN_OR_RETURN(const std::optional<std::string> secret, store.Meta(kAuditSecretName));
  if (!secret) write->PutMeta(kAuditSecretName, SecureBytes(kAuditSecretBytes));
  HARK_RETURN_IF_ERROR(store.Commit(*write, true));
  return epoch;
}

Status TakeUpRate(const Store& store, CoordinatorOptions& options) {
  const double given = options.dispatcher.probes_per_second;
  options.control.started_rate = given;
  HARK_ASSIGN_OR_RETURN(options.dispatcher.probes_per_second, FleetRateOf(store, given));
  const double holds = options.dispatcher.probes_per_second;
  if (holds != given) {
    LogInfo(kWhere,
            StrCat("the rate is ", holds, ", as hark fleet rate set it, instead of ", given));
  }
  return Status::Ok();
}

}  // namespace

Result<std::unique_ptr<Coordinator>> Coordinator::Start(Store& store, const GeoTable& geo,
                                                        const AllowedKeys& allowed,
                                                        const std::vector<proto::RunRow>& runs,
                                                        CoordinatorOptions options,
                                                        const Clock& clock) {
  HARK_ASSIGN_OR_RETURN(options.dispatcher.epoch, NextEpoch(store));
  HARK_RETURN_IF_ERROR(TakeUpRate(store, options));
  std::unique_ptr<Coordinator> self(new Coordinator(store, geo, clock, std::move(options)));
  const MonoTime now = clock.Now();
  HARK_RETURN_IF_ERROR(self->TakeUp(runs, now));
  self->gate_ = std::make_unique<FleetGate>(self->options_.fleet_directory, allowed,
                                            self->options_.operator_key);
  HARK_RETURN_IF_ERROR(self->gate_->Start(*self->dispatcher_, now));
  RouterOptions router;
  router.endpoints = self->options_.endpoints;
  router.secret_key = self->options_.keys.secret_key;
  router.unlimited_key = self->options_.operator_key;
  router.allow = [gate = self->gate_.get()](std::string_view key) { return gate->MayConnect(key); };
  HARK_ASSIGN_OR_RETURN(self->router_, Router::Bind(std::move(router)));
  return self;
}

Status Coordinator::TakeUp(const std::vector<proto::RunRow>& runs, MonoTime now) {
  // What an earlier coordinator did not come to, before anybody reads the lists.
  HARK_RETURN_IF_ERROR(PurgeDue(store_).status());
  std::map<uint32_t, std::string> countries;
  for (const proto::RunRow& run : runs) countries[run.id()] = run.country();
  committer_ = std::make_unique<Committer>(store_, geo_, std::move(countries));
  committer_->WaitForSpace(options_.waits_for_space);
  auto addresses = [&store = store_](uint32_t run, uint32_t list, uint64_t from, uint64_t to) {
    return list == 0 ? store.Listeners(run, from, to) : store.Revisits(run, list, from, to);
  };
  dispatcher_ = std::make_unique<Dispatcher>(options_.dispatcher, *committer_, addresses);
  // The opt-outs before the runs: no job may go out without them.
  HARK_ASSIGN_OR_RETURN(OptOuts opt_outs, LoadOptOuts(store_));
  if (opt_outs.version > 0) {
    dispatcher_->SetOptOuts(opt_outs.version, std::move(opt_outs.addresses), now);
  }
  for (const proto::RunRow& run : runs) {
    HARK_ASSIGN_OR_RETURN(LoadedRun loaded, LoadRunWithTable(store_, geo_, run));
    dispatcher_->AddRun(std::move(loaded.state), now, clock_.UnixMillis(),
                        std::move(loaded.as_table));
  }
  OpenDesk(opt_outs.version);
  return Status::Ok();
}

void Coordinator::OpenDesk(uint64_t opt_outs_version) {
  desk_ = std::make_unique<ControlDesk>(options_.control, store_, geo_, *dispatcher_, clock_);
  desk_->SetOptOutsVersion(opt_outs_version);
  desk_->SetRunAdder([this](LoadedRun run) {
    committer_->AddRun(run.state.run().id(), run.state.run().country());
    dispatcher_->AddRun(std::move(run.state), clock_.Now(), clock_.UnixMillis(),
                        std::move(run.as_table));
  });
  desk_->SetPurger({[this] {
                      CommitItem item;
                      item.purge = true;
                      committer_->Submit(std::move(item));
                    },
                    [this] { return committer_->TakePurged(); }});
  desk_->SetOwnFacts([this](proto::FleetStatus& status) { AddFacts(status); });
}

void Coordinator::AddFacts(proto::FleetStatus& status) const {
  status.set_uptime_ms(ToMillis(clock_.Now() - started_));
  status.set_commits_waiting(committer_->waiting());
  status.set_pressure(pressure_.why());
  if (last_error_unix_ms_ <= status.last_error_unix_ms()) return;
  status.set_last_error(last_error_);
  status.set_last_error_unix_ms(last_error_unix_ms_);
}

proto::FleetStatus Coordinator::TellAll() const {
  proto::FleetStatus status = dispatcher_->FleetView({}, clock_.Now(), clock_.UnixMillis());
  AddFacts(status);
  return status;
}

void Coordinator::TakeIn() {
  for (int i = 0; i < kMessagesPerStep; ++i) {
    const std::optional<Router::Incoming> in = router_->Receive();
    if (!in) return;
    switch (gate_->Admit(*in, clock_.Now(), clock_.UnixMillis())) {
      case FleetGate::Speaker::kNobody:
        break;
      case FleetGate::Speaker::kWorker:
        dispatcher_->OnMessage(in->route, in->key, in->envelope, clock_.Now(), clock_.UnixMillis());
        break;
      case FleetGate::Speaker::kOperator:
        desk_->OnControl(in->route, in->envelope.control());
        break;
    }
  }
}

void Coordinator::LookAtPressure() {
  if (options_.control.db.empty() || clock_.Now() < next_look_) return;
  next_look_ = clock_.Now() + kPressureLook;
  const Result<DiskSpace> space = SpaceAt(options_.control.db);
  StoreHealth health;
  health.free_bytes = space.ok() ? space->free_bytes : 0;
  health.writes_stall = store_.WritesStall();
  health.commits_waiting = committer_->waiting();
  health.failing = committer_->waits_for();
  const std::string before = pressure_.why();
  const std::string& why = pressure_.Judge(health);
  if (why == before) return;
  dispatcher_->SetPressure(why, clock_.Now());
  if (why.empty()) return LogInfo(kWhere, "the store has room and time again");
  if (before.empty()) LogWarning(kWhere, StrCat("nothing more is given out: ", why));
  last_error_ = why;
  last_error_unix_ms_ = clock_.UnixMillis();
}

void Coordinator::SendAll() {
  // To those the dispatcher does not know; whoever of them is gone is gone.
  for (const auto& out : gate_->TakeOutgoing()) router_->Send(out.route, out.envelope);
  for (const auto& out : desk_->TakeOutgoing()) router_->Send(out.route, out.envelope);
  for (const Dispatcher::Outgoing& out : dispatcher_->TakeOutgoing()) {
    // A full queue is a worker that does not read: what it misses it asks for again.
    if (router_->Send(out.route, out.envelope) == Router::Sent::kGone) {
      dispatcher_->OnGone(out.route, clock_.Now());
    }
  }
}

Status Coordinator::Step(Duration max_wait) {
  router_->Wait(static_cast<int>(ToMillis(max_wait)), committer_->wake_fd());
  TakeIn();
  HARK_RETURN_IF_ERROR(committer_->failure());
  desk_->Tick();
  LookAtPressure();
  gate_->Tick(*dispatcher_, clock_.Now(), clock_.UnixMillis());
  dispatcher_->OnTick(clock_.Now(), clock_.UnixMillis());
  SendAll();
  return Status::Ok();
}

}  // namespace hark

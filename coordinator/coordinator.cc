#include "coordinator/coordinator.h"

#include "base/random.h"
#include "base/strings.h"
#include "coordinator/run_registry.h"

namespace hark {
namespace {

// A worker that floods us must not keep the others from their answers.
constexpr int kMessagesPerStep = 256;
constexpr char kEpochName[] = "coordinator_epoch";
constexpr size_t kAuditSecretBytes = 32;

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

}  // namespace

Result<std::unique_ptr<Coordinator>> Coordinator::Start(Store& store, const GeoTable& geo,
                                                        const AllowedKeys& allowed,
                                                        const std::vector<proto::RunRow>& runs,
                                                        CoordinatorOptions options,
                                                        const Clock& clock) {
  HARK_ASSIGN_OR_RETURN(options.dispatcher.epoch, NextEpoch(store));
  std::unique_ptr<Coordinator> self(new Coordinator(store, clock));
  std::map<uint32_t, std::string> countries;
  for (const proto::RunRow& run : runs) countries[run.id()] = run.country();
  self->committer_ = std::make_unique<Committer>(store, geo, std::move(countries));
  auto addresses = [&store](uint32_t run, uint32_t list, uint64_t from, uint64_t to) {
    return list == 0 ? store.Listeners(run, from, to) : store.Revisits(run, list, from, to);
  };
  const MonoTime now = clock.Now();
  self->dispatcher_ =
      std::make_unique<Dispatcher>(options.dispatcher, *self->committer_, addresses);
  for (const proto::RunRow& run : runs) {
    HARK_ASSIGN_OR_RETURN(RunState state, LoadRun(store, run));
    self->dispatcher_->AddRun(std::move(state), now, clock.UnixMillis());
  }
  RouterOptions router;
  router.endpoints = options.endpoints;
  router.secret_key = options.keys.secret_key;
  self->gate_ = std::make_unique<FleetGate>(options.fleet_directory, allowed);
  HARK_RETURN_IF_ERROR(self->gate_->Start(*self->dispatcher_, now));
  router.allow = [gate = self->gate_.get()](std::string_view key) { return gate->MayConnect(key); };
  HARK_ASSIGN_OR_RETURN(self->router_, Router::Bind(std::move(router)));
  return self;
}

Status Coordinator::Step(Duration max_wait) {
  router_->Wait(static_cast<int>(ToMillis(max_wait)), committer_->wake_fd());
  for (int i = 0; i < kMessagesPerStep; ++i) {
    const std::optional<Router::Incoming> in = router_->Receive();
    if (!in) break;
    if (!gate_->Admit(*in, clock_.Now(), clock_.UnixMillis())) continue;
    dispatcher_->OnMessage(in->route, in->key, in->envelope, clock_.Now(), clock_.UnixMillis());
  }
  HARK_RETURN_IF_ERROR(committer_->failure());
  gate_->Tick(*dispatcher_, clock_.Now(), clock_.UnixMillis());
  dispatcher_->OnTick(clock_.Now(), clock_.UnixMillis());
  // To those the dispatcher does not know; whoever of them is gone is gone.
  for (const Dispatcher::Outgoing& out : gate_->TakeOutgoing()) {
    router_->Send(out.route, out.envelope);
  }
  for (const Dispatcher::Outgoing& out : dispatcher_->TakeOutgoing()) {
    // A full queue is a worker that does not read: what it misses it asks for again.
    if (router_->Send(out.route, out.envelope) == Router::Sent::kGone) {
      dispatcher_->OnGone(out.route, clock_.Now());
    }
  }
  return Status::Ok();
}

}  // namespace hark

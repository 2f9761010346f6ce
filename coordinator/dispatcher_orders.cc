#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/mutation.h"
#include "base/strings.h"
#include "coordinator/dispatcher.h"
#include "coordinator/run_settings.h"

// Orders: what the operator wants of runs while they go on, and what workers are told of it.

namespace hark {
namespace {

// Of opt-outs a tick: with a thousand workers a long list would else stand in memory a thousand
// times.
constexpr size_t kOrdersBytesPerTick = 16 << 20;
constexpr size_t kRangeBytes = 8;
constexpr uint32_t kMailPort = 25;

double OrNone(double ceiling) {
  return ceiling > 0 ? ceiling : kUnlimited;
}

// Anything a worker that knows only one rate could not keep.
bool NeedsOrders(const proto::RunSettings& settings) {
  return settings.per_prefix() > 0 || settings.per_as() > 0;
}

bool Visits(const proto::RunRow& run, uint32_t port) {
  return run.gate_port() == port ||
         std::find(run.ports().begin(), run.ports().end(), port) != run.ports().end();
}

// Some IPv4 target is on another machine. What a worker found out of its network says nothing of
// its own loopback, where labs are.
bool LeavesTheMachine(const RunState& run) {
  constexpr uint32_t kLoopback = 127;  // 127.0.0.0/8, RFC 1122 section 3.2.1.3
  const std::vector<Range>& ranges = run.targets().ranges();
  return !ranges.empty() &&
         (ranges.front().first >> 24 != kLoopback || ranges.back().last >> 24 != kLoopback);
}

}  // namespace

const char* Dispatcher::WhyNot(const Session& session, const RunState& run) const {
  const proto::RunSettings& settings = run.run().settings();
  if (!MayWorkOn(settings, {session.name, session.region, session.provider})) {
    return "the run's limits leave it out";
  }
  const proto::Capabilities& can = session.capabilities;
  if (can.outbound_25() == proto::Capabilities::FAILS && Visits(run.run(), kMailPort)) {
    return "it cannot reach port 25";
  }
  if (can.ipv4() == proto::Capabilities::FAILS && LeavesTheMachine(run)) return "it has no IPv4";
  if (!session.knows_orders() && NeedsOrders(settings)) {
    return "it is too old for ceilings per network";
  }
  return nullptr;
}

Dispatcher::RunMode Dispatcher::ModeOf(const RunState& run, int64_t unix_ms) const {
  const proto::RunSettings& settings = run.run().settings();
  if (run.run().state() == proto::RunRow::DONE) return RunMode::kDone;
  if (settings.cancelled()) return RunMode::kCancelling;
  if (settings.paused()) return RunMode::kPaused;
  if (ClosedFor(settings, unix_ms)) return RunMode::kClosed;
  return RunMode::kOpen;
}

bool Dispatcher::Review(RunState& run, int64_t unix_ms) {
  const uint32_t id = run.run().id();
  RunInfo& info = infos_.at(id);
  const RunMode before = std::exchange(info.mode, ModeOf(run, unix_ms));
  if (info.mode == RunMode::kDone) {
    shares_.DropRun(id);
    return before != info.mode;
  }
  const proto::RunSettings& settings = run.run().settings();
  RateShares::Run terms;
  terms.weight = std::max<uint32_t>(1, settings.weight());
  terms.pps = std::min(OrNone(settings.probes_per_second()), OrNone(info.adapter.limit()));
  if (Broken(Rule::kRunCeiling)) terms.pps = kUnlimited;
  terms.per_prefix = OrNone(settings.per_prefix());
  terms.per_as = OrNone(settings.per_as());
  // While it waits for nothing but back-offs the others have its part.
  const bool rests = runs_.size() > 1 && run.WaitsForRevisitsUntil().has_value();
  terms.open = info.mode == RunMode::kOpen && !rests;
  shares_.SetRun(id, terms);
  return before != info.mode;
}

void Dispatcher::ReviewRuns(MonoTime now, int64_t unix_ms) {
  bool changed = false;
  for (auto& [id, run] : runs_) changed = Review(run, unix_ms) || changed;
  if (changed) OrdersChanged(now);
}

void Dispatcher::CommitRun(const RunState& run, uint64_t ticket) {
  CommitItem item;
  item.run = run.run().id();
  item.run_row = run.run();
  item.must_sync = true;
  item.ticket = ticket;
  queue_.Submit(std::move(item));
}

void Dispatcher::CancelLeases(RunState& run) {
  for (LiveJob* job : run.AllLeased()) ReleaseLease(run, *job, Blame::kNone);
  CommitDirty(run);
}

bool Dispatcher::ChangeRun(uint32_t run_id, const proto::RunSettings& settings, MonoTime now,
                           int64_t unix_ms) {
  clock_.Note(now, unix_ms);
  RunState* run = MutableRun(run_id);
  if (run == nullptr || run->run().state() == proto::RunRow::DONE) return false;
  // What was cancelled stays so: its leases are gone.
  const bool was_cancelled = run->run().settings().cancelled();
  run->SetSettings(settings);
  if (was_cancelled && !Broken(Rule::kCancelledForEver)) run->Cancel();
  if (settings.cancelled() && !Broken(Rule::kCancelReleases)) CancelLeases(*run);
  CommitRun(*run, 0);
  Review(*run, unix_ms);
  OrdersChanged(now);
  return true;
}

void Dispatcher::SetCeiling(double probes_per_second, MonoTime now) {
  shares_.SetCeiling(std::max(0.0, probes_per_second));
  OrdersChanged(now);
}

void Dispatcher::SetOptOuts(uint64_t version, AddressSet opt_outs, MonoTime now) {
  if (version == exclusions_version_) return;
  exclusions_version_ = version;
  opt_outs_ = std::move(opt_outs);
  encoded_opt_outs_ = opt_outs_.Encode();
  if (!Broken(Rule::kOldLeasesLackOptOuts)) TakeBackFromOld(now);
  for (auto& [id, run] : runs_) {
    run.ForgetAudits(opt_outs_);
    CommitDirty(run);
  }
  OrdersChanged(now);
}

// A worker that knows no orders has the opt-outs of the time its jobs were sent: it gets others.
void Dispatcher::TakeBackFromOld(MonoTime /*now*/) {
  for (auto& [id, run] : runs_) {
    for (LiveJob* job : run.AllLeased()) {
      const Session* holder = SessionOf(job->row.worker());
      if (holder == nullptr || holder->knows_orders()) continue;
      if (unsent_.Has({id, job->row.id()})) continue;  // is sent with those of now
      ReleaseLease(run, *job, Blame::kNone);
    }
    CommitDirty(run);
  }
}

void Dispatcher::SetPressure(std::string why, MonoTime /*now*/) {
  pressure_ = std::move(why);
}

void Dispatcher::OrdersChanged(MonoTime now) {
  orders_version_ = ++last_version_;
  SetTermsOfAll();
  for (const auto& [route, session] : sessions_) {
    if (session.knows_orders() && session.welcomed) orders_due_.insert(route);
  }
  next_division_ = now;
  DivideIfDue(now);
  SendDueOrders(now);
}

void Dispatcher::FillOrders(Session& session, bool with_exclusions, MonoTime now,
                            proto::Orders* orders) {
  const bool had_all = session.obeyed_version == session.told_version;
  session.told_version = ++last_version_;
  session.told_at = now;
  if (had_all) session.unanswered_since = now;
  orders->set_version(session.told_version);
  orders->set_exclusions_version(exclusions_version_);
  if (with_exclusions) {
    orders->set_has_exclusions(true);
    for (const std::string& span : encoded_opt_outs_) orders->add_exclusions(span);
    session.exclusions_told = exclusions_version_;
    session.exclusions_told_in = session.told_version;
  }
  for (const auto& [id, info] : infos_) {
    const bool cancelled =
        info.mode == RunMode::kCancelling ||
        (info.mode == RunMode::kDone && runs_.at(id).run().settings().cancelled());
    const bool waits = info.mode == RunMode::kPaused || info.mode == RunMode::kClosed;
    if (!cancelled && !waits) continue;
    proto::RunOrder& order = *orders->add_runs();
    order.set_run(id);
    order.set_kind(cancelled ? proto::RunOrder::CANCEL : proto::RunOrder::PAUSE);
  }
  FillRates(session, orders->mutable_rates());
  shares_.Told(session.key, session.told_version);
  orders_due_.erase(session.route);
}

void Dispatcher::SendOrders(Session& session, MonoTime now) {
  const bool knows = session.exclusions_obeyed == exclusions_version_;
  proto::Envelope& out = Say(session.route, session.id);
  FillOrders(session, !knows, now, out.mutable_orders());
}

void Dispatcher::SendDueOrders(MonoTime now) {
  size_t bytes = 0;
  while (!orders_due_.empty() && bytes <= kOrdersBytesPerTick) {
    const auto session = sessions_.find(*orders_due_.begin());
    orders_due_.erase(orders_due_.begin());
    if (session == sessions_.end()) continue;
    SendOrders(session->second, now);
    bytes += encoded_opt_outs_.size() * kRangeBytes;
  }
}

// It obeys the orders of this version, and so everything in those before.
void Dispatcher::TakeObeyed(Session& session, uint64_t version, MonoTime now) {
  if (version > session.told_version || version <= session.obeyed_version) return;
  session.obeyed_version = version;
  session.unanswered_since = now;
  if (version >= session.exclusions_told_in) session.exclusions_obeyed = session.exclusions_told;
  shares_.Obeyed(session.key, version);
}

void Dispatcher::OnOrdersAck(Session& session, const proto::OrdersAck& ack, MonoTime now) {
  if (!session.knows_orders()) return;
  TakeObeyed(session, ack.version(), now);
  DivideIfDue(now);
}

}  // namespace hark

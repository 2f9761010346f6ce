#include <algorithm>
#include <cmath>

#include "base/log.h"
#include "base/mutation.h"
#include "base/strings.h"
#include "coordinator/dispatcher.h"
#include "coordinator/plan.h"

// Rates: what workers say they apply, and what they are told. Who gets how much is RateShares'.
//
// A worker that knows orders answers each telling by its version, so nothing is guessed. One that
// does not has only its heartbeats: it is told the next rate when it has reported the last one.

namespace hark {
namespace {

// Heartbeats after which a lower rate must have been heard; an honest worker needs one.
constexpr int kObeyHeartbeats = 5;
constexpr double kRateSlack = 1.001;  // rounding
constexpr double kSameRate = 1e-6;    // relative
// Up to so many workers the rate is divided anew whenever something changes. Of more, a division
// is a message to each of them: they are collected for a moment, longest for as long as leaves the
// two rounds of a division well within 5 s.
constexpr size_t kFewWorkers = 32;
constexpr Duration kPausePerWorker = std::chrono::milliseconds(1);
constexpr Duration kMaxPause = std::chrono::milliseconds(1500);
// Of a SYN, to what the coordinator knows of it: three seconds between cooldown and recheck
// (worker/syn_stretch.h), and what orders and batches take.
constexpr Duration kRecheckDelay = std::chrono::seconds(6);
// Rechecks are a tenth of what a run sends (worker/syn_desk.cc).
constexpr double kRecheckShare = 10;
constexpr double kLongestSettleSeconds = 600;

double SumOf(const RateShares::Shares& shares) {
  double sum = 0;
  for (const auto& [run, share] : shares) sum += share.pps;
  return sum;
}

// Of the wire: 0 is no ceiling there.
double Ceiling(double said) {
  return std::isfinite(said) && said > 0 ? said : kUnlimited;
}

bool Same(double a, double b) {
  return std::abs(a - b) <= kSameRate * std::max(std::abs(a), std::abs(b));
}

}  // namespace

double Dispatcher::GrantedPps(const std::string& key) const {
  return SumOf(shares_.Granted(key));
}

// What this worker goes on with while it says HELLO. Of a process we know it is the most it may
// have heard of us; a new one has heard nothing; of one from before our restart it is what it says,
// within the ceiling, or of an old worker, which says nothing, an even part.
RateShares::Shares Dispatcher::AppliedAtHello(const std::string& key,
                                              const proto::Envelope& envelope, bool restarted,
                                              MonoTime now) const {
  const proto::Hello& hello = envelope.hello();
  RateShares::Shares applies = shares_.Taken(key);
  if (restarted) applies.clear();
  const bool of_before = !records_.at(key).greeted &&
                         now < clock_.started() + std::max(options_.lease, options_.restart_grace);
  if (!of_before || hello.held().empty()) return applies;
  double left = shares_.ceiling();
  if (envelope.minor() < kOrdersMinor) {
    const size_t sharers = std::max(options_.expected_workers, shares_.holders() + 1);
    applies[hello.held(0).run()] = {left / static_cast<double>(sharers), kUnlimited, kUnlimited};
    return applies;
  }
  for (const proto::RunRate& rate : hello.applied()) {
    const double said = rate.probes_per_second();
    const double pps = std::isnan(said) ? left : std::clamp(said, 0.0, left);
    if (pps <= 0 || !runs_.contains(rate.run())) continue;
    left -= pps;
    applies[rate.run()] = {pps, Ceiling(rate.per_prefix()), Ceiling(rate.per_as())};
  }
  return applies;
}

RateShares::Worker Dispatcher::TermsOf(const Session& session) const {
  RateShares::Worker terms;
  terms.max_pps = session.max_pps;
  for (const auto& [id, run] : runs_) {
    if (!session.knows_orders() && id != session.only_run) continue;
    if (MayServe(session, run)) terms.runs.insert(id);
  }
  return terms;
}

// Of a worker that knows only one rate: the run whose jobs it holds, else the first that may use
// it, those that are open before the others.
void Dispatcher::PickOnlyRun(Session& session) {
  uint32_t picked = 0;
  bool picked_open = false;
  for (const auto& [id, run] : runs_) {
    if (run.LeasesOf(session.key) > 0) {
      session.only_run = id;
      return;
    }
    if (infos_.at(id).mode == RunMode::kDone || !MayServe(session, run)) continue;
    if (picked == 0 || (IsOpen(id) && !picked_open)) {
      picked = id;
      picked_open = IsOpen(id);
    }
  }
  session.only_run = picked;
}

bool Dispatcher::ObeysAnother(const std::string& key, uint32_t run) const {
  const RateShares::Shares& taken = shares_.Taken(key);
  return std::any_of(taken.begin(), taken.end(),
                     [run](const auto& entry) { return entry.first != run; });
}

void Dispatcher::SetTermsOfAll() {
  for (auto& [route, session] : sessions_) {
    if (!session.knows_orders()) PickOnlyRun(session);
    shares_.SetTerms(session.key, TermsOf(session));
  }
}

void Dispatcher::DivideIfDue(MonoTime now) {
  if (!shares_.Due(now) || now < next_division_) return;
  const size_t workers = sessions_.size();
  if (workers > kFewWorkers) {
    next_division_ =
        now + std::min<Duration>(kPausePerWorker * static_cast<int64_t>(workers), kMaxPause);
  }
  for (const std::string& key : shares_.Divide(now)) {
    Session* session = SessionOf(key);
    if (session == nullptr || !session->welcomed) continue;  // its WELCOME tells it
    if (session->knows_orders()) SendOrders(*session, now);
  }
}

// The sample of a job is asked again as a whole, a tenth as fast, and then has its cooldown. What
// it goes at by then may be the least that one step down leaves.
Duration Dispatcher::SettleTime(const proto::RunRow& run) const {
  const proto::ProbePolicy& policy = run.policy();
  const double sample = policy.recheck() * static_cast<double>(SweepJobSize(run));
  const double pps = std::max(1.0, shares_.TargetOf(run.id()) * RateAdapter::kDeepestCut);
  const double asking = std::min(kLongestSettleSeconds, sample * kRecheckShare / pps);
  return kRecheckDelay + std::chrono::milliseconds(int64_t{2} * policy.connect_timeout_ms()) +
         std::chrono::milliseconds(static_cast<int64_t>(asking * 1000));
}

void Dispatcher::AdaptRuns(MonoTime now, int64_t unix_ms) {
  for (auto& [id, run] : runs_) {
    RunInfo& info = infos_.at(id);
    const proto::RunRow& row = run.run();
    if (info.mode != RunMode::kOpen || !row.policy().adapt()) continue;
    const double has = shares_.TargetOf(id);
    const double own = row.settings().probes_per_second();
    const double ceiling = own > 0 ? std::min(own, shares_.ceiling()) : shares_.ceiling();
    if (!info.adapter.Review(has, ceiling, SettleTime(row), now)) continue;
    const double limit = info.adapter.limit();
    const std::string what =
        StrCat("run ", row.name(), ": ", std::lround(info.adapter.loss() * 100),
               " % of the listeners did not answer at first; it goes at ",
               std::lround(limit > 0 ? limit : ceiling), "/s instead of ", std::lround(has), "/s");
    if (limit > 0 && limit < has) {
      LogWarning("coordinator", what);
    } else {
      LogInfo("coordinator", what);
    }
    Review(run, unix_ms);
  }
}

void Dispatcher::TellOld(Session& session) {
  session.told_pps = GrantedPps(session.key);
  session.told_version = ++last_version_;
  shares_.Told(session.key, session.told_version);
}

// A report that is not of the rate told last is of one before, on its way when that was told. So
// nothing new is told until it has come.
bool Dispatcher::TakeAppliedOfOld(Session& session, double claimed) {
  const double applied = std::isnan(claimed) ? kUnlimited : claimed;
  if (Same(applied, session.told_pps)) {
    shares_.Obeyed(session.key, session.told_version);
    session.obeyed_version = session.told_version;
  }
  return applied <= session.told_pps * kRateSlack;
}

bool Dispatcher::TakeApplied(Session& session, const proto::Heartbeat& heartbeat, MonoTime now) {
  bool obeys = true;
  if (!session.knows_orders()) {
    obeys = TakeAppliedOfOld(session, heartbeat.load().applied_pps());
  } else {
    TakeObeyed(session, heartbeat.orders_version(), now);
    const RateShares::Shares& taken = shares_.Taken(session.key);
    for (const proto::RunRate& rate : heartbeat.applied()) {
      const auto share = taken.find(rate.run());
      const double may = share == taken.end() ? 0 : share->second.pps;
      obeys = obeys && rate.probes_per_second() <= may * kRateSlack;  // false for a NaN
    }
    const bool answers = session.obeyed_version == session.told_version ||
                         now < session.unanswered_since + options_.heartbeat * kObeyHeartbeats;
    if (!answers) return false;
  }
  if (obeys) {
    session.disobeys_at = kNever;
  } else if (session.disobeys_at == kNever) {
    session.disobeys_at = now + options_.heartbeat * kObeyHeartbeats;
  }
  return now < session.disobeys_at;
}

void Dispatcher::OnHeartbeat(Session& session, const proto::Heartbeat& heartbeat, MonoTime now) {
  if (!TakeApplied(session, heartbeat, now)) {
    Strike(session.key, session.name, "goes on at a rate that was taken back");
    return EndSession(std::string(session.route), true, now);
  }
  session.load = heartbeat.load();
  session.clock_offset_ms = heartbeat.clock_offset_ms();
  DivideIfDue(now);
  if (!session.knows_orders() && session.obeyed_version == session.told_version &&
      !shares_.Settled(session.key)) {
    TellOld(session);
  }
  // What it was sent a heartbeat ago and does not know was lost on the way.
  const bool lost = session.knows_orders() && session.obeyed_version < session.told_version &&
                    now >= session.told_at + options_.heartbeat;
  if (lost) SendOrders(session, now);
  proto::HeartbeatAck& ack = *Say(session.route, session.id).mutable_heartbeat_ack();
  for (const proto::HeldJob& held : heartbeat.held()) {
    *ack.add_held() = Judge(session.key, held, now);
  }
  ack.set_lease_ms(static_cast<uint32_t>(ToMillis(options_.lease)));
  if (session.knows_orders()) {
    ack.set_probes_per_second(GrantedPps(session.key));
    FillRates(session, ack.mutable_rates());
    ack.set_credit_bytes(ReturnCredit(session, 0, true));
  } else {
    ack.set_probes_per_second(session.told_pps);
  }
  if (paused_) ack.set_command(proto::HeartbeatAck::PAUSE);
  if (draining_.contains(session.key)) ack.set_command(proto::HeartbeatAck::DRAIN);
}

// As it was told last, so that both say the same.
void Dispatcher::FillRates(const Session& session,
                           google::protobuf::RepeatedPtrField<proto::RunRate>* rates) const {
  for (const auto& [run, share] : shares_.Granted(session.key)) {
    proto::RunRate& rate = *rates->Add();
    rate.set_run(run);
    rate.set_probes_per_second(share.pps);
    if (share.per_prefix < kUnlimited) rate.set_per_prefix(share.per_prefix);
    if (share.per_as < kUnlimited) rate.set_per_as(share.per_as);
  }
}

}  // namespace hark

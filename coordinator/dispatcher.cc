#include "coordinator/dispatcher.h"

#include <algorithm>

#include "base/log.h"
#include "base/mutation.h"
#include "base/strings.h"
#include "keys/key_id.h"

// What comes in and when: messages to those who handle them, and time.

namespace hark {
namespace {

constexpr uint32_t kProtocol = 1;
constexpr uint32_t kQuarantineRetryMillis = 300'000;
constexpr uint32_t kRevokedRetryMillis = 30'000;
// Two bytes of a message make a list entry and some hundred of ours. No worker holds that many
// jobs, works for that many runs, no protocol has that many outcomes, no worker tests that much.
constexpr int kMaxHeldJobs = 4096;
constexpr int kMaxRates = 4096;
constexpr int kMaxOutcomes = 64;
constexpr int kMaxPreflights = 64;
// Leases and silence are looked at so often, what the clock and the operator's windows say so
// often.
constexpr Duration kScanEvery = std::chrono::milliseconds(50);
constexpr Duration kReviewEvery = std::chrono::seconds(1);

bool HasEndlessList(const proto::Envelope& envelope) {
  const proto::Hello& hello = envelope.hello();
  const proto::Heartbeat& heartbeat = envelope.heartbeat();
  return hello.held_size() > kMaxHeldJobs || heartbeat.held_size() > kMaxHeldJobs ||
         hello.applied_size() > kMaxRates || heartbeat.applied_size() > kMaxRates ||
         hello.capabilities().preflight_size() > kMaxPreflights ||
         envelope.request().hungry_runs_size() > kMaxRates ||
         heartbeat.load().outcomes_size() > kMaxOutcomes;
}

}  // namespace

Dispatcher::Dispatcher(DispatcherOptions options, CommitQueue& queue, AddressSource addresses)
    : options_(options),
      queue_(queue),
      address_source_(std::move(addresses)),
      shares_(options.probes_per_second, options.expected_workers),
      orders_version_(options.epoch << 32),
      last_version_(options.epoch << 32) {}

void Dispatcher::AddRun(RunState run, MonoTime now, int64_t unix_ms, std::string as_table) {
  clock_.Note(now, unix_ms);
  run.StartClock(now, unix_ms);
  const uint32_t id = run.run().id();
  const auto [it, added] = runs_.emplace(id, std::move(run));
  HARK_CHECK(added);
  RunInfo& info = infos_[id];
  info.mode = RunMode::kDone;  // until it has been looked at
  if (!as_table.empty()) {
    info.as_table_hash = Sha256(as_table);
    content_[info.as_table_hash] = std::move(as_table);
  }
  content_[it->second.run().target_set()] = it->second.targets().Encode();
  // Workers of before a restart may still be probing at shares nobody here knows.
  const MonoTime grace = now + std::max(options_.lease, options_.restart_grace);
  std::set<std::string> holders;
  for (LiveJob* job : it->second.AllLeased()) {
    job->deadline = grace;
    job->leased_at = job->progress_at = now;
    // What came after the plan it may have been told or not.
    job->exclusions_version = it->second.run().exclusions_version();
    if (Broken(Rule::kLeasesOutliveRestart)) job->deadline = now;
    holders.insert(job->row.worker());
  }
  if (!holders.empty() && !Broken(Rule::kReserveAfterRestart)) shares_.Reserve(holders, grace);
  if (it->second.run().state() == proto::RunRow::DONE) finished_.insert(id);
  if (Review(it->second, unix_ms) && !sessions_.empty()) OrdersChanged(now);
}

const RunState* Dispatcher::FindRun(uint32_t run) const {
  const auto it = runs_.find(run);
  return it == runs_.end() ? nullptr : &it->second;
}

RunState* Dispatcher::MutableRun(uint32_t run) {
  const auto it = runs_.find(run);
  return it == runs_.end() ? nullptr : &it->second;
}

bool Dispatcher::AllRunsDone() const {
  return finished_.size() == runs_.size();
}

std::vector<Dispatcher::WorkerView> Dispatcher::Workers() const {
  std::vector<WorkerView> views;
  for (const auto& [route, session] : sessions_) {
    WorkerView view{session.key, session.name,     session.load,
                    0,           session.software, session.last_heard};
    for (const auto& [id, run] : runs_) view.jobs += run.LeasesOf(session.key);
    views.push_back(std::move(view));
  }
  return views;
}

proto::Envelope& Dispatcher::Say(const std::string& route, uint64_t session) {
  Outgoing& out = outgoing_.emplace_back();
  out.route = route;
  out.envelope.set_major(kProtocol);
  out.envelope.set_minor(kOrdersMinor);
  out.envelope.set_session(session);
  return out.envelope;
}

std::vector<Dispatcher::Outgoing> Dispatcher::TakeOutgoing() {
  return std::exchange(outgoing_, {});
}

// It may go on probing for all we know, so its share of the rate stays taken for a while. What it
// sent and we accepted stays: it was leased when it came.
void Dispatcher::Dismiss(const std::string& key, MonoTime now) {
  if (const Session* session = SessionOf(key); session != nullptr) {
    const std::string route = session->route;
    proto::Reject& reject = *Say(route, 0).mutable_reject();
    reject.set_code(proto::Reject::REVOKED);
    reject.set_retry_after_ms(kRevokedRetryMillis);
    reject.set_text("this worker was revoked");
    EndSession(route, true, now);
  }
  for (auto& [id, run] : runs_) {
    for (LiveJob* job : run.LeasedTo(key)) ReleaseLease(run, *job, Blame::kNone);
    CommitDirty(run);
  }
}

void Dispatcher::OnGone(const std::string& route, MonoTime now) {
  EndSession(route, true, now);
}

void Dispatcher::Strike(const std::string& key, const std::string& name, std::string_view why) {
  Record& record = RecordOf(key);
  record.last_strike = StrCat("worker ", name, ": ", why);
  LogWarning("coordinator", record.last_strike);
  last_error_ = {record.last_strike, clock_.unix_ms()};
  if (++record.strikes == kMaxStrikes) quarantined_.emplace_back(key, std::string(why));
}

void Dispatcher::Pardon(const std::string& key) {
  const auto it = records_.find(key);
  if (it == records_.end()) return;
  it->second.strikes = 0;
  it->second.last_strike.clear();
  it->second.boots.clear();
  it->second.returns = 0;
}

std::vector<std::pair<std::string, std::string>> Dispatcher::TakeQuarantined() {
  return std::exchange(quarantined_, {});
}

void Dispatcher::OnMessage(const std::string& route, const std::string& key,
                           const proto::Envelope& envelope, MonoTime now, int64_t unix_ms) {
  clock_.Note(now, unix_ms);
  const auto known = records_.find(key);
  if (known != records_.end() && known->second.strikes >= kMaxStrikes) {
    proto::Reject& reject = *Say(route, 0).mutable_reject();
    reject.set_code(proto::Reject::QUARANTINED);
    reject.set_retry_after_ms(kQuarantineRetryMillis);
    reject.set_text("too many bad batches; ask the coordinator's operator");
    return;
  }
  if (HasEndlessList(envelope)) return Strike(key, HexEncode(key), "a list beyond its limit");
  if (envelope.body_case() == proto::Envelope::kHello) {
    OnHello(route, key, envelope, now, unix_ms);
    return;
  }
  const auto it = sessions_.find(route);
  if (it == sessions_.end() || it->second.id != envelope.session() || it->second.key != key) {
    Say(route, 0).mutable_need_hello()->set_stale_session(envelope.session());
    return;
  }
  Session& session = it->second;
  session.last_heard = known->second.last_heard = now;
  switch (envelope.body_case()) {
    case proto::Envelope::kRequest:
      OnRequest(session, envelope.request(), now);
      break;
    case proto::Envelope::kBatch:
      OnBatch(session, envelope.batch(), now, unix_ms);
      break;
    case proto::Envelope::kHeartbeat:
      OnHeartbeat(session, envelope.heartbeat(), now);
      break;
    case proto::Envelope::kOrdersAck:
      OnOrdersAck(session, envelope.orders_ack(), now);
      break;
    case proto::Envelope::kTargetSetGet:
      OnTargetSetGet(session, envelope.target_set_get());
      break;
    case proto::Envelope::kTrimAck:
      OnTrimAck(session, envelope.trim_ack());
      break;
    case proto::Envelope::kRelease:
      OnRelease(session, envelope.release());
      break;
    case proto::Envelope::kBye:
      EndSession(route, false, now);
      break;
    default:
      break;  // a message of ours echoed, or one of a newer minor version: ignored
  }
  for (auto& [id, run] : runs_) CommitDirty(run);
}

void Dispatcher::Pause() {
  paused_ = true;
}

void Dispatcher::OnTick(MonoTime now, int64_t unix_ms) {
  clock_.Note(now, unix_ms);
  for (const uint64_t ticket : queue_.TakeDurable()) OnDurable(ticket, now);
  if (now >= next_scan_) {
    next_scan_ = now + kScanEvery;
    EndSilentSessions(now);
    ExpireLeases(now);
  }
  if (now >= next_review_) {
    next_review_ = now + kReviewEvery;
    AdaptRuns(now, unix_ms);
    ReviewRuns(now, unix_ms);
    ReleaseWhatStandsStill(now, last_review_ == MonoTime() ? Duration(0) : now - last_review_);
    for (auto& [id, run] : runs_) {
      run.TendAudits(now, IsOpen(id) && !paused_ && pressure_.empty());
    }
    TakeSamples(now);
    last_review_ = now;
  }
  for (auto& [id, run] : runs_) CommitDirty(run);
  SayOwedNoJobs(now);
  FinishRuns(now, unix_ms);
  DivideIfDue(now);
  SendDueOrders(now);
}

}  // namespace hark

#include "worker/worker_session.h"

#include <algorithm>

#include "base/log.h"
#include "base/mutation.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr const char* kWhere = "worker/session";
// After a failure of our own disk another job would meet the same fate.
constexpr Duration kLocalTroubleWait = std::chrono::seconds(10);
constexpr Duration kMoreJobsWait = std::chrono::milliseconds(200);
constexpr int kStalledHeartbeats = 3;
constexpr Duration kMinHeartbeat = std::chrono::milliseconds(50);
constexpr Duration kMaxHeartbeat = std::chrono::minutes(10);

Duration Millis(uint64_t ms) {
  return std::chrono::milliseconds(ms);
}

}  // namespace

WorkerSession::WorkerSession(SessionOptions options, JobHost& host, Spool& spool,
                             TargetSetCache& targets, uint64_t seed)
    : options_(std::move(options)),
      host_(host),
      spool_(spool),
      targets_(targets),
      random_(seed),
      greeter_(options_.hello_answer_time),
      orders_(options_.orders_path) {
  host_.Exclude(orders_.exclusions());
  for (const SpooledJob& spooled : spool_.Recovered()) {
    Lease lease = Lease::FromSpool(spooled);
    leases_.emplace(lease.key, std::move(lease));
  }
  DropCancelled();
}

void WorkerSession::LinkUp(MonoTime now) {
  if (state_ == State::kDisconnected) StartGreeting(now);
}

void WorkerSession::LinkDown() {
  wants_new_link_ = false;
  if (state_ != State::kFinished) state_ = State::kDisconnected;
}

void WorkerSession::LoseLink() {
  state_ = State::kDisconnected;
  wants_new_link_ = true;
}

void WorkerSession::StartGreeting(MonoTime now) {
  state_ = State::kGreeting;
  greeter_.Hurry(now);
}

Lease* WorkerSession::Find(const JobKey& key) {
  const auto found = leases_.find(key);
  return found == leases_.end() ? nullptr : &found->second;
}

void WorkerSession::On(const proto::Envelope& envelope, MonoTime now,
                       std::optional<int64_t> unix_ms) {
  if (envelope.major() != 1 || state_ == State::kFinished || state_ == State::kDisconnected) {
    return;
  }
  last_heard_ = now;
  switch (envelope.body_case()) {  // the three that may come outside a session
    case proto::Envelope::kWelcome:
      OnWelcome(envelope.welcome(), now, unix_ms);
      return;
    case proto::Envelope::kReject:
      OnReject(envelope.reject(), now);
      return;
    case proto::Envelope::kNeedHello:
      OnNeedHello(envelope.need_hello(), now);
      return;
    default:  // NOLINT: protobuf's enum also has the cases of newer peers
      break;
  }
  // Late words of an earlier session say nothing about this one.
  if (state_ != State::kReady || envelope.session() != session_) return;
  switch (envelope.body_case()) {
    case proto::Envelope::kJob:
      OnJob(envelope.job(), now);
      return;
    case proto::Envelope::kNoJob:
      OnNoJob(envelope.no_job(), now);
      return;
    case proto::Envelope::kTargetSetChunk:
      OnChunk(envelope.target_set_chunk(), now);
      return;
    case proto::Envelope::kAck:
      OnAck(envelope.ack());
      return;
    case proto::Envelope::kHeartbeatAck:
      OnHeartbeatAck(envelope.heartbeat_ack(), now);
      return;
    case proto::Envelope::kTrim:
      OnTrim(envelope.trim());
      return;
    case proto::Envelope::kOrders:
      OnOrders(envelope.orders(), now);
      return;
    case proto::Envelope::kBye:
      StartGreeting(now);
      greeter_.Wait(now, std::chrono::seconds(1));
      return;
    default:  // NOLINT: as above; unknown cases are what minor versions are for
      return;
  }
}

// ---- the beginning of a session

void WorkerSession::OnWelcome(const proto::Welcome& welcome, MonoTime now,
                              std::optional<int64_t> unix_ms) {
  if (state_ != State::kGreeting || welcome.hello_id() != hello_id_) return;
  state_ = State::kReady;
  greeter_.Answered();
  last_reject_.clear();
  session_ = welcome.session();
  credit_ = welcome.credit_bytes();
  features_ = welcome.features();
  heartbeat_ = std::clamp(Millis(welcome.heartbeat_ms()), kMinHeartbeat, kMaxHeartbeat);
  lease_length_ = Millis(welcome.lease_ms());
  heartbeats_sent_.clear();
  next_heartbeat_ = now + heartbeat_;
  next_request_ = now;
  slots_asked_ = 0;
  fetcher_.Restart();
  if (unix_ms && welcome.coordinator_unix_ms() > 0) {
    // It wrote its time half a round trip ago.
    clock_offset_ms_ = welcome.coordinator_unix_ms() + ToMillis(now - hello_sent_) / 2 - *unix_ms;
  }
  ApplyWelcomeRates(welcome, now);

  std::vector<JobKey> unmentioned;
  for (const auto& [key, lease] : leases_) unmentioned.push_back(key);
  for (const proto::Verdict& verdict : welcome.held()) {
    const JobKey key = JobKey::Of(verdict);
    Lease* const lease = Find(key);
    if (lease == nullptr || verdict.kind() != proto::Verdict::KEEP) continue;
    unmentioned.erase(std::remove(unmentioned.begin(), unmentioned.end(), key), unmentioned.end());
    Keep(*lease, verdict, now);
  }
  // ABANDON, or a lease the coordinator does not know of.
  for (const JobKey& key : unmentioned) {
    if (!Broken(Rule::kAbandonForgets)) Drop(key);
  }
}

void WorkerSession::Keep(Lease& lease, const proto::Verdict& verdict, MonoTime now) {
  const uint64_t durable = verdict.durable_next_seq();
  // Below: what it has lost we no longer have. Above: our disk lost what it has, and with it the
  // place where to go on.
  const bool cannot = durable < lease.durable_seq || durable > lease.next_seq;
  if (cannot && !Broken(Rule::kCannotSupply)) {
    Release(lease.key, proto::Release::CANNOT_SUPPLY, StrCat("asked for batch ", durable));
    return;
  }
  lease.Renew(hello_sent_, lease_length_);
  lease.answers_to_skip = 0;
  lease.send_seq = lease.durable_seq;
  MarkDurable(lease, durable);
  if (lease.complete()) {
    Drop(lease.key);
    return;
  }
  if (lease.trimmed) {
    // The first one may have died with its session; said twice it changes nothing.
    proto::TrimAck* const ack = outbox_.emplace_back().mutable_trim_ack();
    lease.key.Put(ack);
    ack->set_accepted_end(lease.end);
  }
  if (lease.phase == Lease::Phase::kOffered) Begin(lease, now);
}

void WorkerSession::OnReject(const proto::Reject& reject, MonoTime now) {
  last_reject_ = StrCat(proto::Reject::Code_Name(reject.code()), ": ", reject.text());
  LogWarning(kWhere, "refused by the coordinator: " + EscapeForDisplay(last_reject_));
  // Others do its work from now on, and would meet it at the same hosts.
  while (reject.code() == proto::Reject::REVOKED && !leases_.empty()) {
    const JobKey key = leases_.begin()->first;
    Drop(key);
  }
  greeter_.Wait(now, Millis(reject.retry_after_ms()));
  LoseLink();
}

void WorkerSession::OnNeedHello(const proto::NeedHello& need, MonoTime now) {
  // One that names an older session answers something sent before this one began; greeting for it
  // would answer itself for ever.
  if (state_ == State::kReady && need.stale_session() == session_) StartGreeting(now);
}

// ---- jobs

void WorkerSession::OnJob(const proto::Job& job, MonoTime now) {
  if (slots_asked_ > 0) --slots_asked_;
  // If fewer came than were asked for, the rest is asked for again soon.
  request_overdue_ = std::min(request_overdue_, now + kMoreJobsWait);
  const JobKey key = JobKey::Of(job);
  if (Find(key) != nullptr) return;
  // An older lease of the same job is over, or there would be no new one.
  for (auto it = leases_.begin(); it != leases_.end();) {
    const JobKey other = (it++)->first;
    if (other.run == key.run && other.job == key.job) Drop(other);
  }
  Lease lease;
  lease.key = key;
  lease.job = job;
  lease.end = job.end();
  lease.cursor = job.cursor();
  // The coordinator counts from when it sent this; the fifth we leave covers the way.
  lease.Renew(now, Millis(job.lease_ms() > 0 ? job.lease_ms() : 1));
  Lease& kept = leases_.emplace(key, std::move(lease)).first->second;
  if (draining() || !HasLeaseRoom(0) || orders_.Cancelled(key.run)) {
    Release(key, draining() ? proto::Release::DRAIN : proto::Release::REFUSED, "");
    return;
  }
  const Status begun = spool_.Begin(job);
  if (!begun.ok()) {
    next_request_ = now + kLocalTroubleWait;
    Release(key, proto::Release::LOCAL_ERROR, begun.message());
    return;
  }
  Begin(kept, now);
}

// Gets the job going, as soon as its targets are known.
void WorkerSession::Begin(Lease& lease, MonoTime now) {
  lease.phase = Lease::Phase::kWorking;
  if (lease.final || draining()) return;  // nothing left to probe, only to hand over
  std::shared_ptr<const RangeSet> targets;
  if (WaitsForContent(lease, &targets)) {
    lease.phase = Lease::Phase::kWaitingTargets;
    return;
  }
  const Status started = host_.StartJob(lease.job, lease.cursor, lease.end, std::move(targets));
  if (!started.ok()) {
    Release(lease.key, proto::Release::REFUSED, started.message());
    return;
  }
  // Before it is fed for the first time.
  lease.held = MustHold(lease, now);
  if (lease.held) host_.HoldJob(lease.key, true);
}

void WorkerSession::OnNoJob(const proto::NoJob& no_job, MonoTime now) {
  slots_asked_ = 0;
  next_request_ =
      now + std::clamp<Duration>(Millis(no_job.retry_after_ms()), std::chrono::milliseconds(20),
                                 std::chrono::minutes(5));
}

void WorkerSession::OnChunk(const proto::TargetSetChunk& chunk, MonoTime now) {
  const auto fetched = fetcher_.On(chunk);
  if (!fetched) return;
  std::vector<JobKey> waiting;
  bool is_set = false;
  for (const auto& [key, lease] : leases_) {
    if (lease.phase != Lease::Phase::kWaitingTargets) continue;
    const bool set = lease.job.target_set() == fetched->hash;
    is_set |= set;
    if (set || lease.job.as_table() == fetched->hash) waiting.push_back(key);
  }
  const Status put = is_set ? targets_.Put(fetched->hash, fetched->bytes).status()
                            : targets_.PutAsTable(fetched->hash, fetched->bytes).status();
  for (const JobKey& key : waiting) {
    if (put.ok()) {
      Begin(*Find(key), now);
    } else {
      Release(key, proto::Release::TARGET_SET, put.message());
    }
  }
}

void WorkerSession::OnTrim(const proto::Trim& trim) {
  Lease* const lease = Find(JobKey::Of(trim));
  if (lease == nullptr) return;
  uint64_t accepted = lease->end;
  if (!lease->final && trim.new_end() < lease->end) {
    accepted = lease->phase == Lease::Phase::kWorking ? host_.TrimJob(lease->key, trim.new_end())
                                                      : trim.new_end();
    // At least one index is left to carry the final batch.
    accepted = std::clamp(accepted, std::min(lease->cursor + 1, lease->end), lease->end);
  }
  if (accepted < lease->end) {
    lease->end = accepted;
    lease->trimmed = true;
    const Status noted = spool_.SetEnd(lease->key, accepted);
    if (!noted.ok()) LogWarning(kWhere, noted.message());
  }
  proto::TrimAck* const ack = outbox_.emplace_back().mutable_trim_ack();
  lease->key.Put(ack);
  ack->set_accepted_end(accepted);
}

void WorkerSession::Drop(const JobKey& key) {
  const auto found = leases_.find(key);
  if (found == leases_.end()) return;
  host_.DropJob(key);
  spool_.Drop(key);
  const proto::Job job = std::move(found->second.job);
  leases_.erase(found);
  for (const std::string& hash : {job.target_set(), job.as_table()}) {
    if (!Needs(hash)) fetcher_.Forget(hash);
  }
}

void WorkerSession::Release(const JobKey& key, proto::Release::Reason reason,
                            const std::string& detail) {
  constexpr size_t kMaxDetail = 512;  // control messages stay small
  proto::Release* const release = outbox_.emplace_back().mutable_release();
  key.Put(release);
  release->set_reason(reason);
  release->set_detail(EscapeForDisplay(detail).substr(0, kMaxDetail));
  LogInfo(kWhere, StrCat("released job ", key.ToString(), ": ", proto::Release::Reason_Name(reason),
                         " ", detail));
  const JobKey copy = key;  // key may live in the lease
  Drop(copy);
}

void WorkerSession::FailJob(const JobKey& key, proto::Release::Reason reason,
                            const std::string& detail) {
  if (Find(key) != nullptr) Release(key, reason, detail);
}

// ---- batches

void WorkerSession::AddBatch(proto::Batch batch, MonoTime now) {
  Lease* const lease = Find(JobKey::Of(batch));
  if (lease == nullptr) return;  // the lease went while the batch was made
  HARK_CHECK(batch.from_index() == lease->cursor && batch.to_index() > batch.from_index());
  batch.set_seq(lease->next_seq);
  batch.set_clock_offset_ms(clock_offset_ms_);
  const Status spooled = spool_.Append(batch);
  if (!spooled.ok()) {
    LogError(kWhere, spooled.message());
    next_request_ = now + kLocalTroubleWait;
    Release(lease->key, proto::Release::LOCAL_ERROR, spooled.message());
    return;
  }
  ++lease->next_seq;
  lease->cursor = batch.to_index();
  lease->final = batch.final();
}

void WorkerSession::OnAck(const proto::Ack& ack) {
  credit_ += ack.credit_bytes();
  Lease* const lease = Find(JobKey::Of(ack));
  if (lease == nullptr) return;
  switch (ack.status()) {
    case proto::Ack::OK:
      if (lease->answers_to_skip > 0) --lease->answers_to_skip;
      MarkDurable(*lease, ack.durable_next_seq());
      if (lease->complete()) Drop(lease->key);
      return;
    case proto::Ack::GAP:
      OnGap(*lease, ack.durable_next_seq());
      return;
    case proto::Ack::BAD:
      LogError(kWhere, "the coordinator found a batch of job " + lease->key.ToString() + " bad");
      Drop(lease->key);
      return;
    case proto::Ack::STALE:
      if (!Broken(Rule::kAbandonForgets)) Drop(lease->key);
      return;
    default:  // NOLINT: a status of a newer peer
      return;
  }
}

// One missing batch makes a GAP of every later one that was on its way: only the first counts.
void WorkerSession::OnGap(Lease& lease, uint64_t durable_next_seq) {
  // Within a session what is durable never goes back: this answer was overtaken by a newer one.
  if (durable_next_seq < lease.durable_seq) return;
  if (lease.answers_to_skip > 0) {
    --lease.answers_to_skip;
    return;
  }
  GoBack(lease, durable_next_seq);
}

void WorkerSession::GoBack(Lease& lease, uint64_t seq) {
  if (seq < lease.durable_seq || seq > lease.next_seq) {
    Release(lease.key, proto::Release::CANNOT_SUPPLY, StrCat("asked for batch ", seq));
    return;
  }
  MarkDurable(lease, seq);
  // This answer was one of them.
  lease.answers_to_skip = lease.unanswered() > 0 ? lease.unanswered() - 1 : 0;
  if (!Broken(Rule::kGoBack)) lease.send_seq = seq;
}

void WorkerSession::MarkDurable(Lease& lease, uint64_t next_seq) {
  next_seq = std::min(next_seq, lease.next_seq);
  if (next_seq <= lease.durable_seq) return;
  lease.durable_seq = next_seq;
  lease.send_seq = std::max(lease.send_seq, next_seq);
  lease.answers_to_skip = std::min(lease.answers_to_skip, lease.unanswered());
  spool_.Acked(lease.key, next_seq);
}

// ---- heartbeats

void WorkerSession::OnHeartbeatAck(const proto::HeartbeatAck& ack, MonoTime now) {
  MonoTime asked = hello_sent_;
  if (!heartbeats_sent_.empty()) {
    asked = heartbeats_sent_.front();
    heartbeats_sent_.pop_front();
  }
  if (ack.lease_ms() > 0) lease_length_ = Millis(ack.lease_ms());
  credit_ += ack.credit_bytes();
  for (const proto::Verdict& verdict : ack.held()) {
    Lease* const lease = Find(JobKey::Of(verdict));
    if (lease == nullptr) continue;
    if (verdict.kind() != proto::Verdict::KEEP) {
      if (!Broken(Rule::kAbandonForgets)) Drop(lease->key);
      continue;
    }
    lease->Renew(asked, lease_length_);
    const uint64_t before = lease->durable_seq;
    MarkDurable(*lease, verdict.durable_next_seq());
    if (lease->complete()) {
      Drop(lease->key);
    } else {
      NoticeStall(*lease, before);
    }
  }
  if (Broken(Rule::kAckAfterApply)) Enforce(now);
  const bool pause = ack.command() == proto::HeartbeatAck::PAUSE;
  if (ack.command() == proto::HeartbeatAck::DRAIN) StartDrain(now);
  if (knows_shares_) {
    ApplyShares(pause ? proto::HeartbeatAck().rates() : ack.rates(), now);
  } else if (ack.command() != proto::HeartbeatAck::DRAIN) {
    ApplyRate(pause ? 0 : ack.probes_per_second());
  }
}

// An ACK lost to a full queue at the coordinator would otherwise be waited for until the session's
// end.
void WorkerSession::NoticeStall(Lease& lease, uint64_t durable_before) {
  const bool stalled = lease.unanswered() > 0 && lease.durable_seq == durable_before;
  lease.stalled = stalled ? lease.stalled + 1 : 0;
  if (lease.stalled < kStalledHeartbeats || Broken(Rule::kGoBack)) return;
  lease.stalled = 0;
  lease.answers_to_skip = 0;
  lease.send_seq = lease.durable_seq;
}

void WorkerSession::ApplyHolds(MonoTime now) {
  const uint64_t waiting = spool_.unacked_bytes();
  if (waiting > options_.spool_quota_bytes) over_quota_ = !Broken(Rule::kQuietOverQuota);
  if (waiting <= options_.spool_quota_bytes / 2) over_quota_ = false;
  for (auto& [key, lease] : leases_) {
    const bool hold = MustHold(lease, now);
    if (lease.phase != Lease::Phase::kWorking || hold == lease.held) continue;
    lease.held = hold;
    host_.HoldJob(key, hold);
  }
}

bool WorkerSession::MustHold(const Lease& lease, MonoTime now) const {
  if (now >= lease.quiet_from() && !Broken(Rule::kQuietAfterLease)) return true;
  const bool paused = orders_.Paused(lease.key.run) && !Broken(Rule::kPausedHolds);
  const bool unaware = lease.job.exclusions_version() > orders_.exclusions_version() &&
                       !Broken(Rule::kOptOutsBeforeJob);
  return over_quota_ || orders_unreadable_ || paused || unaware;
}

void WorkerSession::StartDrain(MonoTime now) {
  if (draining()) return;
  drain_until_ = now + options_.drain_time;
  host_.FinishStarted();
}

bool WorkerSession::drained() const {
  return host_.open_targets() == 0 &&
         std::all_of(leases_.begin(), leases_.end(), [](const auto& entry) {
           return entry.second.durable_seq == entry.second.next_seq;
         });
}

}  // namespace hark

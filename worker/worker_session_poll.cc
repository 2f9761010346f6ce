// The sending half of WorkerSession: what is due, in the order in which it helps most.

#include <algorithm>

#include "base/log.h"
#include "base/mutation.h"
#include "base/strings.h"
#include "worker/worker_session.h"

namespace hark {
namespace {

constexpr const char* kWhere = "worker/session";
constexpr uint32_t kMinor = 2;
constexpr int kHellosPerLink = 4;  // then the connection itself is suspect
constexpr int kSilentHeartbeats = 3;
constexpr Duration kRequestAnswerTime = std::chrono::seconds(10);
constexpr size_t kHeartbeatsRemembered = 8;
// Below the bus's high-water mark of 16; the rest follows at the next call.
constexpr size_t kMessagesPerPoll = 8;

}  // namespace

void WorkerSession::Tick(MonoTime now) {
  ApplyHolds(now);
  if (state_ != State::kReady || now - last_heard_ <= kSilentHeartbeats * heartbeat_) return;
  LogWarning(kWhere, "the coordinator has gone silent");
  LoseLink();
}

std::vector<proto::Envelope> WorkerSession::Poll(MonoTime now) {
  Envelopes out;
  Tick(now);
  switch (state_) {
    case State::kFinished:
      return out;
    case State::kDisconnected:
      break;
    case State::kGreeting:
      PollGreeting(now, &out);
      break;
    case State::kReady:
      PollReady(now, &out);
      break;
  }
  if (draining()) PollDrain(now, &out);
  for (proto::Envelope& envelope : out) {
    envelope.set_major(1);
    envelope.set_minor(kMinor);
    envelope.set_session(envelope.has_hello() ? 0 : session_);
  }
  return out;
}

void WorkerSession::PollGreeting(MonoTime now, Envelopes* out) {
  if (!greeter_.Due(now)) return;
  if (greeter_.unanswered() >= kHellosPerLink) {
    greeter_.Answered();
    LoseLink();
    return;
  }
  greeter_.Sent(now);
  hello_sent_ = now;
  hello_id_ = random_.Next();
  proto::Hello* const hello = out->emplace_back().mutable_hello();
  hello->set_hello_id(hello_id_);
  hello->set_proto_min(1);
  hello->set_proto_max(1);
  hello->set_software(StrCat("hark-worker ", HARK_VERSION));
  hello->set_boot_id(options_.boot_id);
  hello->set_name(EscapeForDisplay(options_.name));  // a proto string must be UTF-8
  hello->set_max_parallel(options_.max_parallel);
  hello->set_max_pps(options_.max_pps);
  hello->set_spool_free_bytes(spool_free());
  for (const auto& [key, lease] : leases_) *hello->add_held() = Describe(lease);
  *hello->mutable_capabilities() = options_.capabilities;
  hello->set_region(EscapeForDisplay(options_.region));
  hello->set_provider(EscapeForDisplay(options_.provider));
  hello->set_contact(EscapeForDisplay(options_.contact));
  hello->set_orders_version(orders_.version());
  PutApplied(hello->mutable_applied());
  proto::WorkerLoad load;
  host_.FillLoad(&load);
  hello->set_rss_bytes(load.rss_bytes());
}

uint64_t WorkerSession::spool_free() const {
  const uint64_t used = std::min(spool_.unacked_bytes(), options_.spool_quota_bytes);
  return std::min(options_.spool_quota_bytes - used, spool_.disk_free_bytes());
}

proto::HeldJob WorkerSession::Describe(const Lease& lease) const {
  proto::HeldJob held;
  lease.key.Put(&held);
  held.set_low_seq(lease.durable_seq);
  held.set_next_seq(lease.next_seq);
  held.set_final_in_spool(lease.final);
  held.set_cursor(lease.cursor);
  return held;
}

void WorkerSession::PollReady(MonoTime now, Envelopes* out) {
  std::move(outbox_.begin(), outbox_.end(), std::back_inserter(*out));
  outbox_.clear();
  PollHeartbeat(now, out);
  if (auto get = fetcher_.Poll(now)) *out->emplace_back().mutable_target_set_get() = *get;
  PollRequest(now, out);
  PollBatches(out);
  // Reading a spool may have failed.
  std::move(outbox_.begin(), outbox_.end(), std::back_inserter(*out));
  outbox_.clear();
}

void WorkerSession::PollHeartbeat(MonoTime now, Envelopes* out) {
  if (now < next_heartbeat_) return;
  next_heartbeat_ = now + heartbeat_;
  heartbeats_sent_.push_back(now);
  // Dropping the newest would let an old answer renew a lease too far.
  if (heartbeats_sent_.size() > kHeartbeatsRemembered) heartbeats_sent_.pop_back();
  proto::Heartbeat* const heartbeat = out->emplace_back().mutable_heartbeat();
  for (const auto& [key, lease] : leases_) *heartbeat->add_held() = Describe(lease);
  host_.FillLoad(heartbeat->mutable_load());
  heartbeat->mutable_load()->set_spool_bytes(spool_.unacked_bytes());
  heartbeat->mutable_load()->set_spool_free_bytes(spool_free());
  heartbeat->set_orders_version(orders_.version());
  heartbeat->set_clock_offset_ms(clock_offset_ms_);
  PutApplied(heartbeat->mutable_applied());
}

void WorkerSession::PollRequest(MonoTime now, Envelopes* out) {
  if (draining() || over_quota_ || now < next_request_) return;
  if (slots_asked_ > 0 && now < request_overdue_) return;
  size_t slots = 0;
  const std::vector<uint32_t> hungry = HungryRuns(&slots);
  const size_t with_work = ActiveJobsWithWork();
  slots = std::max(slots, options_.jobs_wanted - std::min(options_.jobs_wanted, with_work));
  while (slots > 0 && !HasLeaseRoom(slots)) --slots;
  std::vector<uint32_t> sweeps = SweepsMissing();
  while (!sweeps.empty() && !HasLeaseRoom(slots + sweeps.size())) sweeps.pop_back();
  if (slots + sweeps.size() == 0) return;
  slots_asked_ = static_cast<uint32_t>(slots + sweeps.size());
  request_overdue_ = now + kRequestAnswerTime;
  proto::Request* const request = out->emplace_back().mutable_request();
  request->set_slots(static_cast<uint32_t>(slots));
  request->set_sweeps_apart(SweepsApart());
  for (const uint32_t run : sweeps) request->add_sweeps_of(run);
  for (const uint32_t run : hungry) request->add_hungry_runs(run);
}

void WorkerSession::PollBatches(Envelopes* out) {
  std::vector<JobKey> keys;
  for (const auto& [key, lease] : leases_) {
    if (lease.send_seq < lease.next_seq && lease.phase == Lease::Phase::kWorking) {
      keys.push_back(key);
    }
  }
  for (const JobKey& key : keys) {
    if (!PollLeaseBatches(key, out)) return;
  }
}

// False when credit or room is used up.
bool WorkerSession::PollLeaseBatches(const JobKey& key, Envelopes* out) {
  Lease* const lease = Find(key);
  while (lease->send_seq < lease->next_seq) {
    if (out->size() >= kMessagesPerPoll) return false;
    auto batch = spool_.Read(key, lease->send_seq);
    if (!batch) {
      Release(key, proto::Release::CANNOT_SUPPLY, StrCat("batch ", lease->send_seq, " unreadable"));
      return true;
    }
    const uint64_t size = batch->payload().size();
    // With nothing under way no answer could ever bring credit: one batch is always allowed.
    const bool alone = std::all_of(leases_.begin(), leases_.end(), [](const auto& entry) {
      return entry.second.unanswered() == 0;
    });
    if (size > credit_ && !alone && !Broken(Rule::kCreditSpent)) return false;
    credit_ -= std::min(credit_, size);
    ++lease->send_seq;
    *out->emplace_back().mutable_batch() = std::move(*batch);
  }
  return true;
}

void WorkerSession::PollDrain(MonoTime now, Envelopes* out) {
  const bool late = now >= *drain_until_;
  if (state_ != State::kReady) {
    // What is in the spool is offered by the next process.
    if (late || leases_.empty()) state_ = State::kFinished;
    return;
  }
  if (!late && !drained()) return;
  std::vector<JobKey> handed_over;
  for (const auto& [key, lease] : leases_) {
    if (lease.durable_seq == lease.next_seq) handed_over.push_back(key);
  }
  for (const JobKey& key : handed_over) Release(key, proto::Release::DRAIN, "");
  std::move(outbox_.begin(), outbox_.end(), std::back_inserter(*out));
  outbox_.clear();
  out->emplace_back().mutable_bye()->set_reason("drained");
  state_ = State::kFinished;
}

MonoTime WorkerSession::WakeTime() const {
  MonoTime wake = drain_until_.value_or(kNever);
  for (const auto& [key, lease] : leases_) {
    if (!lease.held) wake = std::min(wake, lease.quiet_from());
  }
  switch (state_) {
    case State::kDisconnected:
    case State::kFinished:
      return wake;
    case State::kGreeting:
      return std::min(wake, greeter_.next());
    case State::kReady:
      wake = std::min(wake, next_heartbeat_);
      // A REQUEST that is due but not wanted now must not make the caller spin.
      if (slots_asked_ > 0) wake = std::min(wake, request_overdue_);
      return std::min(wake,
                      last_heard_ + kSilentHeartbeats * heartbeat_ + std::chrono::milliseconds(1));
  }
  return wake;
}

}  // namespace hark

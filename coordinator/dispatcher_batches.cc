#include <algorithm>

#include "base/log.h"
#include "base/mutation.h"
#include "base/strings.h"
#include "coordinator/dispatcher.h"

// Batches: what is accepted, what becomes durable, what is acknowledged.

namespace hark {
namespace {

using proto::JobRow;

// The credit and some more: one batch is always allowed, also to a worker that reconnects.
constexpr uint64_t kMaxOverCredit = 4 << 20;

}  // namespace

void Dispatcher::Ack(Session& session, const proto::Batch& batch, proto::Ack::Status status,
                     uint64_t durable_next_seq) {
  proto::Ack& ack = *Say(session.route, session.id).mutable_ack();
  ack.set_run(batch.run());
  ack.set_job(batch.job());
  *ack.mutable_token() = batch.token();
  ack.set_durable_next_seq(durable_next_seq);
  ack.set_status(status);
  ack.set_credit_bytes(batch.payload().size());
}

// A batch that does not fit what was leased costs the worker this lease; three cost it the run.
void Dispatcher::RefuseBatch(Session& session, RunState& run, LiveJob& job,
                             const proto::Batch& batch, const Status& why) {
  ++strikes_of_key_[session.key];
  LogWarning("coordinator", StrCat("worker ", session.name, " sent a bad batch ", batch.seq(),
                                   " of job ", batch.job(), ": ", why.message()));
  Ack(session, batch, proto::Ack::BAD, job.durable_next_seq);
  ReleaseLease(run, job, Blame::kNone);
}

void Dispatcher::OnBatch(Session& session, const proto::Batch& batch, MonoTime now,
                         int64_t unix_ms) {
  LiveJob* job = HeldBy(session.key, batch.run(), batch.job(), batch.token());
  if (job == nullptr) return Ack(session, batch, proto::Ack::STALE, 0);
  if (batch.seq() < job->row.next_seq()) {
    // Had it already. Only what is on the disk is acknowledged: a doubled batch must not become a
    // promise the disk has not made.
    return Ack(session, batch, proto::Ack::OK,
               Broken(Rule::kAckOnlyDurable) ? job->row.next_seq() : job->durable_next_seq);
  }
  if (job->row.state() == JobRow::DONE) return Ack(session, batch, proto::Ack::STALE, 0);
  if (batch.seq() > job->row.next_seq() && !Broken(Rule::kNoGaps)) {
    return Ack(session, batch, proto::Ack::GAP, job->durable_next_seq);
  }
  RunState& run = *MutableRun(batch.run());
  const std::pair<uint32_t, uint32_t> id{batch.run(), batch.job()};
  const Result<const std::vector<Address>*> targets = TargetsOf(run, *job);
  if (!targets.ok()) {
    LogError("coordinator", targets.status().message());
    return;  // unanswered: it will be sent again
  }
  if (unacked_of_key_[session.key] > options_.credit_bytes + kMaxOverCredit) {
    return RefuseBatch(session, run, *job, batch, Corruption("sent far beyond its credit"));
  }
  Result<CheckedBatch> checked = CheckBatch(batch, run, *job, **targets);
  if (!checked.ok()) return RefuseBatch(session, run, *job, batch, checked.status());

  const bool audit = RunState::IsAudit(job->row);
  if (audit) {
    LogStandingOut(run, run.Compare(*job, batch, *checked));
    // Compared, and that is all: the records and the ledger have these targets already.
    if (!Broken(Rule::kAuditKeepsNothing)) *checked = CheckedBatch();
  }
  CommitItem item;
  std::vector<uint32_t> revisit_lists;
  for (const proto::HostObservation& host : checked->hosts) {
    auto revisit = run.ScheduleRevisit(*job, host, session.key, now, unix_ms);
    if (!revisit) continue;
    revisit_lists.push_back(revisit->list);
    item.revisits.push_back(std::move(*revisit));
  }
  checked->tally.set_to_revisit(item.revisits.size());
  const bool at_end =
      batch.to_index() == job->row.end() || (batch.final() && Broken(Rule::kDoneAtTheEnd));
  run.Accept(*job, batch.to_index(), at_end, checked->tally);
  job->deadline = at_end ? kNever : now + options_.lease;
  item.run = batch.run();
  if (!Broken(Rule::kCursorWithBatch)) item.jobs = {job->row};
  std::vector<JobRow> audits;
  if (!audit) {
    audits = run.MakeAudits(*job, batch, *checked, run.listeners(), session.key, {});
  }
  if (!Broken(Rule::kAuditWithBatch)) {
    item.jobs.insert(item.jobs.end(), audits.begin(), audits.end());
  }
  for (const Address& address : checked->hits) {
    item.listeners.emplace_back(run.TakeListenerPosition(), address);
  }
  item.hosts = std::move(checked->hosts);
  item.job = batch.job();
  item.round = job->row.round();
  item.worker = session.key;
  item.must_sync = true;
  item.ticket = next_ticket_++;
  in_flight_[item.ticket] = {batch.run(),
                             batch.job(),
                             batch.token(),
                             job->row.next_seq(),
                             item.listeners.size(),
                             std::move(revisit_lists),
                             batch.payload().size(),
                             session.key};
  unacked_of_key_[session.key] += batch.payload().size();
  queue_.Submit(std::move(item));
  if (Broken(Rule::kCursorWithBatch)) {
    CommitItem cursor;
    cursor.run = batch.run();
    cursor.jobs = {job->row};
    queue_.Submit(std::move(cursor));
  }
  if (Broken(Rule::kAuditWithBatch)) {
    CommitItem later;
    later.run = batch.run();
    later.jobs = std::move(audits);
    queue_.Submit(std::move(later));
  }
  if (Broken(Rule::kAckAfterSync)) Ack(session, batch, proto::Ack::OK, job->row.next_seq());
  if (at_end) {
    grab_targets_.erase(id);
    trimming_.erase(id);
  } else if (batch.final()) {
    // It gave up a tail we never heard of (a TRIM answered just before a restart): back it goes.
    ReleaseLease(run, *job, Blame::kNone);
  }
}

// Once a worker, while this coordinator runs.
void Dispatcher::LogStandingOut(const RunState& run, const std::optional<std::string>& key) {
  if (!key) return;
  const AuditCount its = run.audits_of().at(*key);
  const AuditCount all = run.audits().findings;
  const Session* session = SessionOf(*key);
  LogWarning("coordinator",
             StrCat("worker ", session != nullptr ? session->name : HexEncode(*key),
                    " stands out: others disagree with ", its.disagreed, " of ", its.audited,
                    " of its audited findings in run ", run.run().name(), ", and with ",
                    all.disagreed - its.disagreed, " of ", all.audited - its.audited,
                    " of everybody else's; its network blocks or answers for others, or it does "
                    "not tell what it sees"));
}

void Dispatcher::OnDurable(uint64_t ticket) {
  if (const auto finish = finish_tickets_.find(ticket); finish != finish_tickets_.end()) {
    finished_.insert(finish->second);
    finish_tickets_.erase(finish);
    return;
  }
  const auto node = in_flight_.extract(ticket);
  if (node.empty()) return;
  const InFlight& done = node.mapped();
  RunState& run = *MutableRun(done.run);
  run.ListenersDurable(done.listeners);
  for (const uint32_t list : done.revisit_lists) run.RevisitDurable(list);
  unacked_of_key_[done.key] -= done.bytes;
  LiveJob* job = HeldBy(done.key, done.run, done.job, done.token);
  if (job != nullptr) job->durable_next_seq = done.next_seq;
  Session* session = SessionOf(done.key);
  if (session == nullptr) return;  // it will ask when it is back
  proto::Ack& ack = *Say(session->route, session->id).mutable_ack();
  ack.set_run(done.run);
  ack.set_job(done.job);
  *ack.mutable_token() = done.token;
  ack.set_durable_next_seq(done.next_seq);
  // Released since: its next holder starts behind this batch. The credit is the worker's all the
  // same.
  ack.set_status(job != nullptr ? proto::Ack::OK : proto::Ack::STALE);
  ack.set_credit_bytes(Broken(Rule::kCreditReturned) ? 0 : done.bytes);
}

}  // namespace hark

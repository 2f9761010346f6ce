#include <algorithm>

#include "base/log.h"
#include "base/mutation.h"
#include "base/outcome.h"
#include "base/strings.h"
#include "coordinator/dispatcher.h"

// Batches: what is accepted, what becomes durable, what is acknowledged.

namespace hark {
namespace {

using proto::JobRow;

// The credit and some more: one batch is always allowed, also to a worker that reconnects.
constexpr uint64_t kMaxOverCredit = 4 << 20;
// Of all workers' batches that are not yet durable, as sent; unpacked in the coordinator's memory
// they are ten times that.
constexpr uint64_t kCreditBudget = 32 << 20;
// One batch is always allowed; this is two seconds of a small worker's.
constexpr uint64_t kMinCredit = 32 << 10;

// In one that has none, nobody looks for them: this is of every host of every batch.
std::map<Address, std::vector<std::string>> NamesIn(const RunState& run, const HostBatch& hosts) {
  std::map<Address, std::vector<std::string>> out;
  if (!run.has_names()) return out;
  for (const proto::HostObservation& host : hosts) {
    const std::optional<Address> address = Address::FromBytes(host.address());
    const auto* names = address ? run.NamesOf(*address) : nullptr;
    if (names != nullptr) out.emplace(*address, *names);
  }
  return out;
}

}  // namespace

void Dispatcher::Ack(Session& session, const proto::Batch& batch, proto::Ack::Status status,
                     uint64_t durable_next_seq) {
  proto::Ack& ack = *Say(session.route, session.id).mutable_ack();
  ack.set_run(batch.run());
  ack.set_job(batch.job());
  *ack.mutable_token() = batch.token();
  ack.set_durable_next_seq(durable_next_seq);
  ack.set_status(status);
  ack.set_credit_bytes(ReturnCredit(session, batch.payload().size(), !session.knows_orders()));
}

uint64_t Dispatcher::CreditLimit() const {
  const uint64_t fair = kCreditBudget / std::max<size_t>(1, sessions_.size());
  return std::clamp(fair, std::min(kMinCredit, options_.credit_bytes), options_.credit_bytes);
}

// Under pressure nothing comes back, and with many workers each has less. What was kept back comes
// with a heartbeat when that is over, to an old worker with its next ACK.
uint64_t Dispatcher::ReturnCredit(Session& session, uint64_t answered, bool beyond) {
  session.credit -= std::min(session.credit, answered);
  if (!pressure_.empty()) return 0;
  const uint64_t limit = CreditLimit();
  uint64_t more = limit - std::min(limit, session.credit);
  if (!beyond) more = std::min(more, answered);
  session.credit += more;
  return more;
}

// A batch that does not fit what was leased costs the worker this lease; three cost it the run.
void Dispatcher::RefuseBatch(Session& session, RunState& run, LiveJob& job,
                             const proto::Batch& batch, const Status& why) {
  const std::string what =
      StrCat("sent a bad batch ", batch.seq(), " of job ", batch.job(), ": ", why.message());
  Strike(session.key, session.name, what);
  Note(batch.run(), RecordOf(session.key).last_strike);
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
  const Result<const std::vector<Address>*> targets = TargetsOf(run, *job);
  if (!targets.ok()) {
    LogError("coordinator", targets.status().message());
    return;  // unanswered: it will be sent again
  }
  if (RecordOf(session.key).unacked > options_.credit_bytes + kMaxOverCredit) {
    return RefuseBatch(session, run, *job, batch, Corruption("sent far beyond its credit"));
  }
  const AddressSet none;
  Result<CheckedBatch> checked =
      CheckBatch(batch, run, *job, **targets, Broken(Rule::kOptOutLateRecord) ? none : opt_outs_);
  if (!checked.ok()) return RefuseBatch(session, run, *job, batch, checked.status());
  // A worker that knows orders also knows how far its clock is off. Ours may have been set since
  // the worker asked, so everything it has said counts as now.
  const int64_t offset = batch.clock_offset_ms();
  Status times = ClockWatch::CheckOffset(offset);
  if (times.ok() && session.knows_orders()) {
    times = clock_.CheckVisits(checked->hosts, offset, run.run().created_unix_ms(), now);
  }
  if (!times.ok()) return RefuseBatch(session, run, *job, batch, times);
  AcceptBatch(session, run, *job, batch, std::move(checked).value(), now, unix_ms);
}

void Dispatcher::AcceptBatch(Session& session, RunState& run, LiveJob& job,
                             const proto::Batch& batch, CheckedBatch checked, MonoTime now,
                             int64_t unix_ms) {
  const std::pair<uint32_t, uint32_t> id{batch.run(), batch.job()};
  const bool audit = RunState::IsAudit(job.row);
  if (audit) {
    NoteStandingOut(run, run.Compare(job, batch, checked));
    // Compared, and that is all: the records and the ledger have these targets already.
    if (!Broken(Rule::kAuditKeepsNothing)) checked = CheckedBatch();
  }
  RunInfo& info = infos_.at(batch.run());
  Record& record = RecordOf(session.key);
  record.hosts_merged += checked.hosts.size();
  info.outcomes.resize(kOutcomeCount);
  CommitItem item;
  std::vector<uint32_t> revisit_lists;
  for (proto::HostObservation& host : checked.hosts) {
    host.set_started_unix_ms(
        std::max<int64_t>(0, host.started_unix_ms() + batch.clock_offset_ms()));
    for (const proto::PortObservation& port : host.ports()) {
      if (port.outcome() < info.outcomes.size()) ++info.outcomes[port.outcome()];
    }
    auto revisit = run.ScheduleRevisit(job, host, session.key, now, unix_ms);
    if (!revisit) continue;
    revisit_lists.push_back(revisit->list);
    item.revisits.push_back(std::move(*revisit));
  }
  checked.tally.set_to_revisit(item.revisits.size());
  if (RunState::IsKnocking(job.row)) info.adapter.Count(checked.tally);
  const bool at_end =
      batch.to_index() == job.row.end() || (batch.final() && Broken(Rule::kDoneAtTheEnd));
  run.Accept(job, batch.to_index(), at_end, checked.tally);
  job.deadline = at_end ? kNever : now + options_.lease;
  job.progress_at = now;
  item.run = batch.run();
  if (!Broken(Rule::kCursorWithBatch)) item.jobs = {job.row};
  std::vector<JobRow> audits;
  if (!audit) {
    audits = run.MakeAudits(job, batch, checked, session.key, session.provider);
  }
  if (!Broken(Rule::kAuditWithBatch)) {
    item.jobs.insert(item.jobs.end(), audits.begin(), audits.end());
  }
  for (const Address& address : checked.hits) {
    item.listeners.emplace_back(run.TakeListenerPosition(), address);
  }
  item.names = NamesIn(run, checked.hosts);
  item.swept_from = batch.from_index();
  item.swept = std::move(checked.states);
  item.hosts = std::move(checked.hosts);
  item.job = batch.job();
  item.round = job.row.round();
  item.worker = session.key;
  item.clock_offset_ms = batch.clock_offset_ms();
  item.must_sync = true;
  item.ticket = next_ticket_++;
  in_flight_[item.ticket] = {batch.run(),
                             batch.job(),
                             batch.token(),
                             job.row.next_seq(),
                             item.listeners.size(),
                             std::move(revisit_lists),
                             batch.payload().size(),
                             session.key};
  record.unacked += batch.payload().size();
  unacked_bytes_ += batch.payload().size();
  ++in_flight_of_run_[batch.run()];
  queue_.Submit(std::move(item));
  if (Broken(Rule::kCursorWithBatch)) {
    CommitItem cursor;
    cursor.run = batch.run();
    cursor.jobs = {job.row};
    queue_.Submit(std::move(cursor));
  }
  if (Broken(Rule::kAuditWithBatch)) {
    CommitItem later;
    later.run = batch.run();
    later.jobs = std::move(audits);
    queue_.Submit(std::move(later));
  }
  if (Broken(Rule::kAckAfterSync)) Ack(session, batch, proto::Ack::OK, job.row.next_seq());
  if (at_end) {
    grab_targets_.erase(id);
    trimming_.erase(id);
  } else if (batch.final()) {
    // It gave up a tail we never heard of (a TRIM answered just before a restart): back it goes.
    ReleaseLease(run, job, Blame::kNone);
  }
}

// Once a worker, while this coordinator runs.
void Dispatcher::NoteStandingOut(const RunState& run, const std::optional<std::string>& key) {
  if (!key) return;
  const AuditCount its = run.audits_of().at(*key);
  const AuditCount all = run.audits().findings;
  std::string what = StrCat(
      "worker ", NameOf(*key), " stands out: it and others disagree on ", its.disagreed, " of ",
      its.audited, " findings in run ", run.run().name(), ", the others among them on ",
      all.disagreed - its.disagreed, " of ", all.audited - its.audited,
      "; its network blocks or answers for others, or it does not tell what it sees");
  LogWarning("coordinator", what);
  Note(run.run().id(), std::move(what));
}

void Dispatcher::OnDurable(uint64_t ticket, MonoTime now) {
  if (const auto finish = finish_tickets_.find(ticket); finish != finish_tickets_.end()) {
    finished_.insert(finish->second);
    finish_tickets_.erase(finish);
    return;
  }
  const auto node = in_flight_.extract(ticket);
  if (node.empty()) return SendWrittenJobs(ticket, now);
  const InFlight& done = node.mapped();
  RunState& run = *MutableRun(done.run);
  run.ListenersDurable(done.listeners);
  for (const uint32_t list : done.revisit_lists) run.RevisitDurable(list);
  RecordOf(done.key).unacked -= done.bytes;
  unacked_bytes_ -= done.bytes;
  --in_flight_of_run_[done.run];
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
  const uint64_t credit = ReturnCredit(*session, done.bytes, !session->knows_orders());
  ack.set_credit_bytes(Broken(Rule::kCreditReturned) ? 0 : credit);
}

}  // namespace hark

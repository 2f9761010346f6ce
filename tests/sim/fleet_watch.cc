#include "tests/sim/fleet_watch.h"

#include "base/strings.h"
#include "coordinator/run_state.h"

namespace hark::sim {
namespace {

using proto::JobRow;

// Leases are ended by ticks; one a moment late is in time.
constexpr Duration kTick = std::chrono::milliseconds(250);
constexpr Duration kAuditRest = std::chrono::seconds(5);

JobKey KeyOf(uint32_t run, const JobRow& row) {
  return {run, row.id(), row.token().epoch(), row.token().counter()};
}

bool Leased(const JobRow& row) {
  return row.state() == JobRow::LEASED;
}

}  // namespace

// A restarted coordinator asks those that hold leases what they apply, and lends nobody what is
// theirs. Of a lease that was forgotten it knows no holder; nor does a worker of before orders say.
// The same goes for one whose lease was taken back just before and who has not heard of it.
void FleetWatch::Started(const SimDisk& durable, const std::map<std::string, size_t>& held,
                         MonoTime now) {
  now_ = now;
  const bool power_cut =
      std::exchange(power_cuts_forgot_, durable.forgotten()) != durable.forgotten();
  std::map<std::string, size_t> holders;
  std::set<std::string> forgotten;
  for (const auto& [run, store] : durable.runs) {
    for (const auto& [id, row] : store.is.jobs) {
      if (Leased(row)) ++holders[row.worker()];
    }
  }
  for (const auto& [worker, leases] : held) {
    if (leases > 0 && !holders.contains(worker)) forgotten.insert(worker);
  }
  for (const auto& [id, job] : jobs_) {
    const auto& rows = durable.runs.at(id.first).is.jobs;
    const auto row = rows.find(id.second);
    const bool kept = row != rows.end() && KeyOf(id.first, row->second) == KeyOf(id.first, job.row);
    const bool told = sent_.contains(KeyOf(id.first, job.row));
    if (kept || !told) continue;
    forgotten_.insert(KeyOf(id.first, job.row));
    if (Leased(job.row) && !power_cut) Say("a restart forgot a lease that was sent");
    if (Leased(job.row) && !holders.contains(job.row.worker())) forgotten.insert(job.row.worker());
  }
  if (!jobs_.empty() && (!forgotten.empty() || !old_.empty())) {
    ++shares_unknown_;
    shares_known_from_ = now + std::max(lease_, grace_) + lease_;
  }
  jobs_.clear();
  under_way_.clear();
  bytes_under_way_.clear();
  for (const auto& [run, store] : durable.runs) {
    for (const auto& [id, row] : store.is.jobs) {
      jobs_[{run, id}] = {row, now + std::max(lease_, grace_) - lease_, now};
      // Less than before, if the disk lied.
      if (row.has_token()) durable_[KeyOf(run, row)] = row.next_seq();
    }
  }
}

void FleetWatch::Now(const std::string& sender, const proto::Envelope* message, MonoTime now) {
  sender_ = sender;
  message_ = message;
  now_ = now;
  orders.Now(now);
}

void FleetWatch::Submitted(const CommitItem& item) {
  orders.Submitted(item);
  for (const JobRow& row : item.jobs) {
    const JobKey key = KeyOf(item.run, row);
    Job& job = jobs_[{item.run, row.id()}];
    const Job before = job;
    job.row = row;
    if (RunState::IsAudit(row)) CheckAudit(job, before);
    if (item.ticket != 0 && row.id() == item.job) {
      CheckBatch(item, before, row);
      job.renewed = now_;
    } else {
      CheckLease(item.run, before, row);
      const bool new_lease =
          Leased(row) && (!Leased(before.row) || KeyOf(item.run, before.row) != key);
      if (!new_lease) continue;
      job.renewed = now_;
      orders.Leased(item.run, row.worker());
      const Issued lease{row.worker(), row.cursor(), row.end(), orders.opt_outs_version()};
      if (!issued_.emplace(key, lease).second) Say("a token issued twice");
    }
  }
}

void FleetWatch::CheckBatch(const CommitItem& item, const Job& before, const JobRow& row) {
  if (message_ == nullptr || !message_->has_batch()) return Say("a batch out of nowhere");
  const proto::Batch& batch = message_->batch();
  if (!Leased(before.row) || before.row.worker() != sender_ || item.worker != sender_ ||
      JobKey::Of(batch) != KeyOf(item.run, before.row)) {
    Say("a batch accepted outside its lease");
  }
  if (batch.from_index() != before.row.cursor() || batch.seq() != before.row.next_seq() ||
      batch.to_index() > before.row.end() || row.cursor() != batch.to_index() ||
      row.next_seq() != batch.seq() + 1) {
    Say("a batch accepted that was not the next");
  }
  if (now_ > before.renewed + lease_ + kTick) Say("a batch accepted after its lease");
  const uint64_t bytes = batch.payload().size();
  largest_batch_ = std::max(largest_batch_, bytes);
  under_way_[item.ticket] = {sender_, bytes};
  // One batch is always allowed, so that a small credit cannot stop a worker for ever.
  if ((bytes_under_way_[sender_] += bytes) > credit_ + 4 * largest_batch_) {
    Say("more under way than credit allows");
  }
}

void FleetWatch::Durable(uint64_t ticket) {
  const auto node = under_way_.extract(ticket);
  if (!node.empty()) bytes_under_way_[node.mapped().worker] -= node.mapped().bytes;
}

// It is leased to somebody else than whom it is about, a while after that one was there.
void FleetWatch::CheckAudit(Job& job, const Job& before) {
  // A row that only forgets somebody is written again, too, and nobody was there for that.
  const bool told_more = job.row.end() != before.row.end() || Leased(before.row);
  if (job.row.state() == JobRow::PENDING && told_more) job.said = now_;
  if (!Leased(job.row) || Leased(before.row)) return;
  if (job.row.worker() == job.row.audit().worker()) Say("a worker audits itself");
  if (now_ < job.said + kAuditRest) Say("an audit too soon");
}

bool FleetWatch::IsAudit(uint32_t run, uint32_t job) const {
  const auto known = jobs_.find({run, job});
  return known != jobs_.end() && RunState::IsAudit(known->second.row);
}

uint64_t FleetWatch::OptOutsOf(const JobKey& key) const {
  const auto lease = issued_.find(key);
  return lease == issued_.end() ? 0 : lease->second.opt_outs;
}

void FleetWatch::CheckLease(uint32_t run, const Job& before, const proto::JobRow& row) {
  if (!Leased(before.row)) return;
  const JobKey key = KeyOf(run, before.row);
  const bool same = Leased(row) && KeyOf(run, row) == key;
  if (same && row.end() < before.row.end()) ++trims_;
  const bool over = now_ >= before.renewed + lease_;
  const bool taken = cancelled_.contains(run) || !sent_.contains(key) ||
                     (old_.contains(before.row.worker()) && orders.opt_outs() > 0);
  // Said late, it may already be at work again under it.
  if (!same && (sender_ == before.row.worker() || taken)) forgotten_.insert(key);
  if (!same && !over && !taken && sender_ != before.row.worker())
    Say("a lease ended before its time");
}

void FleetWatch::Applied(uint32_t run, const JobRow& row) {
  if (row.has_token()) durable_[KeyOf(run, row)] = row.next_seq();
}

// From now on its lease counts.
void FleetWatch::CheckJob(const proto::Job& job) {
  const JobKey key = JobKey::Of(job);
  if (!durable_.contains(key)) Say("a JOB before its lease is written");
  sent_.insert(key);
  Job& known = jobs_[{key.run, key.job}];
  if (Leased(known.row) && KeyOf(key.run, known.row) == key) known.renewed = now_;
}

void FleetWatch::CheckVerdicts(const google::protobuf::RepeatedPtrField<proto::Verdict>& verdicts,
                               bool renews) {
  for (const proto::Verdict& verdict : verdicts) {
    if (verdict.kind() != proto::Verdict::KEEP) continue;
    const JobKey key = JobKey::Of(verdict);
    if (verdict.durable_next_seq() > durable_[key]) Say("a verdict that promises too much");
    Job& job = jobs_[{key.run, key.job}];
    if (renews && Leased(job.row) && KeyOf(key.run, job.row) == key) job.renewed = now_;
  }
}

void FleetWatch::Sent(const std::string& /*worker*/, const proto::Envelope& envelope) {
  switch (envelope.body_case()) {
    case proto::Envelope::kAck: {
      const proto::Ack& ack = envelope.ack();
      if (ack.status() == proto::Ack::BAD) Say("an honest worker's batch found bad");
      if (ack.durable_next_seq() > durable_[JobKey::Of(ack)]) Say("acknowledged, not durable");
      return;
    }
    case proto::Envelope::kJob:
      return CheckJob(envelope.job());
    case proto::Envelope::kOrders:
      return orders.Says(envelope.orders());
    case proto::Envelope::kWelcome:
      if (envelope.welcome().has_orders()) orders.Says(envelope.welcome().orders());
      CheckVerdicts(envelope.welcome().held(),
                    welcomed_.insert(envelope.welcome().session()).second);
      return;
    case proto::Envelope::kHeartbeatAck:
      CheckVerdicts(envelope.heartbeat_ack().held(), true);
      return;
    case proto::Envelope::kReject:
      return Say("an honest worker rejected");
    default:  // NOLINT: the others promise nothing
      return;
  }
}

void FleetWatch::Probed(const std::string& worker, const JobKey& key, uint64_t from, uint64_t to) {
  const auto lease = issued_.find(key);
  if (lease == issued_.end() || lease->second.worker != worker || from < lease->second.from ||
      to > lease->second.end) {
    return Say("a probe nobody leased");
  }
  const JobRow& row = jobs_[{key.run, key.job}].row;
  const bool elsewhere = Leased(row) && KeyOf(key.run, row) != key && row.worker() != worker;
  if (elsewhere && !overlap_may_happen_ && !forgotten_.contains(key)) {
    Say("two workers at one job");
  }
}

void FleetWatch::Rates(uint32_t run, double sum, double ceiling) {
  if (now_ >= shares_known_from_ && sum > ceiling * (1 + 1e-6)) {
    Say(run == 0 ? StrCat("shares above the ceiling: ", sum, " of ", ceiling)
                 : StrCat("shares above the ceiling of a run: ", sum, " of ", ceiling));
  }
}

}  // namespace hark::sim

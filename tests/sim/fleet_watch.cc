#include "tests/sim/fleet_watch.h"

#include "base/strings.h"

namespace hark::sim {
namespace {

using proto::JobRow;

constexpr uint32_t kRun = 1;
// Leases are ended by ticks; one a moment late is in time.
constexpr Duration kTick = std::chrono::milliseconds(250);

JobKey KeyOf(const JobRow& row) {
  return {kRun, row.id(), row.token().epoch(), row.token().counter()};
}

bool Leased(const JobRow& row) {
  return row.state() == JobRow::LEASED;
}

}  // namespace

void FleetWatch::Started(const std::map<uint32_t, JobRow>& durable, MonoTime now) {
  now_ = now;
  for (const auto& [id, job] : jobs_) {
    const auto row = durable.find(id);
    const bool kept = row != durable.end() && KeyOf(row->second) == KeyOf(job.row);
    if (!kept) forgotten_.insert(KeyOf(job.row));
  }
  if (!jobs_.empty()) shares_known_from_ = now + std::max(lease_, grace_) + lease_;
  jobs_.clear();
  under_way_.clear();
  bytes_under_way_.clear();
  for (const auto& [id, row] : durable) {
    jobs_[id] = {row, now + std::max(lease_, grace_) - lease_};
  }
}

void FleetWatch::Now(const std::string& sender, const proto::Envelope* message, MonoTime now) {
  sender_ = sender;
  message_ = message;
  now_ = now;
}

void FleetWatch::Submitted(const CommitItem& item) {
  for (const JobRow& row : item.jobs) {
    Job& job = jobs_[row.id()];
    const Job before = job;
    job.row = row;
    if (item.ticket != 0) {
      CheckBatch(item, before, row);
      job.renewed = now_;
    } else {
      CheckLease(before, row);
      const bool new_lease =
          Leased(row) && (!Leased(before.row) || KeyOf(before.row) != KeyOf(row));
      if (!new_lease) continue;
      job.renewed = now_;
      const Issued lease{row.worker(), row.cursor(), row.end()};
      if (!issued_.emplace(KeyOf(row), lease).second) Say("a token issued twice");
    }
  }
}

void FleetWatch::CheckBatch(const CommitItem& item, const Job& before, const JobRow& row) {
  if (message_ == nullptr || !message_->has_batch()) return Say("a batch out of nowhere");
  const proto::Batch& batch = message_->batch();
  if (!Leased(before.row) || before.row.worker() != sender_ || item.worker != sender_ ||
      JobKey::Of(batch) != KeyOf(before.row)) {
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

void FleetWatch::CheckLease(const Job& before, const JobRow& row) {
  if (!Leased(before.row)) return;
  const bool same = Leased(row) && KeyOf(row) == KeyOf(before.row);
  if (same && row.end() < before.row.end()) ++trims_;
  const bool over = now_ >= before.renewed + lease_;
  // Said late, it may already be at work again under it.
  if (!same && sender_ == before.row.worker()) forgotten_.insert(KeyOf(before.row));
  if (!same && !over && sender_ != before.row.worker()) Say("a lease ended before its time");
}

void FleetWatch::Applied(const JobRow& row) {
  if (row.has_token()) durable_[KeyOf(row)] = row.next_seq();
}

void FleetWatch::CheckVerdicts(const google::protobuf::RepeatedPtrField<proto::Verdict>& verdicts,
                               bool renews) {
  for (const proto::Verdict& verdict : verdicts) {
    if (verdict.kind() != proto::Verdict::KEEP) continue;
    const JobKey key = JobKey::Of(verdict);
    if (verdict.durable_next_seq() > durable_[key]) Say("a verdict that promises too much");
    Job& job = jobs_[key.job];
    if (renews && Leased(job.row) && KeyOf(job.row) == key) job.renewed = now_;
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
    case proto::Envelope::kWelcome:
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
  const JobRow& row = jobs_[key.job].row;
  const bool elsewhere = Leased(row) && KeyOf(row) != key && row.worker() != worker;
  if (elsewhere && !overlap_may_happen_ && !forgotten_.contains(key)) {
    Say("two workers at one job");
  }
}

void FleetWatch::Rates(double sum) {
  if (now_ >= shares_known_from_ && sum > ceiling_ * (1 + 1e-9))
    Say(StrCat("shares of ", sum, " in all"));
}

}  // namespace hark::sim

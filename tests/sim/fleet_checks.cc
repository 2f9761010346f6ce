// What must hold after every step and at the end of a simulated history.

#include "base/strings.h"
#include "coordinator/revisit_merge.h"
#include "keys/key_id.h"
#include "tests/sim/fleet.h"

namespace hark::sim {

// Of those that are alive and hold a lease: nobody else sends anything, and whoever has a share
// left from before a coordinator's death gets no lease before its HELLO has told of it.
void Fleet::CheckRates() {
  const auto may_send = [](const Worker& worker) {
    return worker.host != nullptr && worker.session != nullptr && worker.session->leases() > 0;
  };
  double all = 0;
  for (const auto& worker : workers_) {
    if (may_send(*worker)) all += worker->host->rate();
  }
  watch_.Rates(0, all, HighestCeiling(0));
  for (uint32_t run = 1; run <= worlds_.size(); ++run) {
    const double ceiling = HighestCeiling(run);
    if (ceiling == kUnlimited) continue;
    double sum = 0;
    for (const auto& worker : workers_) {
      if (may_send(*worker)) sum += worker->host->RateOf(run);
    }
    watch_.Rates(run, sum, ceiling);
  }
}

// It had its end, and bad luck did not change it: it can make a job that kills nobody look as if it
// did, and the run then says what it left out. Rare enough is what the caller has to judge.
bool Fleet::Whole(const SimStore& store) const {
  return !store.is.run.settings().cancelled() && outcome_.innocent_left_out == 0;
}

void Fleet::CheckEnd() {
  uint64_t poisoned = 0;
  for (const auto& [run, store] : disk_.runs) {
    outcome_.cancelled += store.is.run.settings().cancelled() ? 1 : 0;
    for (const auto& [id, job] : store.is.jobs) {
      const bool left_out = job.state() == proto::JobRow::QUARANTINED;
      const bool guilty =
          left_out && job.kind() == proto::JobRow::SWEEP && store.world().Kills(job.cursor());
      outcome_.splits += job.state() == proto::JobRow::SPLIT ? 1 : 0;
      outcome_.left_out += left_out ? 1 : 0;
      outcome_.innocent_left_out += left_out && !guilty ? 1 : 0;
      poisoned += guilty ? 1 : 0;
    }
  }
  const bool all = Whole(disk_.runs.begin()->second);
  if (all && poisoned != (options_.poison ? 1 : 0)) Break("the poisonous target was not left out");
  for (const auto& [run, store] : disk_.runs) {
    CheckLedger(store);
    CheckThrottled(store);
    CheckAudits(store);
  }
  outcome_.digest = Sha256(digests_);
}

// Everybody who listens is listed and recorded once, but whom a poison or an opt-out kept out.
void Fleet::CheckLedger(const SimStore& store) {
  const SimStore::Content& is = store.is;
  uint64_t covered = 0, answered = 0, excluded = 0, failed = 0, opted_out = 0;
  for (const auto& [id, job] : is.jobs) {
    const bool open = job.state() == proto::JobRow::PENDING || job.state() == proto::JobRow::LEASED;
    const bool cancelled = is.run.settings().cancelled();
    if (job.state() == proto::JobRow::LEASED || (open && !cancelled)) {
      Break("an open job in a run that is done");
    }
    if (job.kind() != proto::JobRow::SWEEP) continue;
    const proto::Tally& t = job.tally();
    covered += t.refused() + t.answered() + t.failed() + t.excluded();
    answered += t.answered();
    failed += t.failed();
    excluded += t.excluded();
  }
  if (!Whole(store)) return;
  uint64_t told_answered = 0, told_excluded = 0;
  for (const auto& [index, state] : is.swept) {
    told_answered += state == TargetState::kAnswered;
    told_excluded += state == TargetState::kExcluded;
  }
  if (is.swept.size() + failed != options_.targets) Break("an index nothing is told of");
  if (told_answered != answered || told_excluded != excluded) Break("states that are not counted");
  if (covered != options_.targets) Break(StrCat("the ledger sums to ", covered));
  if (answered != is.listeners.size()) Break("answers of others than are listed");
  std::set<Address> listed(is.listeners.begin(), is.listeners.end());
  if (listed.size() != is.listeners.size()) Break("a listener listed twice");
  for (uint64_t i = 0; i < options_.targets; ++i) {
    const Address& address = store.world().target[i];
    const bool out = watch_.orders.OptedOut(address);
    opted_out += out ? 1 : 0;
    const auto seen = is.recorded.find(address);
    const bool recorded = seen != is.recorded.end();
    outcome_.kept_out += out && (!recorded || seen->second.excluded) ? 1 : 0;
    if (listed.contains(address) != recorded) Break("one that is listed was not visited");
    const bool expected = store.world().listens(i) && !store.world().Kills(i);
    if (!out && recorded != expected) Break("a host is recorded that should not be, or is not");
    if (!out && recorded && seen->second.excluded) Break("a host left out that never opted out");
  }
  if (excluded > opted_out) Break("more left out than have opted out");
}

void Fleet::CheckThrottled(const SimStore& store) {
  if (!Whole(store)) return;
  uint64_t planned = 0, made = 0, recovered = 0, counted = 0;
  for (const auto& [id, job] : store.is.jobs) {
    planned += job.tally().to_revisit();
    recovered += job.tally().recovered();
    if (job.kind() == proto::JobRow::GRAB_REVISITS) made += job.cursor() - job.base();
    if (job.kind() == proto::JobRow::GRAB_LISTENERS) counted += job.tally().throttled();
  }
  uint64_t shut = 0, opted_out = 0;
  for (const auto& [address, seen] : store.is.recorded) {
    if (watch_.orders.OptedOut(address)) {
      ++opted_out;
      continue;
    }
    const Throttle way = store.world().ThrottleOf(address);
    const bool stays =
        way == Throttle::kForEver || (way == Throttle::kForOneWorker && options_.workers == 1);
    const proto::PortObservation& port = seen.row.observation();
    const bool throttled = StaysThrottled(port);
    if (throttled != stays || (port.ssh().keys_size() == 1) == throttled) {
      Break(StrCat("a host ends ", throttled ? "throttled" : "visited",
                   " that is throttled in way ", static_cast<int>(way)));
    }
    if (throttled && seen.rounds != kThrottleRetries)
      Break("a host given up before the last retry");
    shut += throttled ? 1 : 0;
    digests_ += StrCat(address.ToString(), throttled ? " -\n" : " +\n");
  }
  if (planned != made) Break(StrCat(made, " revisits of ", planned));
  if (counted - recovered < shut || counted - recovered > shut + opted_out)
    Break("the ledger's throttled hosts");
}

// Of everything in the sample there was an audit, held or left out: none was forgotten when the
// coordinator died, none doubled.
void Fleet::CheckAudits(const SimStore& store) {
  std::map<uint64_t, int> knocked;
  uint64_t visits = 0, visits_wanted = 0;
  for (const auto& [id, job] : store.is.jobs) {
    const uint64_t end = job.end() + job.audit().left_out();
    outcome_.audited += job.audit().audited();
    outcome_.audits_left_out += job.audit().left_out();
    if (job.kind() == proto::JobRow::AUDIT_GRAB) visits += end - job.base();
    if (job.kind() != proto::JobRow::AUDIT_SWEEP) continue;
    for (uint64_t i = job.base(); i < end; ++i) ++knocked[i];
  }
  if (options_.poison || !Whole(store)) return;
  const AuditSample sample(kAuditSecret, store.is.run.id(), options_.targets, options_.audit);
  for (const auto& stretch : sample.Within(0, options_.targets)) {
    for (uint64_t i = stretch.from; i < stretch.to; ++i) {
      if (--knocked[i] != 0) return Break("an index of the sample not audited once");
    }
  }
  for (const auto& [address, seen] : store.is.recorded)
    visits_wanted += sample.Has(address) ? 1 : 0;
  // Else some were left in peace.
  const bool all = options_.throttled_share == 0 && watch_.orders.opt_outs() == 0;
  if (all ? visits != visits_wanted : visits > visits_wanted) {
    Break(StrCat(visits, " audits of hosts, of ", visits_wanted));
  }
}

// A while after the end nothing is left to say.
void Fleet::CheckQuiet() {
  for (const auto& worker : workers_) {
    const bool ready =
        worker->session != nullptr && worker->session->state() == WorkerSession::State::kReady;
    if (!ready) continue;
    if (worker->session->leases() > 0) Break("a lease of a run that is done");
    if (worker->spool.jobs() > 0) Break("a spool that nobody will ask for");
    // One without orders has the rest of it with its next ACK.
    const bool later = worker->old && options_.pressure_every > 0;
    if (worker->clean && !later && worker->credit < options_.credit_bytes)
      Break(StrCat("credit that never came back: ", worker->credit, " of ", options_.credit_bytes,
                   worker->old ? ", to a worker without orders" : ""));
  }
}

}  // namespace hark::sim

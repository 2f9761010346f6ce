// What must hold after every step and at the end of a simulated history.

#include "base/strings.h"
#include "coordinator/revisit_merge.h"
#include "keys/key_id.h"
#include "tests/sim/fleet.h"

namespace hark::sim {

// Of those that are alive.
void Fleet::CheckRates() {
  double sum = 0;
  for (const auto& worker : workers_) {
    if (worker->host != nullptr) sum += worker->host->rate();
  }
  watch_.Rates(sum);
}

void Fleet::CheckEnd() {
  const auto expect = [&](bool good, const std::string& what) {
    if (!good) Break(what);
  };
  uint64_t covered = 0, answered = 0;
  for (const auto& [id, job] : disk_.jobs) {
    const bool left_out = job.state() == proto::JobRow::QUARANTINED;
    const bool poisoned =
        left_out && job.kind() == proto::JobRow::SWEEP && options_.poison == job.cursor();
    outcome_.splits += job.state() == proto::JobRow::SPLIT ? 1 : 0;
    outcome_.left_out += left_out ? 1 : 0;
    outcome_.innocent_left_out += left_out && !poisoned ? 1 : 0;
    const bool open = job.state() == proto::JobRow::PENDING || job.state() == proto::JobRow::LEASED;
    expect(!open, "an open job in a run that is done");
    if (job.kind() != proto::JobRow::SWEEP) continue;
    const proto::Tally& t = job.tally();
    covered += t.refused() + t.answered() + t.failed();
    answered += t.answered();
  }
  expect(covered == options_.targets, StrCat("the ledger sums to ", covered));
  // Bad luck can make a job that kills nobody look as if it did: the run then says what it left
  // out. Rare enough is what the caller has to judge.
  if (outcome_.innocent_left_out > 0) return;
  const size_t expected = world_.expected_listeners();
  const uint64_t poisoned = options_.poison ? 1 : 0;
  expect(outcome_.left_out == poisoned, StrCat(outcome_.left_out, " targets left out"));
  expect(answered == expected, StrCat(answered, " answers of ", expected));
  expect(disk_.listeners.size() == expected, StrCat(disk_.listeners.size(), " listeners listed"));
  expect(disk_.recorded.size() == expected, StrCat(disk_.recorded.size(), " hosts recorded"));
}

void Fleet::CheckThrottled() {
  if (outcome_.innocent_left_out > 0) return;
  uint64_t planned = 0, made = 0, recovered = 0, counted = 0;
  for (const auto& [id, job] : disk_.jobs) {
    planned += job.tally().to_revisit();
    recovered += job.tally().recovered();
    if (job.kind() == proto::JobRow::GRAB_REVISITS) made += job.cursor() - job.base();
    if (job.kind() == proto::JobRow::GRAB_LISTENERS) counted += job.tally().throttled();
  }
  uint64_t shut = 0;
  std::string all;
  for (const auto& [address, seen] : disk_.recorded) {
    const Throttle way = world_.ThrottleOf(address);
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
    all += StrCat(address.ToString(), throttled ? " -\n" : " +\n");
  }
  outcome_.digest = Sha256(all);
  if (planned != made) Break(StrCat(made, " revisits of ", planned));
  if (counted - recovered != shut) Break("the ledger's throttled hosts");
}

// A while after the end nothing is left to say.
void Fleet::CheckQuiet() {
  for (const auto& worker : workers_) {
    const bool ready =
        worker->session != nullptr && worker->session->state() == WorkerSession::State::kReady;
    if (!ready) continue;
    if (worker->session->leases() > 0) Break("a lease of a run that is done");
    if (worker->spool.jobs() > 0) Break("a spool that nobody will ask for");
    if (worker->clean && worker->credit < options_.credit_bytes)
      Break("credit that never came back");
  }
}

}  // namespace hark::sim

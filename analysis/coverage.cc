#include "analysis/coverage.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "storage/job_ledger.h"

namespace hark {
namespace {

void AddJob(const proto::JobRow& job, Ledger& ledger, std::vector<std::string>& errors) {
  const proto::Tally& tally = job.tally();
  ledger.silent += tally.silent();
  ledger.refused += tally.refused();
  ledger.unreachable += tally.unreachable();
  ledger.answered += tally.answered();
  ledger.throttled += tally.throttled();
  ledger.failed += tally.failed();
  ledger.excluded_late += tally.excluded();
  std::string error = JobLedgerError(job);
  if (!error.empty()) errors.push_back(std::move(error));
}

// What is missing is pending while the run goes on, and an error afterwards.
void Close(std::string_view what, bool done, Ledger& ledger, std::vector<std::string>& errors) {
  const uint64_t settled = ledger.settled();
  ledger.pending = ledger.planned > settled ? ledger.planned - settled : 0;
  if (settled > ledger.planned || (done && settled < ledger.planned)) {
    errors.push_back(StrCat("the ledger counts ", settled, " of ", ledger.planned, " ", what));
  }
}

// Visits do not say in which of the two their host stands; it makes no difference to the sums.
void Recover(uint64_t hosts, Ledger& first, Ledger& second, std::vector<std::string>& errors) {
  const uint64_t of_second = hosts - std::min(hosts, first.throttled);
  if (of_second > second.throttled) {
    errors.push_back(
        StrCat(hosts, " throttled hosts answered later, of ", first.throttled + second.throttled));
    return;
  }
  first.throttled -= hosts - of_second;
  first.answered += hosts - of_second;
  second.throttled -= of_second;
  second.answered += of_second;
}

// Hosts that were counted in a state when they were visited, and are in no record any more.
void TakeOut(const proto::Tally& gone, Ledger& ledger, std::vector<std::string>& errors) {
  const std::pair<uint64_t*, uint64_t> states[] = {
      {&ledger.silent, gone.silent()},           {&ledger.refused, gone.refused()},
      {&ledger.unreachable, gone.unreachable()}, {&ledger.answered, gone.answered()},
      {&ledger.throttled, gone.throttled()},     {&ledger.failed, gone.failed()},
      {&ledger.excluded_late, gone.excluded()}};
  for (const auto& [state, count] : states) {
    if (count > *state) errors.push_back(StrCat(count, " hosts were purged, of ", *state));
    const uint64_t moved = std::min(count, *state);
    *state -= moved;
    ledger.purged += moved;
  }
}

}  // namespace

Result<Coverage> ReadCoverage(const RunReader& reader) {
  const proto::RunRow& run = reader.run();
  Coverage out;
  uint64_t recovered = 0, listeners = 0;
  out.excluded = run.excluded();
  out.excluded_special = run.excluded_special();
  out.excluded_listed = run.excluded_listed();
  out.excluded_opted_out = run.excluded_opted_out();
  out.plan.planned = run.planned();
  HARK_RETURN_IF_ERROR(reader.ForEachJob([&](const proto::JobRow& job) {
    out.revisits.planned += job.tally().to_revisit();
    recovered += job.tally().recovered();
    switch (job.kind()) {
      case proto::JobRow::SWEEP:
        listeners += job.tally().answered() + job.tally().throttled();
        AddJob(job, out.plan, out.errors);
        break;
      case proto::JobRow::GRAB_TARGETS:
        AddJob(job, out.plan, out.errors);
        out.rechecked += job.tally().rechecked();
        out.found_again += job.tally().found_again();
        break;
      case proto::JobRow::GRAB_LISTENERS:
        AddJob(job, out.grabs, out.errors);
        break;
      case proto::JobRow::GRAB_REVISITS:
        AddJob(job, out.revisits, out.errors);
        break;
      case proto::JobRow::AUDIT_SWEEP:
      case proto::JobRow::AUDIT_GRAB:
        break;  // targets that the other jobs count
      default:  // proto enums are open: a newer hark may know more kinds
        out.errors.push_back(StrCat("job ", job.id(), " is of a kind this hark does not know"));
    }
    return Status::Ok();
  }));
  const bool done = run.state() == proto::RunRow::DONE;
  if (run.gate_port() != 0) out.grabs.planned = listeners;
  Close("planned targets", done, out.plan, out.errors);
  Close("listeners found", done, out.grabs, out.errors);
  Close("revisits", done, out.revisits, out.errors);
  Recover(recovered, out.grabs, out.plan, out.errors);
  HARK_ASSIGN_OR_RETURN(const proto::PurgeRow purged, reader.Purged());
  proto::Tally of_plan = purged.plan();
  of_plan.set_answered(of_plan.answered() + purged.listeners());
  const proto::Tally& swept = purged.swept();  // its answered are the listeners
  of_plan.set_silent(of_plan.silent() + swept.silent());
  of_plan.set_refused(of_plan.refused() + swept.refused());
  of_plan.set_unreachable(of_plan.unreachable() + swept.unreachable());
  of_plan.set_failed(of_plan.failed() + swept.failed());
  TakeOut(of_plan, out.plan, out.errors);
  TakeOut(purged.grabs(), out.grabs, out.errors);
  out.sums_to_plan = out.errors.empty();
  return out;
}

}  // namespace hark

#include "cli/store_status.h"

#include <algorithm>

#include "base/strings.h"
#include "base/time.h"
#include "coordinator/opt_outs.h"
#include "coordinator/run_registry.h"
#include "coordinator/run_settings.h"

namespace hark {
namespace {

proto::RunStatus::State StateOf(const proto::RunRow& run, int64_t unix_ms) {
  const bool done = run.state() == proto::RunRow::DONE;
  if (run.settings().cancelled()) {
    return done ? proto::RunStatus::CANCELLED : proto::RunStatus::CANCELLING;
  }
  if (done) return proto::RunStatus::DONE;
  if (run.settings().paused()) return proto::RunStatus::PAUSED;
  return ClosedFor(run.settings(), unix_ms) ? proto::RunStatus::OUTSIDE_WINDOW
                                            : proto::RunStatus::OPEN;
}

void PutPlan(const proto::RunRow& run, int64_t unix_ms, proto::RunStatus* out) {
  out->set_id(run.id());
  out->set_name(run.name());
  out->set_country(run.country());
  out->set_state(StateOf(run, unix_ms));
  *out->mutable_settings() = run.settings();
  out->set_created_unix_ms(run.created_unix_ms());
  out->set_finished_unix_ms(run.finished_unix_ms());
  out->set_eta_ms(-1);
  out->set_oldest_lease_ms(-1);
  const std::optional<Duration> closed = ClosedFor(run.settings(), unix_ms);
  if (closed) out->set_window_opens_ms(ToMillis(*closed));
}

void PutTotals(const RunState::Totals& totals, MonoTime now, proto::RunStatus* out) {
  out->set_planned(totals.planned);
  out->set_covered(totals.covered);
  out->set_listeners(totals.listeners);
  out->set_visited(totals.visited);
  out->set_quarantined(totals.quarantined);
  *out->mutable_sweep() = totals.sweep;
  out->set_jobs_pending(totals.pending);
  out->set_jobs_leased(totals.leased);
  out->set_jobs_done(totals.done);
  out->set_revisits_waiting(totals.revisits_waiting);
  out->set_next_revisit_ms(totals.next_revisit == kNever
                               ? -1
                               : std::max<int64_t>(0, ToMillis(totals.next_revisit - now)));
}

std::string WhyOpen(const proto::JobRow& job) {
  if (job.state() == proto::JobRow::LEASED) return "leased when the coordinator last wrote";
  return "no coordinator runs";
}

void PutJobs(const std::vector<proto::JobRow>& jobs, uint32_t most, proto::RunStatus* out) {
  for (const proto::JobRow& job : jobs) {
    const bool open = job.state() == proto::JobRow::PENDING || job.state() == proto::JobRow::LEASED;
    if (!open || out->jobs_size() >= static_cast<int>(most)) continue;
    proto::JobStatus& row = *out->add_jobs();
    row.set_id(job.id());
    row.set_kind(job.kind());
    row.set_base(job.base());
    row.set_end(job.end());
    row.set_cursor(job.cursor());
    row.set_why(WhyOpen(job));
    row.set_no_progress(job.no_progress());
    row.set_suspect(job.suspect());
  }
}

}  // namespace

Result<proto::FleetStatus> StatusOfStore(const Store& store, const proto::GetStatus& what,
                                         int64_t unix_ms) {
  HARK_ASSIGN_OR_RETURN(const std::vector<proto::RunRow> runs, store.Runs());
  HARK_ASSIGN_OR_RETURN(const OptOuts opt_outs, LoadOptOuts(store));
  proto::FleetStatus status;
  status.set_unix_ms(unix_ms);
  status.set_exclusions_version(opt_outs.version);
  const MonoTime now = SystemClock().Now();
  for (const proto::RunRow& run : runs) {
    const bool meant =
        what.run().empty() ? run.state() == proto::RunRow::OPEN : run.name() == what.run();
    if (!meant) continue;
    HARK_ASSIGN_OR_RETURN(RunState state, LoadRun(store, run));
    state.StartClock(now, unix_ms);
    proto::RunStatus& row = *status.add_runs();
    PutPlan(run, unix_ms, &row);
    PutTotals(state.Sum(), now, &row);
    row.set_ledger_error(state.LedgerError());
    HARK_ASSIGN_OR_RETURN(const std::vector<proto::JobRow> jobs, store.Jobs(run.id()));
    PutJobs(jobs, what.max_jobs(), &row);
  }
  if (!what.run().empty() && status.runs().empty()) {
    return InvalidInput(StrCat("no run '", EscapeForDisplay(what.run()),
                               "' in the store; hark run list shows them"));
  }
  return status;
}

}  // namespace hark

#include "cli/scan_command.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "analysis/coverage.h"
#include "base/strings.h"
#include "cli/exit_code.h"
#include "cli/geo_targets.h"
#include "cli/kept_flags.h"
#include "cli/opt_out_add.h"
#include "cli/progress_line.h"
#include "cli/remember_command.h"
#include "cli/report_command.h"
#include "cli/scan_options.h"
#include "cli/service.h"
#include "cli/signals.h"
#include "coordinator/run_registry.h"

namespace hark {
namespace {

// How long workers may take to finish what is in flight after a Ctrl-C; a second one ends that.
constexpr Duration kDrainTime = std::chrono::seconds(15);
// After the last record is durable nothing is in flight: workers only say goodbye.
constexpr Duration kGoodbyeTime = std::chrono::seconds(2);

// One scan, from an opened store to runs that are done or interrupted.
class Scan {
 public:
  Scan(const ScanOptions& options, Store& store, const GeoTable& geo, ControlFile& control,
       std::vector<proto::RunRow> runs)
      : quiet_(options.quiet),
        runs_(std::move(runs)),
        service_(options.service, store, geo, control, clock_) {}

  Status Run(StopSignals& signals);

 private:
  Status Work(StopSignals& signals);
  std::vector<RunPart> Parts();
  void ShowProgress();
  bool Done() { return service_.dispatcher().AllRunsDone(); }

  const bool quiet_;
  const std::vector<proto::RunRow> runs_;
  SystemClock clock_;
  Service service_;
  std::unique_ptr<ProgressLine> progress_;
};

std::vector<RunPart> Scan::Parts() {
  std::vector<RunPart> parts;
  for (const proto::RunRow& run : runs_) {
    const RunState& state = *service_.dispatcher().FindRun(run.id());
    const bool done = state.run().state() == proto::RunRow::DONE;
    parts.push_back({run.name(), state.Sum(), done});
  }
  return parts;
}

void Scan::ShowProgress() {
  if (quiet_ || !progress_->Due(clock_.Now())) return;
  const std::vector<RunPart> parts = Parts();
  const std::string text = progress_->Update(SumOf(parts), service_.dispatcher().Workers(),
                                             clock_.Now(), PartsText(parts));
  std::fputs(text.c_str(), stderr);
}

Status Scan::Run(StopSignals& signals) {
  HARK_RETURN_IF_ERROR(service_.Start(runs_));
  progress_ =
      std::make_unique<ProgressLine>(isatty(STDERR_FILENO) != 0, SumOf(Parts()), clock_.Now());
  Status status = Work(signals);
  std::fputs(progress_->End().c_str(), stderr);
  return status;
}

Status Scan::Work(StopSignals& signals) {
  while (!Done() && signals.Count() == 0) {
    HARK_RETURN_IF_ERROR(service_.Turn());
    ShowProgress();
  }
  HARK_RETURN_IF_ERROR(service_.Leave(Done() ? kGoodbyeTime : kDrainTime, signals));
  if (Done()) return Status::Ok();
  return {StatusCode::kInterrupted, "interrupted; the same command goes on where this one stopped"};
}

void Announce(const Plan& plan, const OpenedRun& opened) {
  const proto::RunRow& run = opened.run;
  std::fprintf(stderr, "run %s: %s targets, %s excluded, %s%s\n", run.name().c_str(),
               WithThousands(run.planned()).c_str(), WithThousands(run.excluded()).c_str(),
               run.gate_port() == 0 ? "no gate" : StrCat("gate port ", run.gate_port()).c_str(),
               opened.resumed ? "; resumed" : "");
  const std::string kept =
      opened.resumed ? KeptFlags(run.policy(), plan.run.policy()) : std::string();
  if (!kept.empty() && run.state() == proto::RunRow::OPEN) {
    std::fprintf(stderr, "note: the run keeps what it began with:%s\n", kept.c_str());
  }
}

// How long it may take, of what has not begun yet.
void AnnounceTime(const ScanOptions& options, const std::vector<OpenedRun>& opened) {
  uint64_t planned = 0;
  for (const OpenedRun& run : opened) planned += run.resumed ? 0 : run.run.planned();
  if (options.quiet || planned == 0) return;
  const double seconds = static_cast<double>(planned) / options.service.pace.rate;
  std::fprintf(stderr, "at %s probes/s the plan%s alone take%s about %s\n",
               WithThousands(static_cast<uint64_t>(options.service.pace.rate)).c_str(),
               opened.size() == 1 ? "" : "s", opened.size() == 1 ? "s" : "",
               DurationText(Duration(static_cast<int64_t>(seconds * 1e9))).c_str());
}

// A mismatch is an error, also for those who do not read the report.
Status CheckLedger(const Store& store, const std::string& run) {
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<RunReader> reader, store.ReadRun(run));
  HARK_ASSIGN_OR_RETURN(const Coverage coverage, ReadCoverage(*reader));
  if (coverage.errors.empty()) return Status::Ok();
  return Corruption(
      StrCat("the ledger of run ", run, " does not add up: ", coverage.errors.front()));
}

// All of them before the first run is made: a mistake in the last country makes none.
Result<std::vector<Plan>> PlansOf(const ScanOptions& options, const GeoTable& geo) {
  HARK_RETURN_IF_ERROR(TakeOptOutFile(options.service.db, options.plan.opt_out_file, geo));
  HARK_ASSIGN_OR_RETURN(const OptOuts opt_outs, ReadOptOuts(options.service.db));
  std::vector<Plan> plans;
  for (const std::string& country : CountriesOf(options.plan)) {
    HARK_ASSIGN_OR_RETURN(Plan plan, PlanOf(options.plan, country, geo, opt_outs));
    HARK_RETURN_IF_ERROR(CheckStrangers(options.plan, plan));
    plans.push_back(std::move(plan));
  }
  return plans;
}

// Those that there is still work on.
std::vector<proto::RunRow> OpenAmong(const std::vector<OpenedRun>& opened) {
  std::vector<proto::RunRow> open;
  for (const OpenedRun& run : opened) {
    if (run.run.state() != proto::RunRow::DONE) open.push_back(run.run);
  }
  return open;
}

void SayComplete(const std::vector<OpenedRun>& opened) {
  const bool all = OpenAmong(opened).empty();
  for (const OpenedRun& run : opened) {
    if (run.run.state() != proto::RunRow::DONE) continue;
    std::fprintf(stderr, "run %s is complete already%s\n", run.run.name().c_str(),
                 all ? "; give another --run for a new one" : "");
  }
}

Status WorkOn(const ScanOptions& options, const GeoTable& geo, Store& store,
              std::vector<proto::RunRow> runs, StopSignals& signals) {
  HARK_ASSIGN_OR_RETURN(ControlFile control, ControlFile::Hold(options.service.db));
  Scan scan(options, store, geo, control, std::move(runs));
  const Status status = scan.Run(signals);
  if (status.code() != StatusCode::kDiskFull) return status;
  return {StatusCode::kDiskFull, StrCat(status.message(),
                                        "; what was acknowledged is safe: free some space and "
                                        "give the same command again")};
}

// The names of the finished runs.
Result<std::vector<std::string>> ScanToTheEnd(const ScanOptions& options) {
  HARK_ASSIGN_OR_RETURN(const GeoTable geo, LoadGeo(options.plan.geo));
  HARK_ASSIGN_OR_RETURN(const std::vector<Plan> plans, PlansOf(options, geo));
  StopSignals signals;  // not before: reading stdin ends with a Ctrl-C as usual
  Result<std::unique_ptr<Store>> store = Store::Open(options.service.db, Store::Mode::kReadWrite);
  if (!store.ok()) return store.status().Prepend("--db");
  HARK_ASSIGN_OR_RETURN(const std::vector<OpenedRun> opened,
                        OpenRuns(**store, plans, options.plan.run, SystemClock().UnixMillis()));
  for (size_t i = 0; i < plans.size(); ++i) Announce(plans[i], opened[i]);
  AnnounceTime(options, opened);
  SayComplete(opened);
  const std::vector<proto::RunRow> open = OpenAmong(opened);
  if (!open.empty()) HARK_RETURN_IF_ERROR(WorkOn(options, geo, **store, open, signals));
  for (const proto::RunRow& run : open) HARK_RETURN_IF_ERROR(CheckLedger(**store, run.name()));
  HARK_RETURN_IF_ERROR(RememberFinishedRuns(**store, options.quiet, signals));
  std::vector<std::string> names;
  for (const OpenedRun& run : opened) names.push_back(run.run.name());
  return names;
}

}  // namespace

int RunScan(const std::vector<std::string>& args) {
  Result<std::optional<ScanOptions>> options = ParseScanOptions(args);
  if (!options.ok()) return Fail("hark scan", options.status());
  if (!options->has_value()) return 0;
  const Result<std::vector<std::string>> runs = ScanToTheEnd(**options);
  if (!runs.ok()) return Fail("hark scan", runs.status());
  if ((*options)->no_report) return 0;
  int exit_code = 0;
  for (const std::string& run : *runs) {
    if (&run != &runs->front()) std::puts("");
    exit_code =
        std::max(exit_code, RunReportCommand({"--db=" + (*options)->service.db, "--run=" + run}));
  }
  return exit_code;
}

}  // namespace hark

#include "cli/scan_command.h"

#include <unistd.h>

#include <cstdio>
#include <memory>

#include "analysis/coverage.h"
#include "base/strings.h"
#include "cli/exit_code.h"
#include "cli/kept_flags.h"
#include "cli/opt_out_add.h"
#include "cli/progress_line.h"
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
// One scan, from an opened store to a run that is done or interrupted.
class Scan {
 public:
  Scan(const ScanOptions& options, Store& store, const GeoTable& geo, ControlFile& control,
       proto::RunRow run)
      : quiet_(options.quiet),
        run_(std::move(run)),
        service_(options.service, store, geo, control, clock_) {}

  Status Run(StopSignals& signals);

 private:
  Status Work(StopSignals& signals);
  void ShowProgress();
  bool Done() { return service_.dispatcher().AllRunsDone(); }

  const bool quiet_;
  const proto::RunRow run_;
  SystemClock clock_;
  Service service_;
  std::unique_ptr<ProgressLine> progress_;
};

void Scan::ShowProgress() {
  if (quiet_ || !progress_->Due(clock_.Now())) return;
  const Dispatcher& dispatcher = service_.dispatcher();
  const std::string text =
      progress_->Update(dispatcher.FindRun(run_.id())->Sum(), dispatcher.Workers(), clock_.Now());
  std::fputs(text.c_str(), stderr);
}

Status Scan::Run(StopSignals& signals) {
  HARK_RETURN_IF_ERROR(service_.Start({run_}));
  progress_ = std::make_unique<ProgressLine>(
      isatty(STDERR_FILENO) != 0, service_.dispatcher().FindRun(run_.id())->Sum(), clock_.Now());
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

void Announce(const ScanOptions& options, const Plan& plan, const OpenedRun& opened) {
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
  if (!options.quiet && !opened.resumed) {
    const double seconds = static_cast<double>(run.planned()) / options.service.pace.rate;
    std::fprintf(stderr, "at %s probes/s the plan alone takes about %s\n",
                 WithThousands(static_cast<uint64_t>(options.service.pace.rate)).c_str(),
                 DurationText(Duration(static_cast<int64_t>(seconds * 1e9))).c_str());
  }
}

// A mismatch is an error, also for those who do not read the report.
Status CheckLedger(const Store& store, const std::string& run) {
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<RunReader> reader, store.ReadRun(run));
  HARK_ASSIGN_OR_RETURN(const Coverage coverage, ReadCoverage(*reader));
  if (coverage.errors.empty()) return Status::Ok();
  return Corruption(StrCat("the ledger does not add up: ", coverage.errors.front()));
}

// The name of the finished run.
Result<std::string> ScanToTheEnd(const ScanOptions& options) {
  HARK_ASSIGN_OR_RETURN(const GeoTable geo, LoadGeo(options.plan.geo));
  HARK_RETURN_IF_ERROR(TakeOptOutFile(options.service.db, options.plan.opt_out_file, geo));
  HARK_ASSIGN_OR_RETURN(const OptOuts opt_outs, ReadOptOuts(options.service.db));
  HARK_ASSIGN_OR_RETURN(const Plan plan, PlanOf(options.plan, options.plan.country, geo, opt_outs));
  HARK_RETURN_IF_ERROR(CheckStrangers(options.plan, plan));
  StopSignals signals;  // not before: reading stdin ends with a Ctrl-C as usual
  Result<std::unique_ptr<Store>> store = Store::Open(options.service.db, Store::Mode::kReadWrite);
  if (!store.ok()) return store.status().Prepend("--db");
  HARK_ASSIGN_OR_RETURN(const OpenedRun opened,
                        OpenRun(**store, plan, options.plan.run, SystemClock().UnixMillis()));
  Announce(options, plan, opened);
  if (opened.run.state() == proto::RunRow::DONE) {
    std::fprintf(stderr, "run %s is complete already; give another --run for a new one\n",
                 opened.run.name().c_str());
    return opened.run.name();
  }
  HARK_ASSIGN_OR_RETURN(ControlFile control, ControlFile::Hold(options.service.db));
  Scan scan(options, **store, geo, control, opened.run);
  const Status status = scan.Run(signals);
  if (status.code() == StatusCode::kDiskFull) {
    return Status(StatusCode::kDiskFull,
                  StrCat(status.message(),
                         "; what was acknowledged is safe: free some space and "
                         "give the same command again"));
  }
  HARK_RETURN_IF_ERROR(status);
  HARK_RETURN_IF_ERROR(CheckLedger(**store, opened.run.name()));
  return opened.run.name();
}

}  // namespace

int RunScan(const std::vector<std::string>& args) {
  Result<std::optional<ScanOptions>> options = ParseScanOptions(args);
  if (!options.ok()) return Fail("hark scan", options.status());
  if (!options->has_value()) return 0;
  const Result<std::string> run = ScanToTheEnd(**options);
  if (!run.ok()) return Fail("hark scan", run.status());
  if ((*options)->no_report) return 0;
  return RunReportCommand({"--db=" + (*options)->service.db, "--run=" + *run});
}

}  // namespace hark

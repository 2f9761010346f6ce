#include "cli/run_status_command.h"

#include <cstdio>
#include <thread>

#include "base/strings.h"
#include "cli/exit_code.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "cli/status_source.h"
#include "cli/status_text.h"
#include "cli/status_watch.h"

namespace hark {
namespace {

constexpr char kName[] = "hark run status";
constexpr uint32_t kMostJobs = 10'000;

struct StatusOptions {
  StatusQuestion question;
  std::string format = "text";
  bool watch = false;
};

Status CheckLedgers(const LedgerErrors& errors) {
  for (const auto& [run, why] : errors) {
    if (!why.empty()) {
      return Corruption(StrCat("the ledger of run ", run, " does not add up: ", why.front()));
    }
  }
  return Status::Ok();
}

Status Print(const StatusOptions& options) {
  HARK_ASSIGN_OR_RETURN(const proto::FleetStatus status, StatusSource(options.question).Now());
  HARK_ASSIGN_OR_RETURN(const LedgerErrors errors, FindLedgerErrors(options.question.db, status));
  if (options.format == "json") {
    HARK_RETURN_IF_ERROR(WriteOutput("", StatusAsJson(status, errors)));
    return CheckLedgers(errors);
  }
  StatusLimits limits;
  limits.jobs = options.question.jobs;
  HARK_RETURN_IF_ERROR(WriteOutput("", StatusText(status, StyleOfStdout(), limits)));
  return CheckLedgers(errors);
}

// Until Ctrl-C; a coordinator that is away for a while is no reason to end.
Status Watch(const StatusOptions& options) {
  StopSignals signals;
  StatusSource source(options.question);
  while (signals.Count() == 0) {
    const Result<proto::FleetStatus> status = source.Now();
    const std::string frame = status.ok()
                                  ? StatusFrame(*status, StyleOfStdout(), ScreenOfStdout())
                                  : FrameOf(status.status().message() + "\n", ScreenOfStdout());
    HARK_RETURN_IF_ERROR(WriteOutput("", frame));
    std::this_thread::sleep_for(kStatusEvery);
  }
  return Status::Ok();
}

}  // namespace

int RunRunStatus(const std::vector<std::string>& args) {
  StatusOptions options;
  FlagSet flags(
      kName, "how far the runs are, what each waits for, and who works on them",
      {{"db", Text(&options.question.db, "DIR"), "the store", true},
       {"format", Choice(&options.format, {"text", "json"}), "how to print"},
       {"jobs", Number(&options.question.jobs, 0, kMostJobs, "N"), "open jobs to tell of each run"},
       {"watch", Switch(&options.watch), "again every second, until Ctrl-C"}});
  flags.SetPositionalList("RUN");
  flags.SetExamples({"hark run status --db=out/db", "hark run status --db=out/db --watch",
                     "hark run status --db=out/db --format=json --jobs=1000 NA-20261122"});
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(kName, parsed.status());
  if (parsed->help) return Fail(kName, WriteOutput("", flags.Help()));
  if (parsed->positional.size() > 1) return Fail(kName, InvalidInput("give one RUN, or none"));
  if (!parsed->positional.empty()) options.question.run = parsed->positional.front();
  if (options.watch && options.format == "json") {
    return Fail(kName, InvalidInput("--watch shows text; ask again for --format=json"));
  }
  return Fail(kName, options.watch ? Watch(options) : Print(options));
}

}  // namespace hark

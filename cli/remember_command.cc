#include "cli/remember_command.h"

#include <cstdio>

#include "base/strings.h"
#include "base/time.h"
#include "cli/exit_code.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "coordinator/remembering.h"

namespace hark {
namespace {

constexpr char kName[] = "hark db remember";
constexpr Duration kQuietly = std::chrono::seconds(1);

Status RememberIn(const std::string& db, bool quiet) {
  StopSignals signals;
  Result<std::unique_ptr<Store>> store = Store::Open(db, Store::Mode::kReadWrite);
  if (!store.ok()) return store.status().Prepend("--db");
  return RememberFinishedRuns(**store, quiet, signals);
}

}  // namespace

Status RememberFinishedRuns(Store& store, bool quiet, StopSignals& signals) {
  const SystemClock clock;
  const MonoTime start = clock.Now();
  bool told = false;
  const auto goes_on = [&](const std::string& run, uint64_t hosts) {
    if (!quiet && clock.Now() - start > kQuietly) {
      std::fprintf(stderr, "\rrun %s enters the history: %s hosts", run.c_str(),
                   WithThousands(hosts).c_str());
      told = true;
    }
    return signals.Count() == 0;
  };
  const Result<bool> whole = RememberRuns(store, goes_on);
  if (told) std::fputs("\n", stderr);
  if (!whole.ok()) return whole.status().Prepend("the runs are safe, but not yet in the history");
  if (!*whole) std::fputs("the history is taken up again by the next command\n", stderr);
  return Status::Ok();
}

int RunDbRemember(const std::vector<std::string>& args) {
  std::string db;
  bool quiet = false;
  FlagSet flags(
      kName, "put what finished runs found into the history",
      {{"db", Text(&db, "DIR"), "the store"}, {"quiet", Switch(&quiet), "no progress on stderr"}});
  flags.SetExamples({"hark db remember --db=out/db"});
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(kName, parsed.status());
  if (parsed->help) return Fail(kName, WriteOutput("", flags.Help()));
  if (db.empty()) return Fail(kName, InvalidInput("give the store with --db=DIR"));
  return Fail(kName, RememberIn(db, quiet));
}

}  // namespace hark

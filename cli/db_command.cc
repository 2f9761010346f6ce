#include "cli/db_command.h"

#include <algorithm>
#include <functional>

#include "base/moment.h"
#include "base/strings.h"
#include "cli/db_text.h"
#include "cli/exit_code.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "storage/store.h"

namespace hark {
namespace {

constexpr int64_t kMillis = 1000;

struct DbWishes {
  std::string db;
  std::string format = "text";
  std::string output;
  bool count = false;
  bool repair = false;
  std::string before;
  bool runs = false;
  bool compact = true;
};

Flag Db(DbWishes& wishes, const char* help) {
  return {"db", Text(&wishes.db, "DIR"), help, true};
}

// Parses and does it; the text goes out.
int Do(const char* name, const FlagSet& flags, const std::vector<std::string>& args,
       DbWishes& wishes, const std::function<Result<std::string>()>& work) {
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(name, parsed.status());
  if (parsed->help) return Fail(name, WriteOutput("", flags.Help()));
  const Result<std::string> text = work();
  if (!text.ok()) return Fail(name, text.status());
  return Fail(name, WriteOutput(wishes.output, *text));
}

Result<std::string> Stats(const DbWishes& wishes) {
  HARK_ASSIGN_OR_RETURN(const auto store, Store::Open(wishes.db, Store::Mode::kReadOnly));
  HARK_ASSIGN_OR_RETURN(const StoreStats stats, ReadStoreStats(*store, wishes.count));
  if (wishes.format == "json") return StatsAsJson(stats);
  return StatsAsText(stats, wishes.output.empty() ? StyleOfStdout() : TextStyle());
}

Result<std::string> Prune(const DbWishes& wishes) {
  const Result<int64_t> before = ParseMoment(wishes.before);
  if (!before.ok()) return before.status().Prepend("--before");
  HARK_ASSIGN_OR_RETURN(const auto store, Store::Open(wishes.db, Store::Mode::kReadWrite));
  HARK_ASSIGN_OR_RETURN(const PruneDone done,
                        PruneStore(*store, {(*before + kMillis - 1) / kMillis, wishes.runs}));
  if (wishes.compact) HARK_RETURN_IF_ERROR(CompactStore(*store));
  return PruneAsText(done);
}

Result<std::string> Compact(const DbWishes& wishes) {
  HARK_ASSIGN_OR_RETURN(const auto store, Store::Open(wishes.db, Store::Mode::kReadWrite));
  HARK_RETURN_IF_ERROR(CompactStore(*store));
  HARK_ASSIGN_OR_RETURN(const StoreStats stats, ReadStoreStats(*store, false));
  uint64_t bytes = 0;
  for (const FamilyStats& family : stats.families) bytes += family.table_bytes + family.blob_bytes;
  return StrCat("the store takes ", WithThousands(bytes), " bytes\n");
}

}  // namespace

int RunDbStats(const std::vector<std::string>& args) {
  constexpr char kName[] = "hark db stats";
  DbWishes wishes;
  FlagSet flags(
      kName, "what a store holds, and how much",
      {Db(wishes, "the store; it may be in use"),
       {"count", Switch(&wishes.count), "count every entry: reads the whole store"},
       {"format", Choice(&wishes.format, {"text", "json"}), "how to print"},
       {"output", Text(&wishes.output, "FILE"), "write there instead of to the terminal"}});
  flags.SetExamples(
      {"hark db stats --db=out/db", "hark db stats --db=out/db --count --format=json"});
  return Do(kName, flags, args, wishes, [&] { return Stats(wishes); });
}

// Exit code 1 while something is wrong: a script that asks wants to know.
int RunDbCheck(const std::vector<std::string>& args) {
  constexpr char kName[] = "hark db check";
  DbWishes wishes;
  FlagSet flags(
      kName, "does every index entry have its record, and back",
      {Db(wishes, "the store; it may be in use, but not with --repair"),
       {"repair", Switch(&wishes.repair), "make again what is derived from something else"},
       {"format", Choice(&wishes.format, {"text", "json"}), "how to print"},
       {"output", Text(&wishes.output, "FILE"), "write there instead of to the terminal"}});
  flags.SetExamples({"hark db check --db=out/db", "hark db check --db=out/db --repair"});
  bool good = false;
  const int code = Do(kName, flags, args, wishes, [&]() -> Result<std::string> {
    const Store::Mode mode = wishes.repair ? Store::Mode::kReadWrite : Store::Mode::kReadOnly;
    HARK_ASSIGN_OR_RETURN(const auto store, Store::Open(wishes.db, mode));
    HARK_ASSIGN_OR_RETURN(const CheckReport report, CheckStore(*store, wishes.repair));
    good = report.good(wishes.repair);
    return wishes.format == "json" ? CheckAsJson(report, wishes.repair)
                                   : CheckAsText(report, wishes.repair);
  });
  const bool help = std::find(args.begin(), args.end(), "--help") != args.end();
  return code == 0 && !good && !help ? 1 : code;
}

int RunDbRestore(const std::vector<std::string>& args) {
  constexpr char kName[] = "hark db restore";
  DbWishes wishes;
  std::string from;
  uint32_t id = 0;
  bool list = false;
  FlagSet flags(kName, "a new store from a backup",
                {{"from", Text(&from, "DIR"), "where hark db backup wrote to", true},
                 {"db", Text(&wishes.db, "DIR"), "the new store; must not exist"},
                 {"id", Number(&id, 1, UINT32_MAX, "N"), "which backup, without it the newest"},
                 {"list", Switch(&list), "only tell which backups there are"}});
  flags.SetExamples({"hark db restore --from=/backups/hark --db=out/db2",
                     "hark db restore --from=/backups/hark --list"});
  return Do(kName, flags, args, wishes, [&]() -> Result<std::string> {
    std::string text;
    if (list) {
      HARK_ASSIGN_OR_RETURN(const std::vector<StoreBackup> backups, BackupsIn(from));
      for (const StoreBackup& backup : backups) text += BackupAsText(backup);
      return text;
    }
    if (wishes.db.empty()) return InvalidInput("--db: needs the directory of the new store");
    HARK_ASSIGN_OR_RETURN(const StoreBackup backup, RestoreStore(from, id, wishes.db));
    return "restored " + BackupAsText(backup);
  });
}

int RunDbPrune(const std::vector<std::string>& args) {
  constexpr char kName[] = "hark db prune";
  DbWishes wishes;
  FlagSet flags(
      kName, "forget what is older than a day",
      {Db(wishes, "the store; nobody else may write it meanwhile"),
       {"before", Text(&wishes.before, "TIME"), "visits before that go, UTC, e.g. 2018-04-30",
        true},
       {"runs", Switch(&wishes.runs), "also runs that were finished before that, with all rows"},
       {"compact", Switch(&wishes.compact), "give the space back to the disk afterwards"}});
  flags.SetExamples({"hark db prune --db=out/db --before=2025-01-01",
                     "hark db prune --db=out/db --before=2025-01-01 --runs"});
  return Do(kName, flags, args, wishes, [&] { return Prune(wishes); });
}

int RunDbCompact(const std::vector<std::string>& args) {
  constexpr char kName[] = "hark db compact";
  DbWishes wishes;
  FlagSet flags(kName, "put a store's tables together, so that what was removed leaves the disk",
                {Db(wishes, "the store; nobody else may write it meanwhile")});
  flags.SetExamples({"hark db compact --db=out/db"});
  return Do(kName, flags, args, wishes, [&] { return Compact(wishes); });
}

}  // namespace hark

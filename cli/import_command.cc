#include "cli/import_command.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "base/moment.h"
#include "base/strings.h"
#include "cli/exit_code.h"
#include "cli/flags.h"
#include "cli/import_ndjson.h"
#include "cli/import_progress_line.h"
#include "cli/import_redis.h"
#include "cli/output.h"
#include "cli/signals.h"
#include "coordinator/purge.h"
#include "exchange/import_driver.h"
#include "exchange/import_queue.h"
#include "exchange/reject_file.h"
#include "exchange/run_sink.h"

namespace hark {
namespace {

constexpr char kImport[] = "hark import";

struct ImportWishes {
  std::string db;
  std::string from = "auto";
  std::string run;
  std::string country;
  std::string reject;
  std::string at;
  std::string redis;
  std::vector<std::string> ports;
  bool again = false;
  bool quiet = false;
  std::vector<std::string> files;
};

std::string Counted(uint64_t n, std::string_view one, std::string_view many) {
  return StrCat(WithThousands(n), " ", n == 1 ? one : many);
}

std::string SummaryOf(const ImportCounts& counts) {
  std::string text = StrCat(Counted(counts.lines, "record", "records"), ", ",
                            Counted(counts.hosts, "visit", "visits"), " of hosts, ",
                            Counted(counts.ports, "port", "ports"), ", ",
                            WithThousands(counts.rejected), " rejected\n");
  for (const auto& [reason, count] : counts.reasons) {
    text += StrCat("  ", WithThousands(count), " ", EscapeForDisplay(reason), "\n");
  }
  return text;
}

Result<std::map<std::string, uint16_t>> ParsePorts(const std::vector<std::string>& texts) {
  std::map<std::string, uint16_t> ports;
  for (const std::string& text : texts) {
    const size_t colon = text.find(':');
    const auto port = ParseUint(colon == text.npos ? "" : std::string_view(text).substr(colon + 1));
    if (colon == 0 || !port || *port == 0 || *port > UINT16_MAX) {
      return InvalidInput(
          StrCat("--port: '", EscapeForDisplay(text), "' is no module and port like tls:8443"));
    }
    ports[text.substr(0, colon)] = static_cast<uint16_t>(*port);
  }
  return ports;
}

// The folder that a survey's records lie in may not be in what was typed.
std::string WholePath(const std::string& path) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::absolute(path, error);
  return error ? path : whole.string();
}

Status CheckCountry(const std::string& country) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (country.empty()) return Status::Ok();
  if (country.size() == 2 && upper(country[0]) && upper(country[1])) return Status::Ok();
  return InvalidInput(
      StrCat("--country: '", EscapeForDisplay(country), "' is no two capital letters"));
}

// All files of one command, one after another, into one opened store.
class Import {
 public:
  Import(const ImportWishes& wishes, ImportOptions options, Store& store, RejectFile& rejects)
      : wishes_(wishes), options_(std::move(options)), store_(store), rejects_(rejects) {}

  Status Run(StopSignals& signals) {
    if (!wishes_.run.empty()) {
      const std::string source = StrCat("imported from ", Join(wishes_.files, ", "));
      HARK_ASSIGN_OR_RETURN(run_, OpenImportedRun(store_, {wishes_.run, wishes_.country, source}));
    }
    for (const std::string& file : wishes_.files) {
      HARK_RETURN_IF_ERROR(File(file, signals));
    }
    if (!wishes_.redis.empty()) {
      const auto goes_on = [&] { return signals.Count() == 0; };
      HARK_RETURN_IF_ERROR(ImportRedis(wishes_.redis, store_, rejects_, goes_on, &total_));
    }
    if (wishes_.run.empty()) return Status::Ok();
    return FinishImportedRun(store_, wishes_.run);
  }

  const ImportCounts& total() const { return total_; }

 private:
  Status File(const std::string& path, StopSignals& signals) {
    HARK_ASSIGN_OR_RETURN(const ImportFormat* const format, ChooseImportFormat(path, wishes_.from));
    if (format->only_history && !wishes_.run.empty()) {
      return InvalidInput(StrCat("--run: ", format->name, " tells of no visits a run is made of"));
    }
    HARK_ASSIGN_OR_RETURN(const std::unique_ptr<ByteSource> bytes, ByteSource::Open(path));
    std::string name;
    ImportProgress from;
    if (!bytes->identity().empty()) {
      name = ImportProgressName(bytes->identity(), format->name, wishes_.run);
      HARK_ASSIGN_OR_RETURN(from, Known(name));
    }
    if (from.done) {
      std::fprintf(stderr, "%s: in the store already; --again reads it once more\n",
                   EscapeForDisplay(path).c_str());
      AddCounts(from.counts, &total_);
      return Status::Ok();
    }
    if (from.next_line > 1) {
      std::fprintf(stderr, "%s: goes on at line %s\n", EscapeForDisplay(path).c_str(),
                   WithThousands(from.next_line).c_str());
      HARK_RETURN_IF_ERROR(rejects_.TruncateTo(from.reject_bytes));
    }
    Status status = Read(path, *format, *bytes, name, from, signals);
    return status.ok() || status.code() == StatusCode::kInterrupted
               ? status
               : status.Prepend(EscapeForDisplay(path));
  }

  Result<ImportProgress> Known(const std::string& name) const {
    HARK_ASSIGN_OR_RETURN(const std::optional<std::string> text, store_.Meta(name));
    const auto known = text ? DecodeImportProgress(*text) : std::optional<ImportProgress>();
    return known && !(known->done && wishes_.again) ? *known : ImportProgress();
  }

  Status Read(const std::string& path, const ImportFormat& format, ByteSource& bytes,
              const std::string& name, const ImportProgress& from, StopSignals& signals) {
    std::unique_ptr<ImportTarget> target;
    if (wishes_.run.empty()) {
      target = std::make_unique<HistoryTarget>(store_, name, rejects_, path);
    } else {
      target = std::make_unique<RunTarget>(store_, name, rejects_, path, run_);
    }
    ImportQueue queue(*target, from);
    ImportOptions options = options_;
    options.path = path;
    if (options.at_unix_ms == 0) options.at_unix_ms = MomentInPath(WholePath(path));
    ImportProgressLine line(isatty(STDERR_FILENO) != 0, path, clock_.Now());
    const auto goes_on = [&](const ImportStanding& standing) {
      const std::string text = line.Update(standing, queue.counts().rejected, clock_.Now());
      if (!wishes_.quiet) std::fputs(text.c_str(), stderr);
      return signals.Count() == 0;
    };
    const Result<bool> ended = ReadSource(bytes, format, options, from, queue, goes_on);
    if (!wishes_.quiet) std::fputs(line.End().c_str(), stderr);
    // What was read before the source broke off is kept.
    const Status stored = queue.Finish(ended.ok() && *ended);
    AddCounts(queue.counts(), &total_);
    if (!ended.ok()) return ended.status();
    HARK_RETURN_IF_ERROR(stored);
    if (*ended) return Status::Ok();
    return {StatusCode::kInterrupted,
            "interrupted; the same command goes on where this one stopped"};
  }

  const ImportWishes& wishes_;
  const ImportOptions options_;
  Store& store_;
  RejectFile& rejects_;
  SystemClock clock_;
  proto::RunRow run_;
  ImportCounts total_;
};

Status ImportOwn(const ImportWishes& wishes, Store& store, RejectFile& rejects,
                 StopSignals& signals) {
  for (const std::string& file : wishes.files) {
    const Result<std::string> text = ImportHarkNdjson(store, file, wishes.run, rejects, signals);
    if (!text.ok()) return text.status().Prepend(EscapeForDisplay(file));
    std::fputs(text->c_str(), stdout);
  }
  return Status::Ok();
}

// Whoever asked to be taken out of the store does not come back by an import, whole or cut short.
Status WithoutPurged(Store& store, Status imported) {
  HARK_ASSIGN_OR_RETURN(const uint64_t again, PurgeAgain(store));
  if (again > 0) {
    std::fprintf(stderr, "%s of hosts whose owners asked not to be in the store: left out\n",
                 Counted(again, "visit", "visits").c_str());
  }
  return imported;
}

Status DoImport(const ImportWishes& wishes) {
  if (wishes.files.empty() && wishes.redis.empty()) {
    return InvalidInput("needs files to read; '-' is stdin");
  }
  if (!wishes.redis.empty() && !wishes.run.empty()) {
    return InvalidInput("--redis: a Passive SSH tells of no visits a run is made of");
  }
  HARK_RETURN_IF_ERROR(CheckCountry(wishes.country));
  ImportOptions options;
  HARK_ASSIGN_OR_RETURN(options.ports, ParsePorts(wishes.ports));
  if (!wishes.at.empty()) {
    Result<int64_t> at = ParseMoment(wishes.at);
    if (!at.ok()) return at.status().Prepend("--at");
    options.at_unix_ms = *at;
  }
  RejectFile rejects;
  if (!wishes.reject.empty()) {
    HARK_ASSIGN_OR_RETURN(rejects, RejectFile::Open(wishes.reject));
  }
  HARK_ASSIGN_OR_RETURN(const bool own, AreHarkNdjson(wishes.files, wishes.from));
  StopSignals signals;
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<Store> store,
                        Store::Open(wishes.db, Store::Mode::kReadWrite));
  if (own) return WithoutPurged(*store, ImportOwn(wishes, *store, rejects, signals));
  Import import(wishes, std::move(options), *store, rejects);
  const Status status = WithoutPurged(*store, import.Run(signals));
  std::fputs(SummaryOf(import.total()).c_str(), stdout);
  return status;
}

}  // namespace

int RunImport(const std::vector<std::string>& args) {
  ImportWishes wishes;
  std::vector<std::string> formats = {"auto", "ndjson"};
  for (const ImportFormat& format : ImportFormats()) formats.emplace_back(format.name);
  FlagSet flags(
      kImport, "records of other programs into the history, or into a run",
      {{"db", Text(&wishes.db, "DIR"), "the store; made if there is none", true},
       {"from", Choice(&wishes.from, formats), "what the files are"},
       {"run", Text(&wishes.run, "NAME"), "also as a run, for reports, clusters and comparisons"},
       {"country", Text(&wishes.country, "CC"),
        "the run's country; hosts of which the source tells none are taken as in it"},
       {"reject", Text(&wishes.reject, "FILE"), "records that cannot be used, with reasons"},
       {"at", Text(&wishes.at, "TIME"), "when records were made that do not say it themselves"},
       {"port", List(&wishes.ports, "MODULE:PORT"), "zgrab2: where a module looked"},
       {"redis", Text(&wishes.redis, "ADDRESS:PORT[,DB]"),
        "a whole Passive SSH out of its Redis or kvrocks; nothing is written there"},
       {"again", Switch(&wishes.again), "read files once more that are in the store already"},
       {"quiet", Switch(&wishes.quiet), "no progress"}});
  flags.SetPositionalList("FILE");
  flags.SetExamples({"hark import --db=out/db --reject=bad.ndjson grabs.ndjson.zst",
                     "hark import --db=out/db --run=IE-2018 --country=IE "
                     "IE-20180316-172301/records.fresh",
                     "zcat ssh.json.gz | hark import --db=out/db --from=zgrab2 -"});
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(kImport, parsed.status());
  if (parsed->help) return Fail(kImport, WriteOutput("", flags.Help()));
  wishes.files = parsed->positional;
  return Fail(kImport, DoImport(wishes));
}

}  // namespace hark

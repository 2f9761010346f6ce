#include "cli/export_command.h"

#include <cstdio>
#include <functional>

#include "base/strings.h"
#include "base/time.h"
#include "cli/exit_code.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/output_folder.h"
#include "cli/output_stream.h"
#include "cli/probe_flags.h"
#include "cli/scope_flags.h"
#include "exchange/key_lines.h"
#include "exchange/misp_writer.h"
#include "exchange/ndjson_history_writer.h"
#include "exchange/ndjson_run_writer.h"
#include "exchange/passive_ssh_writer.h"
#include "exchange/shown_port.h"
#include "exchange/surveys_writer.h"
#include "exchange/zgrab_json.h"

namespace hark {
namespace {

constexpr char kName[] = "hark export";
constexpr int64_t kMillis = 1000;

struct ExportWishes {
  std::string db;
  std::string format = "ndjson";
  std::string output;
  ScopeWishes scope;
};

// Ports one after another, from the runs that were named or from the history.
class ExportSource {
 public:
  static Result<ExportSource> Open(const ExportWishes& wishes) {
    ExportSource source;
    // These two tell of conversations, which only runs have: without --run the newest.
    const bool of_runs = wishes.format == "zgrab2" || wishes.format == "surveys";
    if (of_runs || !wishes.scope.runs.empty()) {
      HARK_ASSIGN_OR_RETURN(source.run_, OpenScope(wishes.db, wishes.scope));
      return source;
    }
    HARK_ASSIGN_OR_RETURN(source.filter_, FilterOf(wishes.scope));
    HARK_ASSIGN_OR_RETURN(source.run_.store, Store::Open(wishes.db, Store::Mode::kReadOnly));
    source.history_ = source.run_.store->ReadHistory();
    return source;
  }

  bool is_run() const { return run_.reader != nullptr; }
  const ScopedRun& run() const { return run_; }
  const HistoryReader& history() const { return *history_; }
  const HistoryFilter& filter() const { return filter_; }
  std::string name() const {
    return is_run() ? StrCat("run ", run_.reader->run().name()) : std::string("history");
  }

  Status ForEach(bool each_visit, const ShownVisitor& visit) const {
    return is_run() ? ForEachShown(*run_.reader, visit)
                    : ForEachShown(*history_, filter_, each_visit, visit);
  }

 private:
  // The history knows hosts, ports and times; what geo data said of a host stands in its run.
  static Result<HistoryFilter> FilterOf(const ScopeWishes& wishes) {
    HARK_ASSIGN_OR_RETURN(const Scope scope, ScopeOf(wishes));
    if (!scope.asns.empty() || !scope.countries.empty() || scope.chooses_keys()) {
      return InvalidInput(
          "the history knows no AS, country or lists of keys; with --run=NAME they can be asked "
          "for");
    }
    if (wishes.together) return InvalidInput("--together: needs --run=NAME,NAME");
    HistoryFilter filter;
    filter.prefixes = scope.prefixes;
    filter.ports = scope.ports;
    const auto seconds = [](int64_t ms) { return (ms + kMillis - 1) / kMillis; };
    if (scope.since_unix_ms) filter.since_unix_s = seconds(*scope.since_unix_ms);
    if (scope.until_unix_ms) filter.until_unix_s = seconds(*scope.until_unix_ms);
    return filter;
  }

  ScopedRun run_;  // its store is the history's, too
  std::unique_ptr<HistoryReader> history_;
  HistoryFilter filter_;
};

Status WriteNdjson(const ExportSource& source, const TextSink& sink) {
  if (!source.is_run()) return WriteHistoryNdjson(source.history(), source.filter(), sink);
  return WriteRunNdjson(*source.run().store, *source.run().reader, {source.run().words}, sink);
}

Status WriteMisp(const ExportSource& source, const TextSink& sink) {
  MispWriter writer({StrCat("hark ", source.name()), SystemClock().UnixMillis() / kMillis}, sink);
  HARK_RETURN_IF_ERROR(writer.Begin());
  HARK_RETURN_IF_ERROR(
      source.ForEach(false, [&](const ShownPort& shown) { return writer.Add(shown); }));
  return writer.End();
}

using LineMaker = std::function<std::string(const ShownPort&)>;

Status WriteLines(const ExportSource& source, bool each_visit, const LineMaker& lines,
                  const TextSink& sink) {
  return source.ForEach(each_visit, [&](const ShownPort& shown) {
    const std::string text = lines(shown);
    return text.empty() ? Status::Ok() : sink(text);
  });
}

Status WriteZgrab2(const RunReader& reader, const TextSink& sink) {
  Zgrab2Writer writer(reader);
  const auto flush = [&] {
    const std::string line = writer.End();
    return line.empty() ? Status::Ok() : sink(line);
  };
  const auto begin = [&](const Address& address, const proto::HostRow& row) -> Status {
    HARK_RETURN_IF_ERROR(flush());
    writer.Begin(address, row);
    return Status::Ok();
  };
  const auto add = [&](const Address&, uint16_t port, const proto::PortRow& row) {
    return writer.Add(port, row);
  };
  HARK_RETURN_IF_ERROR(reader.ForEachRecord(begin, add));
  return flush();
}

Status WriteFolder(const ExportWishes& wishes, const ExportSource& source) {
  if (wishes.output.empty()) return InvalidInput("--output: surveys needs a new directory");
  HARK_ASSIGN_OR_RETURN(OutputFolder folder, OutputFolder::Make(wishes.output));
  const FolderSink sink = [&](const std::string& file, std::string_view piece) {
    return folder.Append(file, piece);
  };
  HARK_ASSIGN_OR_RETURN(const SurveysSummary summary, WriteSurveys(*source.run().reader, sink));
  HARK_RETURN_IF_ERROR(folder.Finish());
  std::fprintf(stderr, "%s: %s records, %s hosts with keys, %s clusters\n", kName,
               WithThousands(summary.records).c_str(), WithThousands(summary.with_keys).c_str(),
               WithThousands(summary.clusters).c_str());
  return Status::Ok();
}

Status WriteFormat(const std::string& format, const ExportSource& source, const TextSink& sink) {
  if (format == "ndjson") return WriteNdjson(source, sink);
  if (format == "misp") return WriteMisp(source, sink);
  if (format == "zgrab2") return WriteZgrab2(*source.run().reader, sink);
  if (format == "passive-ssh") return WriteLines(source, true, PassiveSshRecord, sink);
  if (format == "known_hosts") return WriteLines(source, false, KnownHostsLines, sink);
  if (format == "sshfp") return WriteLines(source, false, SshfpLines, sink);
  if (format == "moduli") {
    HashMemory written;
    const LineMaker lines = [&](const ShownPort& shown) { return ModuliLines(shown, written); };
    return WriteLines(source, false, lines, sink);
  }
  HARK_RETURN_IF_ERROR(sink(CsvHeading()));
  return WriteLines(source, false, CsvLines, sink);
}

Status Export(const ExportWishes& wishes) {
  HARK_ASSIGN_OR_RETURN(const ExportSource source, ExportSource::Open(wishes));
  if (wishes.format == "surveys") return WriteFolder(wishes, source);
  HARK_ASSIGN_OR_RETURN(const auto output, OutputStream::Open(wishes.output));
  const TextSink sink = [&](std::string_view piece) { return output->Write(piece); };
  HARK_RETURN_IF_ERROR(WriteFormat(wishes.format, source, sink));
  return output->Finish();
}

}  // namespace

int RunExport(const std::vector<std::string>& args) {
  ExportWishes wishes;
  FlagSet flags(
      kName, "what the store holds, in formats of others and in hark's own",
      AllFlags({{{"db", Text(&wishes.db, "DIR"), "the store to read", true},
                 {"format",
                  Choice(&wishes.format, {"ndjson", "zgrab2", "surveys", "passive-ssh",
                                          "known_hosts", "sshfp", "csv", "moduli", "misp"}),
                  "ndjson is complete and can be imported again; docs/export.md has them all"},
                 {"output", Text(&wishes.output, "FILE"), "write there instead of to stdout"}},
                ScopeFlags(wishes.scope)}));
  flags.SetExamples({"hark export --db=out/db --run=IE-20260315 --output=ie.ndjson",
                     "hark export --db=out/db > everything-ever-seen.ndjson",
                     "hark export --db=out/db --format=known_hosts --prefix=192.0.2.0/24",
                     "hark export --db=out/db --run=IE-20260315 --format=misp --asn=AS64496"});
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(kName, parsed.status());
  if (parsed->help) return Fail(kName, WriteOutput("", flags.Help()));
  return Fail(kName, Export(wishes));
}

}  // namespace hark

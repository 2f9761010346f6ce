#include "cli/compare_command.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "analysis/facts_tables.h"
#include "analysis/run_comparison.h"
#include "analysis/scope.h"
#include "analysis/super_clusters.h"
#include "base/strings.h"
#include "cli/compare_json.h"
#include "cli/compare_picture.h"
#include "cli/compare_tables.h"
#include "cli/cross_json.h"
#include "cli/cross_picture.h"
#include "cli/cross_tables.h"
#include "cli/exit_code.h"
#include "cli/facts_flags.h"
#include "cli/flags.h"
#include "cli/judged_links.h"
#include "cli/output.h"
#include "cli/probe_flags.h"
#include "cli/render_text.h"
#include "cli/scope_flags.h"
#include "storage/store.h"

namespace hark {
namespace {

constexpr char kName[] = "hark compare";
// On a terminal a list is a taste; the other formats have as much as was kept.
constexpr size_t kRowsOnTerminal = 10;
constexpr size_t kHostsOfAKindOnTerminal = 3;
constexpr size_t kSuperClustersOnTerminal = 5;  // with their members,
constexpr size_t kMembersOnTerminal = 12;       // so many
// A thread and a snapshot a run: more runs than the 249 country codes are a mistake.
constexpr size_t kMaxRuns = 256;

struct CompareOptions {
  std::string db;
  ScopeWishes scope;
  TrustFlags trust;
  std::string format = "text";
  std::string output;
  bool cross = false;
  bool lone_hosts = false;
  bool include_answers_all = false;
  uint64_t max_events = 1000;
};

FlagSet Flags(CompareOptions& options) {
  FlagSet flags(
      kName, "what became of a run's clusters, hosts and keys; keys that cross the runs' borders",
      AllFlags(
          {{{"db", Text(&options.db, "DIR"), "the store to read", true},
            {"cross", Switch(&options.cross),
             "which clusters of all these runs show common keys, instead of what became of them"},
            {"lone_hosts", Switch(&options.lone_hosts),
             "with --cross: also keys of hosts that are in no cluster of their run"},
            {"together", Switch(&options.scope.together),
             "a RUN may be several, A,B: they are taken for one"},
            {"format", Choice(&options.format, {"text", "json", "csv", "markdown", "svg", "dot"}),
             "json is described in docs/formats/compare.md; svg and dot show the complex part, or "
             "the super-clusters"},
            {"max_events", Number(&options.max_events, 0, UINT32_MAX, "N"),
             "list so many events of each kind at most; counts are always of all"},
            {"include_answers_all", Switch(&options.include_answers_all),
             "let hosts that answer on every port take part like others"},
            {"output", Text(&options.output, "FILE"), "write there instead of to the terminal"}},
           PartFlags(options.scope),
           TrustFlagTable(&options.trust)}));
  flags.SetPositionalList("RUN");
  flags.SetExamples(
      {"hark compare IE-20171130 IE-20180316 --db=out/db",
       "hark compare IE-20171130 IE-20180316 --db=out/db --format=svg --output=ie.svg",
       "hark compare --cross IE-2018 EE-2018 NA-2018 --db=out/db",
       "hark compare IE-20171130 IE-20180316 --db=out/db --ports=22 --without_keys=cdn.txt",
       "hark compare IE-2017,UK-2017 IE-2018,UK-2018 --together --db=out/db",
       "hark compare --cross IE-2018 EE-2018 --lone_hosts --db=out/db --format=json"});
  return flags;
}

Status CheckRuns(const CompareOptions& options, const ParsedFlags& parsed) {
  const std::vector<std::string>& runs = parsed.positional;
  if (runs.size() < 2) {
    return InvalidInput(StrCat(runs.empty() ? "needs runs to compare" : "needs a second run",
                               ", RUN1 RUN2; hark run list shows what there is"));
  }
  if (!options.cross && runs.size() > 2) {
    return InvalidInput("compares two runs, RUN1 RUN2; with --cross any number");
  }
  if (runs.size() > kMaxRuns) {
    return InvalidInput(StrCat(runs.size(), " runs are more than ", kMaxRuns, " at a time"));
  }
  std::vector<std::string> sorted = runs;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end()) {
    return InvalidInput(StrCat("run '", EscapeForDisplay(*twice), "' is given twice"));
  }
  if (options.lone_hosts && !options.cross) {
    return InvalidInput("--lone_hosts goes with --cross; two runs' lone hosts always count");
  }
  if (options.cross && parsed.given.count("max_events") > 0) {
    return InvalidInput("--max_events is of two runs' events; --cross has none");
  }
  if (options.trust.given() && !options.cross) {
    return InvalidInput("--ca_bundle and --at go with --cross; two runs' events are of keys alone");
  }
  return Status::Ok();
}

// More names would not fit on the one line an error has.
constexpr size_t kRunsNamed = 8;

Status NoSuchRun(const std::string& name, const std::vector<proto::RunRow>& runs) {
  if (runs.empty()) return InvalidInput("the store holds no run yet; hark scan makes one");
  std::vector<std::string> names;
  for (size_t i = runs.size(); i-- > 0 && names.size() < kRunsNamed;) {
    names.push_back(EscapeForDisplay(runs[i].name()));
  }
  return InvalidInput(StrCat("no run '", EscapeForDisplay(name), "' in the store; it has ",
                             Join(names, ", "),
                             runs.size() > names.size() ? " and older ones" : ""));
}

// The store and the runs' readers, in the order they were named.
struct OpenedRuns {
  std::unique_ptr<Store> store;  // declared first: outlives the readers
  std::vector<std::unique_ptr<RunReader>> readers;
  std::vector<std::string> scope;  // which part of each, in words
};

// Of "A,B" both, when they are to be taken for one.
std::vector<std::string> RunsOf(const CompareOptions& options, const std::string& name) {
  if (!options.scope.together) return {name};
  std::vector<std::string> out;
  for (const std::string_view one : Split(name, ',')) out.emplace_back(one);
  return out;
}

Result<OpenedRuns> OpenRuns(const CompareOptions& options, const std::vector<std::string>& names) {
  OpenedRuns out;
  HARK_ASSIGN_OR_RETURN(const Scope scope, ScopeOf(options.scope));
  out.scope = ScopeWords(scope);
  HARK_ASSIGN_OR_RETURN(out.store, Store::Open(options.db, Store::Mode::kReadOnly));
  HARK_ASSIGN_OR_RETURN(const std::vector<proto::RunRow> runs, out.store->Runs());
  for (const std::string& name : names) {
    const std::vector<std::string> together = RunsOf(options, name);
    for (const std::string& one : together) {
      const bool known = std::any_of(runs.begin(), runs.end(),
                                     [&](const proto::RunRow& run) { return run.name() == one; });
      if (!known) return NoSuchRun(one, runs);
    }
    HARK_ASSIGN_OR_RETURN(out.readers.emplace_back(), ReadTogether(*out.store, together, scope));
  }
  return out;
}

std::string Rendered(const std::string& what, const std::vector<std::string>& scope,
                     const std::vector<Table>& tables, const CompareOptions& options) {
  const std::string headline = scope.empty() ? what : StrCat(what, " (", Join(scope, "; "), ")");
  if (options.format == "csv") {
    std::string out = "table,row,column,value\n";
    for (const Table& table : tables) out += TableAsCsv(table);
    return out;
  }
  if (options.format == "markdown") {
    std::string out = StrCat("# hark compare\n\n", headline, "\n");
    for (const Table& table : tables) out += "\n" + TableAsMarkdown(table);
    return out;
  }
  const TextStyle style = options.output.empty() ? StyleOfStdout() : TextStyle{};
  std::string out = style.Heading(headline) + "\n";
  for (const Table& table : tables) out += "\n" + TableAsText(table, style);
  return out;
}

Result<std::string> CompareTwo(const CompareOptions& options, const OpenedRuns& opened) {
  const bool picture = options.format == "svg" || options.format == "dot";
  size_t listed = picture ? 0 : options.max_events;
  if (options.format == "text") listed = std::min(listed, kRowsOnTerminal);
  HARK_ASSIGN_OR_RETURN(
      const RunComparison comparison,
      CompareRuns(*opened.readers[0], *opened.readers[1], listed, options.include_answers_all));
  if (options.format == "json") return ComparisonAsJson(comparison, opened.scope);
  if (options.format == "svg") return ComparisonAsSvg(comparison);
  if (options.format == "dot") return ComparisonAsDot(comparison);
  ListSizes sizes;
  sizes.links = options.format == "csv";
  if (options.format == "text") sizes = {listed, kHostsOfAKindOnTerminal, false};
  return Rendered(ComparisonHeadline(comparison), opened.scope, ComparisonTables(comparison, sizes),
                  options);
}

Result<std::string> CompareAll(const CompareOptions& options, const OpenedRuns& opened) {
  std::vector<ComparedRun> all;
  std::vector<const ComparedRun*> runs;
  all.reserve(opened.readers.size());  // pointers into it stay good
  for (const auto& reader : opened.readers) {
    HARK_ASSIGN_OR_RETURN(all.emplace_back(),
                          ReadComparedRun(*reader, options.include_answers_all));
    runs.push_back(&all.back());
  }
  HARK_ASSIGN_OR_RETURN(const CrossLinks links, FindCrossLinks(runs, options.lone_hosts));
  if (options.format == "dot") return CrossAsDot(runs, links);
  if (options.format == "svg") {
    HARK_ASSIGN_OR_RETURN(const SuperClusters super, FindSuperClusters(runs, links));
    return CrossAsSvg(runs, links, super);
  }
  HARK_ASSIGN_OR_RETURN(const FactsInput facts, LoadFactsInput({options.trust, ""}));
  const TrustBasis trust = TrustBasis::Of(facts.options);
  HARK_ASSIGN_OR_RETURN(const SuperClusters super, JudgedSuperClusters(runs, links, facts.options));
  if (options.format == "json") return CrossAsJson(runs, links, super, {opened.scope, trust});
  CrossSizes sizes;
  if (options.format == "text") {
    sizes = {kRowsOnTerminal, kSuperClustersOnTerminal, kMembersOnTerminal};
  }
  sizes.trust = TrustNote(trust);
  return Rendered(StrCat("links across ", runs.size(), " runs"), opened.scope,
                  CrossTables(runs, links, super, sizes), options);
}

Status Compare(const CompareOptions& options, const ParsedFlags& parsed) {
  HARK_RETURN_IF_ERROR(CheckRuns(options, parsed));
  HARK_ASSIGN_OR_RETURN(const OpenedRuns opened, OpenRuns(options, parsed.positional));
  HARK_ASSIGN_OR_RETURN(const std::string text,
                        options.cross ? CompareAll(options, opened) : CompareTwo(options, opened));
  return WriteOutput(options.output, text);
}

}  // namespace

int RunCompare(const std::vector<std::string>& args) {
  CompareOptions options;
  const FlagSet flags = Flags(options);
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(kName, parsed.status());
  if (parsed->help) return Fail(kName, WriteOutput("", flags.Help()));
  return Fail(kName, Compare(options, *parsed));
}

}  // namespace hark

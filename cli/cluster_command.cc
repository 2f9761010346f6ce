#include "cli/cluster_command.h"

#include "analysis/cluster_detail.h"
#include "cli/cluster_profile_render.h"
#include "cli/cluster_render.h"
#include "cli/exit_code.h"
#include "cli/facts_flags.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "cli/probe_flags.h"
#include "cli/render_text.h"
#include "cli/report_latex.h"
#include "cli/scope_flags.h"

namespace hark {
namespace {

constexpr char kList[] = "hark cluster list";
constexpr char kShow[] = "hark cluster show";

struct ClusterOptions {
  std::string db;
  ScopeWishes scope;
  std::string format = "text";
  std::string output;
  bool include_answers_all = false;
  uint64_t min_size = 2;
  bool stats = false;
  std::string known_keys;
  TrustFlags trust;
};

std::vector<Flag> CommonFlags(ClusterOptions& options, std::vector<std::string> formats) {
  return AllFlags(
      {{{"db", Text(&options.db, "DIR"), "the store to read", true}},
       ScopeFlags(options.scope),
       {{"format", Choice(&options.format, std::move(formats)), "how to print"},
        {"include_answers_all", Switch(&options.include_answers_all),
         "let hosts that answer on every port take part like others"},
        {"known_keys", Text(&options.known_keys, "FILE"),
         "keys of vendors and CDNs for the suspected causes; docs/cause-hints.md"},
        {"output", Text(&options.output, "FILE"), "write there instead of to the terminal"}},
       TrustFlagTable(&options.trust)});
}

bool Coloured(const ClusterOptions& options) {
  return options.output.empty() && StyleOfStdout().colour;
}

Result<std::string> List(const ClusterOptions& options) {
  if (options.trust.given() && !options.stats) {
    return InvalidInput("--ca_bundle and --at go with --stats; nothing else reads certificates");
  }
  HARK_ASSIGN_OR_RETURN(const ScopedRun opened, OpenScope(options.db, options.scope));
  RunAnalysis analysis;
  HARK_ASSIGN_OR_RETURN(analysis.hosts,
                        HostTable::Read(*opened.reader, options.include_answers_all));
  HARK_ASSIGN_OR_RETURN(analysis.clustering, FindClusters(*opened.reader, analysis.hosts));
  if (options.stats) {
    HARK_ASSIGN_OR_RETURN(const FactsInput facts, LoadFactsInput({options.trust, ""}));
    return ClusterStatsList(
        *opened.reader, analysis, options.min_size,
        {options.format, Coloured(options), options.known_keys, &facts.options, opened.words});
  }
  if (options.format == "json") return ClustersAsJson(analysis, options.min_size);
  if (options.format == "csv") return ClustersAsCsv(analysis, options.min_size);
  const Table table = ClustersTable(analysis, options.min_size);
  const std::string heading =
      ScopeHeading(opened.reader->run().name(), opened.words, options.format);
  if (options.format == "markdown") return heading + TableAsMarkdown(table);
  if (options.format == "latex") return heading + TableAsLatex(table);
  return heading + TableAsText(table, TextStyle{Coloured(options)});
}

Result<std::string> Show(const ClusterOptions& options, const std::string& id) {
  HARK_ASSIGN_OR_RETURN(const FactsInput facts, LoadFactsInput({options.trust, ""}));
  HARK_ASSIGN_OR_RETURN(const ScopedRun opened, OpenScope(options.db, options.scope));
  HARK_ASSIGN_OR_RETURN(const HostTable hosts,
                        HostTable::Read(*opened.reader, options.include_answers_all));
  HARK_ASSIGN_OR_RETURN(const Clustering clustering, FindClusters(*opened.reader, hosts));
  HARK_ASSIGN_OR_RETURN(const uint32_t number, FindCluster(clustering, id));
  return ClusterProfileReport(
      *opened.reader, hosts, clustering, number,
      {options.format, Coloured(options), options.known_keys, &facts.options, opened.words});
}

int Finish(const char* command, const ClusterOptions& options, const Result<std::string>& text) {
  if (!text.ok()) return Fail(command, text.status());
  return Fail(command, WriteOutput(options.output, *text));
}

}  // namespace

int RunClusterList(const std::vector<std::string>& args) {
  ClusterOptions options;
  std::vector<Flag> table = CommonFlags(options, {"text", "json", "csv", "markdown", "latex"});
  table.push_back({"min_size", Number(&options.min_size, 2, UINT32_MAX, "N"),
                   "only clusters of that many hosts and more"});
  table.push_back(
      {"stats", Switch(&options.stats), "what each is made of, its suspected cause, and totals"});
  FlagSet flags(kList, "the clusters of a run, largest first", std::move(table));
  flags.SetExamples({"hark cluster list --db=out/db --min_size=10",
                     "hark cluster list --db=out/db --ports=443 --without_keys=cdn.txt",
                     "hark cluster list --db=out/db --stats --ca_bundle=roots.pem --at=2018-03-16",
                     "hark cluster list --db=out/db --format=json | jq '.[0].members'"});
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(kList, parsed.status());
  if (parsed->help) return Fail(kList, WriteOutput("", flags.Help()));
  return Finish(kList, options, List(options));
}

int RunClusterShow(const std::vector<std::string>& args) {
  ClusterOptions options;
  FlagSet flags(kShow, "one cluster: members, ports, keys, names and suspected cause",
                CommonFlags(options, {"text", "json", "csv", "markdown", "latex"}));
  flags.SetPositional({"ID"});
  flags.SetExamples({"hark cluster show c0123456789ab --db=out/db",
                     "hark cluster show c01 --db=out/db --format=json"});
  const Result<ParsedFlags> parsed = flags.Parse(args);
  if (!parsed.ok()) return Fail(kShow, parsed.status());
  if (parsed->help) return Fail(kShow, WriteOutput("", flags.Help()));
  return Finish(kShow, options, Show(options, parsed->positional[0]));
}

}  // namespace hark

#include "cli/api_reports.h"

#include <algorithm>
#include <memory>

#include "analysis/cluster_detail.h"
#include "analysis/report.h"
#include "analysis/run_comparison.h"
#include "analysis/super_clusters.h"
#include "base/strings.h"
#include "cli/cluster_profile_render.h"
#include "cli/cluster_render.h"
#include "cli/compare_json.h"
#include "cli/cross_json.h"
#include "cli/facts_flags.h"
#include "cli/graph_render.h"
#include "cli/judged_links.h"
#include "cli/report_json.h"
#include "cli/scope_flags.h"
#include "cli/status_source.h"

namespace hark {
namespace {

using Json = Result<std::string>;

// A snapshot and a table of hosts a run.
constexpr size_t kMostRunsCompared = 16;
// As much as the commands list of each kind of event.
constexpr size_t kMostEvents = 1000;

Status CheckRuns(const ApiView& view, const std::vector<std::string>& names) {
  HARK_ASSIGN_OR_RETURN(const std::vector<proto::RunRow> runs, view.store->Runs());
  if (runs.empty()) return NotFound("the store holds no run yet");
  for (const std::string& name : names) {
    const bool known = std::any_of(runs.begin(), runs.end(),
                                   [&](const proto::RunRow& run) { return run.name() == name; });
    if (!known) return NotFound(StrCat("no run '", EscapeForDisplay(name), "' in the store"));
  }
  return Status::Ok();
}

Result<std::unique_ptr<RunReader>> Open(const ApiView& view, const ApiRunPart& part) {
  HARK_RETURN_IF_ERROR(CheckRuns(view, part.runs));
  return ReadTogether(*view.store, part.runs, part.scope);
}

std::vector<std::string> WordsOf(const ApiRunPart& part) {
  std::vector<std::string> words = ScopeWords(part.scope);
  if (part.runs.size() > 1) {
    words.insert(words.begin(), StrCat(part.runs.size(), " runs together"));
  }
  return words;
}

Json RunReportOf(const ApiView& view, const ApiRunPart& part) {
  HARK_ASSIGN_OR_RETURN(const FactsInput facts, LoadFactsInput({}));
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<RunReader> reader, Open(view, part));
  HARK_ASSIGN_OR_RETURN(RunAnalysis analysis,
                        AnalyseRun(*reader, /*include_answers_all=*/false, &facts.options));
  analysis.report.scope = WordsOf(part);
  return ReportAsJson(analysis.report);
}

Json ClusterListOf(const ApiView& view, const ApiRunPart& part, uint64_t min_size) {
  HARK_ASSIGN_OR_RETURN(const std::unique_ptr<RunReader> reader, Open(view, part));
  RunAnalysis analysis;
  HARK_ASSIGN_OR_RETURN(analysis.hosts, HostTable::Read(*reader, false));
  HARK_ASSIGN_OR_RETURN(analysis.clustering, FindClusters(*reader, analysis.hosts));
  return ClustersAsJson(analysis, min_size);
}

// One cluster of a run, with what it is found in.
struct FoundCluster {
  std::unique_ptr<RunReader> reader;
  HostTable hosts;
  Clustering clustering;
  uint32_t number = 0;
};

Result<FoundCluster> Find(const ApiView& view, const ApiRunPart& part, const std::string& id) {
  FoundCluster out;
  HARK_ASSIGN_OR_RETURN(out.reader, Open(view, part));
  HARK_ASSIGN_OR_RETURN(out.hosts, HostTable::Read(*out.reader, false));
  HARK_ASSIGN_OR_RETURN(out.clustering, FindClusters(*out.reader, out.hosts));
  const auto& clusters = out.clustering.clusters;
  const bool any =
      !id.empty() && std::any_of(clusters.begin(), clusters.end(),
                                 [&](const auto& one) { return one.id.starts_with(id); });
  if (!any) return NotFound(StrCat("no cluster '", EscapeForDisplay(id), "' in the run"));
  HARK_ASSIGN_OR_RETURN(out.number, FindCluster(out.clustering, id));
  return out;
}

Json ClusterShowOf(const ApiView& view, const ApiRunPart& part, const std::string& id) {
  HARK_ASSIGN_OR_RETURN(const FactsInput facts, LoadFactsInput({}));
  HARK_ASSIGN_OR_RETURN(const FoundCluster found, Find(view, part, id));
  return ClusterProfileReport(*found.reader, found.hosts, found.clustering, found.number,
                              {"json", false, "", &facts.options, WordsOf(part)});
}

Json ClusterGraphOf(const ApiView& view, const ApiRunPart& part, const std::string& id) {
  HARK_ASSIGN_OR_RETURN(const FoundCluster found, Find(view, part, id));
  HARK_ASSIGN_OR_RETURN(
      const std::vector<ClusterDetail> details,
      ReadClusterDetails(*found.reader, found.hosts, found.clustering, {found.number}));
  HARK_ASSIGN_OR_RETURN(const ClusterGraph graph,
                        BuildClusterGraph(found.clustering.clusters[found.number].id,
                                          details.front(), GraphFormChoice::kAuto));
  // Our own placer: a server of many threads starts no children.
  GraphOptions options;
  options.format = "json";
  options.layout = "own";
  return RenderGraph(graph, options);
}

Json CrossOf(const std::vector<std::unique_ptr<RunReader>>& readers) {
  std::vector<ComparedRun> all;
  std::vector<const ComparedRun*> runs;
  all.reserve(readers.size());  // pointers into it stay good
  for (const auto& reader : readers) {
    HARK_ASSIGN_OR_RETURN(all.emplace_back(), ReadComparedRun(*reader, false));
    runs.push_back(&all.back());
  }
  HARK_ASSIGN_OR_RETURN(const CrossLinks links, FindCrossLinks(runs, /*lone_hosts=*/false));
  HARK_ASSIGN_OR_RETURN(const FactsInput facts, LoadFactsInput({}));
  HARK_ASSIGN_OR_RETURN(const SuperClusters super, JudgedSuperClusters(runs, links, facts.options));
  return CrossAsJson(runs, links, super, {{}, TrustBasis::Of(facts.options)});
}

Json CompareOf(const ApiView& view, const std::vector<std::string>& names, bool cross) {
  if (names.size() < 2) return InvalidInput("two runs can be compared, or with cross several");
  if (!cross && names.size() > 2) return InvalidInput("only with cross more than two runs");
  if (names.size() > kMostRunsCompared) {
    return InvalidInput(StrCat("at most ", kMostRunsCompared, " runs at a time"));
  }
  std::vector<std::string> sorted = names;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    return InvalidInput("a run is named twice");
  }
  HARK_RETURN_IF_ERROR(CheckRuns(view, names));
  std::vector<std::unique_ptr<RunReader>> readers;
  for (const std::string& name : names) {
    HARK_ASSIGN_OR_RETURN(readers.emplace_back(), view.store->ReadRun(name));
  }
  if (cross) return CrossOf(readers);
  HARK_ASSIGN_OR_RETURN(const RunComparison comparison,
                        CompareRuns(*readers[0], *readers[1], kMostEvents, false));
  return ComparisonAsJson(comparison);
}

Json RunStatusOf(const std::string& db, const ApiView& view, const std::string& run) {
  if (!run.empty()) HARK_RETURN_IF_ERROR(CheckRuns(view, {run}));
  StatusQuestion question;
  question.db = db;
  question.run = run;
  HARK_ASSIGN_OR_RETURN(const proto::FleetStatus status, StatusSource(question).Now());
  HARK_ASSIGN_OR_RETURN(const LedgerErrors errors, FindLedgerErrors(db, status));
  return StatusAsJson(status, errors);
}

}  // namespace

ApiReports MakeApiReports(const std::string& db) {
  ApiReports out;
  out.run_report = RunReportOf;
  out.cluster_list = ClusterListOf;
  out.cluster_show = ClusterShowOf;
  out.cluster_graph = ClusterGraphOf;
  out.compare = CompareOf;
  out.run_status = [db](const ApiView& view, const std::string& run) {
    return RunStatusOf(db, view, run);
  };
  return out;
}

}  // namespace hark

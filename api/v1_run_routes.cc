// The routes about runs: what the commands report, clusters and compare answer, and the runs.

#include "api/v1_routes.h"
#include "base/strings.h"

namespace hark {
namespace {

Status NotOffered() {
  return NotFound("this server does not offer it");
}

ApiRunPart PartOf(const V1Ask& ask, const std::string& run) {
  ApiRunPart part;
  if (!run.empty()) part.runs.push_back(run);
  part.scope.asns = ask.filter.asns;
  part.scope.countries = ask.filter.countries;
  part.scope.prefixes = ask.filter.prefixes;
  part.scope.ports = ask.filter.ports;
  const TimeWindow& window = ask.filter.window;
  if (window.since != INT64_MIN) part.scope.since_unix_ms = window.since * 1000;
  if (window.until != INT64_MAX) part.scope.until_unix_ms = window.until * 1000;
  return part;
}

Result<Json> Parsed(const Result<std::string>& text) {
  HARK_RETURN_IF_ERROR(text.status());
  Json json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return Internal("a report that is no JSON");
  return json;
}

Result<V1Reply> Whole(Result<std::string> text) {
  HARK_RETURN_IF_ERROR(text.status());
  V1Reply reply;
  reply.text = std::move(*text);
  return reply;
}

V1Reply Replied(Json json) {
  V1Reply reply;
  reply.json = std::move(json);
  return reply;
}

// A run that is asked for by name, or with clusters the newest.
Status CheckRun(const V1Ask& ask, const std::string& run) {
  if (!run.empty()) return RunExists(*ask.memory, run);
  return ask.memory->runs().empty() ? NotFound("there is no run yet") : Status::Ok();
}

Result<uint64_t> MinSize(const V1Ask& ask) {
  const std::string text = ask.Parameter("min_size");
  if (text.empty()) return uint64_t{2};
  const std::optional<uint64_t> size = ParseUint(text);
  if (size && *size >= 2 && *size <= UINT32_MAX) return *size;
  return InvalidInput("min_size: no number from 2 on");
}

// Everything that a list of clusters depends on.
std::string ClusterKey(const V1Ask& ask) {
  std::string key = std::to_string(ask.memory->view().generation);
  for (const char* name :
       {"run", "min_size", "prefix", "port", "country", "as", "since", "until"}) {
    key += "\n" + ask.Parameter(name);
  }
  return key;
}

// Pages of the list, which is read once for all of them.
Pager ClusterPager(const V1Ask& ask, uint64_t min_size) {
  const auto make = [service = ask.service, memory = ask.memory, part = PartOf(ask, ask.filter.run),
                     min_size]() -> Result<std::vector<Json>> {
    const auto& list = service->context().reports.cluster_list;
    if (!list) return NotOffered();
    HARK_ASSIGN_OR_RETURN(Json clusters, Parsed(list(memory->view(), part, min_size)));
    std::vector<Json> items;
    for (Json& cluster : clusters) items.push_back(std::move(cluster));
    return items;
  };
  return [service = ask.service, key = ClusterKey(ask), make](const PageWish& wish,
                                                              Effort&) -> Result<V1Page> {
    HARK_ASSIGN_OR_RETURN(const V1ListShelf::Items items, service->clusters().Get(key, make));
    return PageOfAll(*items, wish);
  };
}

}  // namespace

Result<V1ListShelf::Items> V1ListShelf::Get(
    const std::string& key, const std::function<Result<std::vector<Json>>()>& make) {
  const std::lock_guard lock(guard_);
  if (items_ != nullptr && key_ == key) return items_;
  HARK_ASSIGN_OR_RETURN(std::vector<Json> items, make());
  items_ = std::make_shared<const std::vector<Json>>(std::move(items));
  key_ = key;
  return items_;
}

Status NotQuick(const V1Ask& ask) {
  if (!ask.quick) return Status::Ok();
  return {StatusCode::kInterrupted, "this takes longer"};
}

Result<V1Reply> AskClusters(const V1Ask& ask) {
  HARK_RETURN_IF_ERROR(NotQuick(ask));
  HARK_RETURN_IF_ERROR(CheckRun(ask, ask.filter.run));
  HARK_ASSIGN_OR_RETURN(const uint64_t min_size, MinSize(ask));
  HARK_ASSIGN_OR_RETURN(V1Page page, ClusterPager(ask, min_size)(ask.wish, ask.effort));
  Json out = Json::object();
  AddPage(std::move(page), "clusters", out);
  return Replied(std::move(out));
}

Result<V1Reply> AskCluster(const V1Ask& ask) {
  HARK_RETURN_IF_ERROR(NotQuick(ask));
  HARK_RETURN_IF_ERROR(CheckRun(ask, ask.Argument("run")));
  const auto& show = ask.service->context().reports.cluster_show;
  if (!show) return NotOffered();
  return Whole(show(ask.memory->view(), PartOf(ask, ask.Argument("run")), ask.Argument("id")));
}

Result<V1Reply> AskClusterGraph(const V1Ask& ask) {
  HARK_RETURN_IF_ERROR(NotQuick(ask));
  HARK_RETURN_IF_ERROR(CheckRun(ask, ask.Argument("run")));
  const auto& graph = ask.service->context().reports.cluster_graph;
  if (!graph) return NotOffered();
  return Whole(graph(ask.memory->view(), PartOf(ask, ask.Argument("run")), ask.Argument("id")));
}

Result<V1Reply> AskRuns(const V1Ask& ask) {
  HARK_ASSIGN_OR_RETURN(Json json, RunListAnswer(*ask.memory, ask.wish));
  return Replied(std::move(json));
}

Result<V1Reply> AskRun(const V1Ask& ask) {
  HARK_RETURN_IF_ERROR(NotQuick(ask));
  HARK_ASSIGN_OR_RETURN(
      Json json, RunAnswer(*ask.memory, ask.service->context().reports, ask.Argument("run")));
  return Replied(std::move(json));
}

Result<V1Reply> AskReport(const V1Ask& ask) {
  HARK_RETURN_IF_ERROR(NotQuick(ask));
  HARK_RETURN_IF_ERROR(CheckRun(ask, ask.Argument("run")));
  const auto& report = ask.service->context().reports.run_report;
  if (!report) return NotOffered();
  return Whole(report(ask.memory->view(), PartOf(ask, ask.Argument("run"))));
}

Result<V1Reply> AskCompare(const V1Ask& ask) {
  HARK_RETURN_IF_ERROR(NotQuick(ask));
  std::vector<std::string> runs;
  for (const std::string_view name : Split(ask.Parameter("runs"), ',')) {
    if (!Trim(name).empty()) runs.emplace_back(Trim(name));
  }
  const std::string cross = ask.Parameter("cross");
  if (runs.size() < 2) return InvalidInput("runs: two names with a comma between, or more");
  if (runs.size() > 2 && cross != "1") return InvalidInput("cross=1 goes with more than two runs");
  for (const std::string& run : runs) HARK_RETURN_IF_ERROR(RunExists(*ask.memory, run));
  const auto& compare = ask.service->context().reports.compare;
  if (!compare) return NotOffered();
  return Whole(compare(ask.memory->view(), runs, cross == "1"));
}

Result<V1Reply> AskStatistics(const V1Ask& ask) {
  const int64_t now = ask.service->context().now_unix_s();
  if (ask.quick) {
    auto kept = ask.service->statistics().Kept(ask.memory->view().generation, now);
    if (!kept) return NotQuick(ask);
    return Replied(std::move(*kept));
  }
  HARK_ASSIGN_OR_RETURN(Json json, ask.service->statistics().Answer(*ask.memory, now));
  return Replied(std::move(json));
}

Pager ClusterLines(const V1Ask& ask) {
  const Result<uint64_t> min_size = MinSize(ask);
  Status wrong = min_size.status();
  if (wrong.ok()) wrong = CheckRun(ask, ask.filter.run);
  if (wrong.ok()) return ClusterPager(ask, *min_size);
  return [wrong](const PageWish&, Effort&) -> Result<V1Page> { return wrong; };
}

Pager RunLines(const V1Ask& ask) {
  return [memory = ask.memory](const PageWish& wish, Effort&) { return RunList(*memory, wish); };
}

}  // namespace hark

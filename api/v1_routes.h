#pragma once

// Internal to /v1: its routes as a table, and what their handlers share.

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/api_context.h"
#include "api/environment.h"
#include "api/http.h"
#include "api/memory_view.h"
#include "api/v1.h"
#include "api/v1_page.h"
#include "api/v1_query.h"
#include "api/v1_runs.h"

namespace hark {

// The list that took a reading of a whole run and was asked for last: its other pages are cut from
// it. Threads: any; one makes it, the others wait.
class V1ListShelf {
 public:
  using Items = std::shared_ptr<const std::vector<Json>>;

  // key: all that the list depends on.
  Result<Items> Get(const std::string& key, const std::function<Result<std::vector<Json>>()>& make);

 private:
  std::mutex guard_;
  std::string key_;
  Items items_;
};

// What lives as long as the routes. Threads: any.
class V1Service {
 public:
  V1Service(std::shared_ptr<const ApiContext> context, V1Options options)
      : context_(std::move(context)), options_(std::move(options)) {}

  const ApiContext& context() const { return *context_; }
  const std::string& environments() const { return options_.environments; }
  V1Statistics& statistics() { return statistics_; }
  V1ListShelf& clusters() { return clusters_; }
  // The newest view, with its runs.
  Result<MemoryView> Memory();

 private:
  std::shared_ptr<const ApiContext> context_;
  V1Options options_;
  V1Statistics statistics_;
  V1ListShelf clusters_;
  std::mutex guard_;
  std::shared_ptr<const MemoryView::RunList> runs_;
  uint64_t generation_ = 0;
};

// A question as a handler sees it: read, and its place to answer from.
struct V1Ask {
  const HttpRequest& request;
  std::shared_ptr<V1Service> service;
  std::shared_ptr<const MemoryView> memory;
  PlaceFilter filter;
  PageWish wish;
  Effort& effort;
  bool quick = false;

  // What the pattern or the query string calls so; "" = it is not there.
  std::string Argument(const std::string& name) const;
  std::string Parameter(const std::string& name) const;
};

// One of the three.
struct V1Reply {
  Json json;
  std::string text;  // JSON that is text already
  Pager lines;       // for NDJSON
};

// A route and its words. Parameters are names of kV1Parameters.
struct V1Route {
  const char* pattern;
  ApiRole role;
  const char* summary;
  const char* parameters;  // names with blanks between
  const char* answer;      // name of a schema
  const char* line;        // schema of a line of NDJSON, "" = it has none
  // Answers in JSON. kInterrupted: not in the quick lane.
  Result<V1Reply> (*ask)(const V1Ask&);
  // The list alone; nullptr = it has none.
  Pager (*lines)(const V1Ask&);
};
std::span<const V1Route> V1Routes();

// For what reads whole runs.
Status NotQuick(const V1Ask& ask);

// The handlers of clusters, runs and comparisons.
Result<V1Reply> AskClusters(const V1Ask& ask);
Result<V1Reply> AskCluster(const V1Ask& ask);
Result<V1Reply> AskClusterGraph(const V1Ask& ask);
Result<V1Reply> AskRuns(const V1Ask& ask);
Result<V1Reply> AskRun(const V1Ask& ask);
Result<V1Reply> AskReport(const V1Ask& ask);
Result<V1Reply> AskCompare(const V1Ask& ask);
Result<V1Reply> AskStatistics(const V1Ask& ask);
Pager ClusterLines(const V1Ask& ask);
Pager RunLines(const V1Ask& ask);

// The document at /openapi.json, of these routes and those of Passive SSH.
const std::string& OpenApiText();

}  // namespace hark

#pragma once

// What routes are given to answer from. Routes come in families, each added by one function:
//
//   void AddPassiveSshRoutes(HttpRouter& router, std::shared_ptr<const ApiContext> context, ...);
//   void AddV1Routes(HttpRouter& router, std::shared_ptr<const ApiContext> context, ...);
//
// Handlers keep the shared_ptr to the context. It lives as long as the server.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "analysis/scope.h"
#include "base/address.h"
#include "base/status.h"
#include "storage/history.h"
#include "storage/store.h"

namespace hark {

// The store as it was at one moment. Whoever holds the view keeps it readable: a request takes one
// and answers from it alone, a long answer streams from one whatever comes meanwhile.
struct ApiView {
  std::shared_ptr<const Store> store;
  std::shared_ptr<const HistoryReader> history;
  // Grows whenever the view is another one: what was made from a view (counts of facts, say) is
  // made anew when the number has changed. In cursors of paging it tells that the store went on.
  uint64_t generation = 0;
};

// What of which runs, as the flags of hark report and hark cluster have it.
struct ApiRunPart {
  std::vector<std::string> runs;  // none = the newest; several are taken for one
  Scope scope;                    // nothing set = all of it
};

// What the commands of hark answer, as JSON text; the formats are those of docs/formats/. They read
// whole runs and take seconds: kPatient only. Failures: kInvalidInput or kNotFound for what the
// asker got wrong. All may be called in several threads at once; an empty function: not offered.
struct ApiReports {
  using Json = Result<std::string>;
  std::function<Json(const ApiView&, const ApiRunPart&)> run_report;  // hark report --format=json
  // hark cluster list, largest first.
  std::function<Json(const ApiView&, const ApiRunPart&, uint64_t min_size)> cluster_list;
  // hark cluster show: members, ports, keys. id may be cut short as far as it is unique.
  std::function<Json(const ApiView&, const ApiRunPart&, const std::string& id)> cluster_show;
  // hark cluster graph --format=json.
  std::function<Json(const ApiView&, const ApiRunPart&, const std::string& id)> cluster_graph;
  // hark compare of two runs; with cross of any number.
  std::function<Json(const ApiView&, const std::vector<std::string>& runs, bool cross)> compare;
  // hark run status; run "" = all. A coordinator that works on the store tells itself how it
  // stands, otherwise the store does.
  std::function<Json(const ApiView&, const std::string& run)> run_status;
};

// Where an address is, by the geo data the server was given.
struct ApiPlace {
  uint32_t asn = 0;     // 0 = unknown
  std::string country;  // two upper-case letters, "" = unknown
};

struct ApiContext {
  // The newest view, never null. Cheap (a lock and a count), thread-safe.
  std::function<std::shared_ptr<const ApiView>()> view;
  ApiReports reports;
  // Cheap, thread-safe. An empty function: the server has no geo data, and filters by country and
  // AS of what is remembered are the asker's mistake.
  std::function<ApiPlace(const Address&)> place;
  // Unix time; routes take no other clock.
  std::function<int64_t()> now_unix_s;
};

}  // namespace hark

#include "api/v1_host.h"

#include <algorithm>
#include <set>

#include "analysis/json_text.h"
#include "base/strings.h"

namespace hark {
namespace {

// Of a fact that comes and goes, so many intervals, the latest, stand in a host's answer; its
// history has them all.
constexpr size_t kMostIntervals = 100;

// A visit to one port, in the order answers have them.
struct PortVisit {
  int64_t unix_s = 0;
  uint16_t port = 0;
  const Timeline* timeline = nullptr;
  std::vector<uint32_t> facts;
  std::optional<int64_t> before;  // the visit before it
  std::vector<uint32_t> facts_before;
};

Status NeverSeen(const HostId& host) {
  return NotFound(StrCat("'", HostText(host), "' was never seen, as far as is asked"));
}

std::vector<PortVisit> VisitsOf(const HostMemory& host, const PlaceFilter& filter) {
  std::vector<PortVisit> visits;
  for (const PortHistory& port : host.ports) {
    if (!filter.HasPort(port.port)) continue;
    std::optional<int64_t> before;
    std::vector<uint32_t> facts_before;
    for (Timeline::Visit& visit : port.timeline.Visits()) {
      if (filter.window.Has(visit.unix_s)) {
        visits.push_back(
            {visit.unix_s, port.port, &port.timeline, visit.facts, before, facts_before});
      }
      before = visit.unix_s;
      facts_before = std::move(visit.facts);
    }
  }
  std::sort(visits.begin(), visits.end(), [](const PortVisit& a, const PortVisit& b) {
    return std::tie(a.unix_s, a.port) < std::tie(b.unix_s, b.port);
  });
  return visits;
}

// Those of the interval's visits that are in the window, which may cut it.
std::vector<FactInterval> IntervalsIn(const Timeline& timeline, const TimeWindow& window) {
  if (window.everything()) return timeline.Intervals();
  Timeline part;
  for (const Timeline::Visit& visit : timeline.Visits()) {
    if (!window.Has(visit.unix_s)) continue;
    std::vector<Fact> facts;
    for (const uint32_t position : visit.facts) facts.push_back(timeline.facts()[position]);
    part.Add(visit.unix_s, facts);
  }
  return part.Intervals();
}

Json IntervalsJson(const std::vector<FactInterval>& intervals, Json& fact) {
  uint64_t sightings = 0;
  for (const FactInterval& interval : intervals) sightings += interval.sightings;
  AddSpan(intervals.front().first_unix_s, intervals.back().last_unix_s, sightings, fact);
  const size_t left_out = intervals.size() - std::min(intervals.size(), kMostIntervals);
  Json list = Json::array();
  for (size_t i = left_out; i < intervals.size(); ++i) {
    Json one = Json::object();
    AddSpan(intervals[i].first_unix_s, intervals[i].last_unix_s, intervals[i].sightings, one);
    list.push_back(std::move(one));
  }
  if (left_out > 0) fact["intervals_left_out"] = left_out;
  return list;
}

// nullopt: nothing of it is in the window.
Result<std::optional<Json>> PortJson(const FactDescriber& describer, const PortHistory& port,
                                     const TimeWindow& window) {
  const std::vector<FactInterval> intervals = IntervalsIn(port.timeline, window);
  if (intervals.empty()) return std::optional<Json>();
  int64_t first = INT64_MAX, last = INT64_MIN;
  uint64_t visits = 0;
  for (const Timeline::Visit& visit : port.timeline.Visits()) {
    if (!window.Has(visit.unix_s)) continue;
    first = std::min(first, visit.unix_s);
    last = std::max(last, visit.unix_s);
    ++visits;
  }
  Json out = {{"port", port.port}};
  AddSpan(first, last, visits, out);
  out["facts"] = Json::array();
  for (size_t i = 0; i < intervals.size();) {
    std::vector<FactInterval> same;
    const Fact fact = intervals[i].fact;
    for (; i < intervals.size() && intervals[i].fact == fact; ++i) same.push_back(intervals[i]);
    HARK_ASSIGN_OR_RETURN(Json json, describer.Describe(fact));
    Json list = IntervalsJson(same, json);
    json["current"] = same.back().last_unix_s == last;
    json["intervals"] = std::move(list);
    out["facts"].push_back(std::move(json));
  }
  return std::optional<Json>(std::move(out));
}

Json RunsJson(const HostMemory& host) {
  Json runs = Json::array();
  for (const HostMemory::Record& record : host.runs) {
    Json run = {{"run", EscapeForDisplay(record.run)}, {"visited", UtcText(record.unix_s)}};
    AddPlace({record.asn, record.country}, run);
    runs.push_back(std::move(run));
  }
  return runs;
}

// From the first to the last of its ports' visits.
void AddHostSpan(const HostMemory& host, Json& out) {
  int64_t first = INT64_MAX, last = INT64_MIN;
  for (const PortHistory& port : host.ports) {
    if (port.timeline.empty()) continue;
    first = std::min(first, port.timeline.first_unix_s());
    last = std::max(last, port.timeline.last_unix_s());
  }
  if (first > last) return;
  out["first_seen"] = UtcText(first);
  out["last_seen"] = UtcText(last);
}

Result<Json> FactsJson(const FactDescriber& describer, const Timeline& timeline,
                       const std::vector<uint32_t>& positions,
                       const std::vector<uint32_t>& without) {
  Json out = Json::array();
  for (const uint32_t position : positions) {
    if (std::binary_search(without.begin(), without.end(), position)) continue;
    HARK_ASSIGN_OR_RETURN(Json fact, describer.Describe(timeline.facts()[position]));
    out.push_back(std::move(fact));
  }
  return out;
}

// Where the next page of a list of visits begins: the first visit that is not in this one.
std::string VisitCursor(const PortVisit& visit) {
  return StrCat(visit.unix_s, "-", visit.port);
}

Result<std::pair<int64_t, uint16_t>> ReadVisitCursor(const std::string& cursor) {
  const size_t dash = cursor.find('-', 1);  // a time before 1970 has a sign
  if (dash != cursor.npos) {
    const bool negative = cursor[0] == '-';
    const auto seconds = ParseUint(std::string_view(cursor).substr(negative, dash - negative));
    const auto port = ParseUint(std::string_view(cursor).substr(dash + 1));
    if (seconds && port && *seconds <= INT64_MAX && *port <= UINT16_MAX) {
      const auto value = static_cast<int64_t>(*seconds);
      return std::pair(negative ? -value : value, static_cast<uint16_t>(*port));
    }
  }
  return InvalidInput("cursor: not one that an answer gave");
}

// The visits of the page; `next` is filled.
Result<std::vector<PortVisit>> CutPage(std::vector<PortVisit> visits, const PageWish& wish,
                                       std::string& next) {
  if (!wish.cursor.empty()) {
    HARK_ASSIGN_OR_RETURN(const auto from, ReadVisitCursor(wish.cursor));
    std::erase_if(visits, [&](const PortVisit& v) { return std::pair(v.unix_s, v.port) < from; });
  }
  if (visits.size() > wish.limit) {
    next = VisitCursor(visits[wish.limit]);
    visits.resize(wish.limit);
  }
  return visits;
}

Json HeadOf(const HostId& host) {
  return {{"host", HostText(host)}, {"kind", HostKind(host)}};
}

Json VisitJson(const PortVisit& visit) {
  Json facts = Json::array();
  for (const uint32_t position : visit.facts) {
    facts.push_back(FactName(visit.timeline->facts()[position]));
  }
  return {{"time", UtcText(visit.unix_s)}, {"port", visit.port}, {"facts", std::move(facts)}};
}

}  // namespace

Result<HostId> ReadHostText(std::string_view text) {
  const std::optional<HostId> host = HostId::Parse(text);
  if (host) return *host;
  return InvalidInput(
      StrCat("'", EscapeForDisplay(text.substr(0, 100)), "' is no address and no name of a host"));
}

Result<Json> HostAnswer(const MemoryView& memory, const HostId& id, const PlaceFilter& filter,
                        Effort& effort) {
  HARK_ASSIGN_OR_RETURN(const HostMemory host, memory.Host(id, effort));
  if (host.empty()) return NeverSeen(id);
  const FactDescriber describer(memory, effort, &host);
  Json ports = Json::array();
  for (const PortHistory& port : host.ports) {
    if (!filter.HasPort(port.port)) continue;
    HARK_ASSIGN_OR_RETURN(std::optional<Json> json, PortJson(describer, port, filter.window));
    if (json) ports.push_back(std::move(*json));
  }
  const bool all = filter.ports.empty() && filter.window.everything();
  if (ports.empty() && !all) return NeverSeen(id);
  Json out = HeadOf(id);
  HARK_ASSIGN_OR_RETURN(const ApiPlace place, memory.PlaceOf(id, filter.run, effort));
  AddPlace(place, out);
  AddHostSpan(host, out);
  out["ports"] = std::move(ports);
  out["runs"] = RunsJson(host);
  return out;
}

Result<V1Page> HostVisits(const MemoryView& memory, const HostId& id, const PlaceFilter& filter,
                          const PageWish& wish, Effort& effort) {
  HARK_ASSIGN_OR_RETURN(const HostMemory host, memory.Host(id, effort));
  if (host.empty()) return NeverSeen(id);
  V1Page page;
  HARK_ASSIGN_OR_RETURN(const std::vector<PortVisit> visits,
                        CutPage(VisitsOf(host, filter), wish, page.next));
  for (const PortVisit& visit : visits) page.items.push_back(VisitJson(visit));
  return page;
}

Result<Json> HostHistoryAnswer(const MemoryView& memory, const HostId& id,
                               const PlaceFilter& filter, const PageWish& wish, Effort& effort) {
  HARK_ASSIGN_OR_RETURN(const HostMemory host, memory.Host(id, effort));
  if (host.empty()) return NeverSeen(id);
  V1Page page;
  HARK_ASSIGN_OR_RETURN(const std::vector<PortVisit> visits,
                        CutPage(VisitsOf(host, filter), wish, page.next));
  const FactDescriber describer(memory, effort, &host);
  std::set<Fact> shown;
  for (const PortVisit& visit : visits) {
    for (const uint32_t position : visit.facts) shown.insert(visit.timeline->facts()[position]);
    page.items.push_back(VisitJson(visit));
  }
  Json out = HeadOf(id);
  AddPage(std::move(page), "visits", out);
  out["facts"] = Json::array();
  for (const Fact& fact : shown) {
    HARK_ASSIGN_OR_RETURN(Json json, describer.Describe(fact));
    out["facts"].push_back(std::move(json));
  }
  return out;
}

Result<V1Page> HostChanges(const MemoryView& memory, const HostId& id, const PlaceFilter& filter,
                           const PageWish& wish, Effort& effort) {
  HARK_ASSIGN_OR_RETURN(const HostMemory host, memory.Host(id, effort));
  if (host.empty()) return NeverSeen(id);
  std::vector<PortVisit> changes = VisitsOf(host, filter);
  std::erase_if(changes, [](const PortVisit& v) { return v.before && v.facts == v.facts_before; });
  V1Page page;
  HARK_ASSIGN_OR_RETURN(changes, CutPage(std::move(changes), wish, page.next));
  const FactDescriber describer(memory, effort, &host);
  for (const PortVisit& visit : changes) {
    Json change = {{"time", UtcText(visit.unix_s)},
                   {"port", visit.port},
                   {"before", visit.before ? Json(UtcText(*visit.before)) : Json(nullptr)}};
    HARK_ASSIGN_OR_RETURN(change["appeared"],
                          FactsJson(describer, *visit.timeline, visit.facts, visit.facts_before));
    HARK_ASSIGN_OR_RETURN(change["disappeared"],
                          FactsJson(describer, *visit.timeline, visit.facts_before, visit.facts));
    page.items.push_back(std::move(change));
  }
  return page;
}

Result<Json> HostChangesAnswer(const MemoryView& memory, const HostId& id,
                               const PlaceFilter& filter, const PageWish& wish, Effort& effort) {
  HARK_ASSIGN_OR_RETURN(V1Page page, HostChanges(memory, id, filter, wish, effort));
  Json out = HeadOf(id);
  AddPage(std::move(page), "changes", out);
  return out;
}

}  // namespace hark

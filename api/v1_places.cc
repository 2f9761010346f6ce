#include "api/v1_places.h"

#include <algorithm>

#include "analysis/json_text.h"
#include "api/named_fact.h"
#include "base/strings.h"

namespace hark {
namespace {

// Places that are read from the index in one go.
constexpr size_t kBatch = 256;

// "" -> the beginning; else "FACT.PLACE", which is where a page begins.
struct FactCursor {
  std::string ref;
  FactUse place;
};

Result<FactCursor> ReadCursor(const std::string& cursor) {
  FactCursor out;
  if (cursor.empty()) return out;
  const size_t dot = cursor.find('.');
  if (dot == cursor.npos) return InvalidInput("cursor: not one that an answer gave");
  const std::optional<std::string> ref = HexDecode(cursor.substr(0, dot));
  if (!ref) return InvalidInput("cursor: not one that an answer gave");
  out.ref = *ref;
  HARK_ASSIGN_OR_RETURN(out.place, PlaceOfCursor(std::string_view(cursor).substr(dot + 1)));
  return out;
}

// nullopt: it does not pass.
Result<std::optional<FactPlace>> Look(const MemoryView& memory, const Fact& fact,
                                      const FactUse& use, const PlaceFilter& filter,
                                      Effort& effort) {
  std::optional<FactPlace> none;
  if (!filter.HasPort(use.port) || !filter.HasHost(use.host)) {
    HARK_RETURN_IF_ERROR(effort.Spend());
    return none;
  }
  FactPlace place{use, {}, {}};
  if (filter.asks_for_place()) {
    HARK_ASSIGN_OR_RETURN(place.where, memory.PlaceOf(use.host, filter.run, effort));
    if (!filter.HasPlace(place.where)) return none;
  }
  HARK_ASSIGN_OR_RETURN(const Timeline timeline, memory.Port(use, effort));
  const std::optional<FactInterval> span = SpanIn(timeline, fact, filter.window);
  if (!span) return none;
  place.span = *span;
  return std::optional<FactPlace>(place);
}

}  // namespace

Json PlaceJson(const FactPlace& place) {
  Json out = {{"host", HostText(place.use.host)},
              {"kind", HostKind(place.use.host)},
              {"port", place.use.port}};
  AddSpan(place.span.first_unix_s, place.span.last_unix_s, place.span.sightings, out);
  AddPlace(place.where, out);
  return out;
}

Status ForEachPlace(const MemoryView& memory, const Fact& fact, const FactUse& from,
                    const PlaceFilter& filter, Effort& effort,
                    const std::function<Status(const FactPlace&)>& visit,
                    const std::function<Result<bool>(const HostId&)>& wanted) {
  FactUse next = from;
  std::optional<FactUse> last;
  for (;;) {
    HARK_ASSIGN_OR_RETURN(const std::vector<FactUse> uses, memory.Uses(fact, next, kBatch, effort));
    for (const FactUse& use : uses) {
      if (last && use == *last) continue;
      if (wanted) {
        HARK_ASSIGN_OR_RETURN(const bool is_wanted, wanted(use.host));
        if (!is_wanted) continue;
      }
      HARK_ASSIGN_OR_RETURN(const std::optional<FactPlace> place,
                            Look(memory, fact, use, filter, effort));
      if (place) HARK_RETURN_IF_ERROR(visit(*place));
    }
    if (uses.size() < kBatch) return Status::Ok();
    last = uses.back();
    next = *last;  // and is passed over when it comes again
  }
}

Result<V1Page> PlacesOf(const MemoryView& memory, const std::vector<Fact>& facts,
                        const PlaceFilter& filter, const PageWish& wish, Effort& effort) {
  HARK_ASSIGN_OR_RETURN(FactCursor from, ReadCursor(wish.cursor));
  V1Page page;
  const Status full(StatusCode::kUnavailable, "the page is full");
  for (const Fact& fact : facts) {
    if (fact.value < from.ref) continue;
    const FactUse begin = fact.value == from.ref ? from.place : FactUse();
    const Status walked =
        ForEachPlace(memory, fact, begin, filter, effort, [&](const FactPlace& place) -> Status {
          if (page.items.size() == wish.limit) {
            page.next = StrCat(FactRef(fact), ".", CursorOf(place.use));
            return full;
          }
          Json item = PlaceJson(place);
          if (facts.size() > 1) item["fact"] = FactName(fact);
          page.items.push_back(std::move(item));
          return Status::Ok();
        });
    if (!page.next.empty()) return page;
    HARK_RETURN_IF_ERROR(walked);
  }
  return page;
}

Result<PlacesSummary> SummaryOf(const MemoryView& memory, const std::vector<Fact>& facts,
                                const PlaceFilter& filter, Effort& effort) {
  PlacesSummary summary;
  std::vector<HostId> hosts;  // facts may share some
  const Status enough(StatusCode::kUnavailable, "enough places");
  for (const Fact& fact : facts) {
    const Status walked =
        ForEachPlace(memory, fact, {}, filter, effort, [&](const FactPlace& place) {
          if (summary.places == PlacesSummary::kMostPlaces) {
            summary.complete = false;
            return enough;
          }
          ++summary.places;
          summary.first_unix_s = std::min(summary.first_unix_s, place.span.first_unix_s);
          summary.last_unix_s = std::max(summary.last_unix_s, place.span.last_unix_s);
          if (hosts.empty() || hosts.back() != place.use.host) hosts.push_back(place.use.host);
          return Status::Ok();
        });
    if (!summary.complete) break;
    HARK_RETURN_IF_ERROR(walked);
  }
  std::sort(hosts.begin(), hosts.end());
  summary.hosts = static_cast<uint64_t>(std::unique(hosts.begin(), hosts.end()) - hosts.begin());
  return summary;
}

void AddSummary(const PlacesSummary& summary, Json& out) {
  const bool none = summary.places == 0;
  out["hosts"] = summary.hosts;
  out["places_count"] = summary.places;
  out["first_seen"] = none ? Json(nullptr) : Json(UtcText(summary.first_unix_s));
  out["last_seen"] = none ? Json(nullptr) : Json(UtcText(summary.last_unix_s));
  out["summary_complete"] = summary.complete;
}

}  // namespace hark

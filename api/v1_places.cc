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
                    const std::function<Result<bool>(const FactUse&)>& wanted) {
  FactUse next = from;
  std::optional<FactUse> last;
  for (;;) {
    HARK_ASSIGN_OR_RETURN(const std::vector<FactUse> uses, memory.Uses(fact, next, kBatch, effort));
    for (const FactUse& use : uses) {
      if (last && use == *last) continue;
      if (wanted) {
        HARK_ASSIGN_OR_RETURN(const bool is_wanted, wanted(use));
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

namespace {

std::string FactPlaceCursor(const Fact& fact, const FactUse& place) {
  return StrCat(FactRef(fact), ".", CursorOf(place));
}

Json ItemOf(const FactPlace& place, const Fact& fact, bool of_several) {
  Json item = PlaceJson(place);
  if (of_several) item["fact"] = FactName(fact);
  return item;
}

// One walk for the summary and for whatever else is made of the places.
Result<PlacesSummary> Summarise(const MemoryView& memory, const std::vector<Fact>& facts,
                                const PlaceFilter& filter, Effort& effort,
                                const std::function<void(const Fact&, const FactPlace&)>& also) {
  PlacesSummary summary;
  std::vector<HostId> hosts;  // facts may share some
  const Status enough(StatusCode::kUnavailable, "enough places");
  for (const Fact& fact : facts) {
    const auto add = [&](const FactPlace& place) {
      summary.complete = summary.places < PlacesSummary::kMostPlaces;
      if (!summary.complete) return enough;
      ++summary.places;
      summary.first_unix_s = std::min(summary.first_unix_s, place.span.first_unix_s);
      summary.last_unix_s = std::max(summary.last_unix_s, place.span.last_unix_s);
      if (hosts.empty() || hosts.back() != place.use.host) hosts.push_back(place.use.host);
      also(fact, place);
      return Status::Ok();
    };
    const Status walked = ForEachPlace(memory, fact, {}, filter, effort, add);
    if (!summary.complete) break;
    HARK_RETURN_IF_ERROR(walked);
  }
  std::sort(hosts.begin(), hosts.end());
  summary.hosts = static_cast<uint64_t>(std::unique(hosts.begin(), hosts.end()) - hosts.begin());
  return summary;
}

}  // namespace

Result<V1Page> PlacesOf(const MemoryView& memory, const std::vector<Fact>& facts,
                        const PlaceFilter& filter, const PageWish& wish, Effort& effort) {
  HARK_ASSIGN_OR_RETURN(FactCursor from, ReadCursor(wish.cursor));
  V1Page page;
  const size_t most_effort = effort.spent() + Effort::kPageUnits;
  const Status full(StatusCode::kUnavailable, "the page is full");
  for (const Fact& fact : facts) {
    if (fact.value < from.ref) continue;
    const auto end_at = [&](const FactUse& use) {
      page.next = FactPlaceCursor(fact, use);
      return full;
    };
    const auto add = [&](const FactPlace& place) -> Status {
      if (page.items.size() == wish.limit) return end_at(place.use);
      page.items.push_back(ItemOf(place, fact, facts.size() > 1));
      return Status::Ok();
    };
    const auto goes_on = [&](const FactUse& use) -> Result<bool> {
      if (effort.spent() >= most_effort) return end_at(use);
      return true;
    };
    const FactUse begin = fact.value == from.ref ? from.place : FactUse();
    const Status walked = ForEachPlace(memory, fact, begin, filter, effort, add, goes_on);
    if (!page.next.empty()) return page;
    HARK_RETURN_IF_ERROR(walked);
  }
  return page;
}

Result<PlacesSummary> SummaryOf(const MemoryView& memory, const std::vector<Fact>& facts,
                                const PlaceFilter& filter, Effort& effort) {
  return Summarise(memory, facts, filter, effort, [](const Fact&, const FactPlace&) {});
}

Status AddPlaces(const MemoryView& memory, const std::vector<Fact>& facts,
                 const PlaceFilter& filter, const PageWish& wish, Effort& effort, Json& out) {
  V1Page page;
  if (wish.cursor.empty()) {
    const auto add = [&](const Fact& fact, const FactPlace& place) {
      if (page.items.size() < wish.limit) {
        page.items.push_back(ItemOf(place, fact, facts.size() > 1));
      } else if (page.next.empty()) {
        page.next = FactPlaceCursor(fact, place.use);
      }
    };
    HARK_ASSIGN_OR_RETURN(const PlacesSummary summary,
                          Summarise(memory, facts, filter, effort, add));
    AddSummary(summary, out);
  } else {
    HARK_ASSIGN_OR_RETURN(page, PlacesOf(memory, facts, filter, wish, effort));
  }
  AddPage(std::move(page), "places", out);
  return Status::Ok();
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

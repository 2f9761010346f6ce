#pragma once

// Where facts were seen: the list that stands in every answer about a key, a certificate, a banner
// or algorithm lists.

#include <vector>

#include "api/memory_view.h"
#include "api/v1_page.h"
#include "api/v1_query.h"

namespace hark {

// {"host", "kind", "port", "first_seen", "last_seen", "sightings"} and "country" and "asn" where
// they are known cheaply or were asked for; with several facts also "fact". By fact, host and port;
// facts are sorted and distinct. The window counts sightings of the fact inside it. A page ends
// after Effort::kPageUnits records, so it may be short, or empty, and go on all the same.
Result<V1Page> PlacesOf(const MemoryView& memory, const std::vector<Fact>& facts,
                        const PlaceFilter& filter, const PageWish& wish, Effort& effort);

// The places of the facts that pass the filter, together.
struct PlacesSummary {
  // A key of a vendor is on millions of places, and each is a record to be read for its dates: a
  // summary is of so many, which takes a second or two.
  static constexpr uint64_t kMostPlaces = 100'000;

  uint64_t places = 0;  // hosts and ports
  uint64_t hosts = 0;
  int64_t first_unix_s = INT64_MAX;
  int64_t last_unix_s = INT64_MIN;
  bool complete = true;  // false: there are more places than these
};
Result<PlacesSummary> SummaryOf(const MemoryView& memory, const std::vector<Fact>& facts,
                                const PlaceFilter& filter, Effort& effort);
// {"hosts", "places_count", "first_seen", "last_seen", "summary_complete"} added to an object; the
// times are null where there are no places.
void AddSummary(const PlacesSummary& summary, Json& out);

// "places" and "next" added to an object, and on the first page the summary, of one walk.
Status AddPlaces(const MemoryView& memory, const std::vector<Fact>& facts,
                 const PlaceFilter& filter, const PageWish& wish, Effort& effort, Json& out);

// A place of a fact that passes the filter.
struct FactPlace {
  FactUse use;
  FactInterval span;
  ApiPlace where;
};
Json PlaceJson(const FactPlace& place);
// Every one from a place on, through `visit`, whose failure ends the walk and is returned. wanted:
// asked before a place is read; empty = all are.
Status ForEachPlace(const MemoryView& memory, const Fact& fact, const FactUse& from,
                    const PlaceFilter& filter, Effort& effort,
                    const std::function<Status(const FactPlace&)>& visit,
                    const std::function<Result<bool>(const FactUse&)>& wanted = nullptr);

}  // namespace hark

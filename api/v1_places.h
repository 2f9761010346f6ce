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
// facts are sorted and distinct. The window counts sightings of the fact inside it.
Result<V1Page> PlacesOf(const MemoryView& memory, const std::vector<Fact>& facts,
                        const PlaceFilter& filter, const PageWish& wish, Effort& effort);

// All places of the facts that pass the filter together.
struct PlacesSummary {
  uint64_t places = 0;  // hosts and ports
  uint64_t hosts = 0;
  int64_t first_unix_s = INT64_MAX;
  int64_t last_unix_s = INT64_MIN;
};
Result<PlacesSummary> SummaryOf(const MemoryView& memory, const std::vector<Fact>& facts,
                                const PlaceFilter& filter, Effort& effort);
// {"hosts", "places_count", "first_seen", "last_seen"} added to an object; the times are null where
// there are no places.
void AddSummary(const PlacesSummary& summary, Json& out);

// A place of a fact that passes the filter.
struct FactPlace {
  FactUse use;
  FactInterval span;
  ApiPlace where;
};
Json PlaceJson(const FactPlace& place);
// Every one from a place on, through `visit`; kInterrupted from it ends the walk with that status.
Status ForEachPlace(const MemoryView& memory, const Fact& fact, const FactUse& from,
                    const PlaceFilter& filter, Effort& effort,
                    const std::function<Status(const FactPlace&)>& visit);

}  // namespace hark

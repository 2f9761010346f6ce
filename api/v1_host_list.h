#pragma once

// The hosts of the history: all of them, or those of some prefixes, ports, countries, ASes and
// times. Runs that are not remembered are not in it.

#include "api/v1_page.h"
#include "api/v1_query.h"

namespace hark {

// {"host", "kind", "first_seen", "last_seen", "country", "asn", "ports": [{"port", "first_seen",
// "last_seen", "sightings", "keys": ["key:…"]}]} by host. Of a host the ports that pass are shown,
// with their times inside the window; one without such a port is not. A page ends after
// Effort::kPageUnits records, so it may be short, or empty, and go on all the same.
Result<V1Page> HostList(const MemoryView& memory, const PlaceFilter& filter, const PageWish& wish,
                        Effort& effort);
Result<Json> HostListAnswer(const MemoryView& memory, const PlaceFilter& filter,
                            const PageWish& wish, Effort& effort);

}  // namespace hark

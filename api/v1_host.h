#pragma once

// What is known of one host: the facts of each of its ports and when they were seen, its visits,
// and what changed between them. docs/api.md has the answers' members.

#include "api/fact_json.h"
#include "api/memory_view.h"
#include "api/v1_page.h"
#include "api/v1_query.h"

namespace hark {

// A host as askers write it; kInvalidInput says what it can be.
Result<HostId> ReadHostText(std::string_view text);

// filter: ports and window count. kNotFound if nothing was ever seen of the host, or nothing there
// and then.
Result<Json> HostAnswer(const MemoryView& memory, const HostId& host, const PlaceFilter& filter,
                        Effort& effort);

// Its visits by time and port: {"time", "port", "facts": ["key:…"]}.
Result<V1Page> HostVisits(const MemoryView& memory, const HostId& host, const PlaceFilter& filter,
                          const PageWish& wish, Effort& effort);
// A page of them, and what their facts are.
Result<Json> HostHistoryAnswer(const MemoryView& memory, const HostId& host,
                               const PlaceFilter& filter, const PageWish& wish, Effort& effort);

// What a visit showed that the visit before it to the same port had not, and the reverse, by time
// and port: {"time", "port", "before", "appeared": [fact], "disappeared": [fact]}. A port's first
// visit is a change from nothing ("before": null). The window chooses changes; what is compared
// with may be before it.
Result<V1Page> HostChanges(const MemoryView& memory, const HostId& host, const PlaceFilter& filter,
                           const PageWish& wish, Effort& effort);
Result<Json> HostChangesAnswer(const MemoryView& memory, const HostId& host,
                               const PlaceFilter& filter, const PageWish& wish, Effort& effort);

}  // namespace hark

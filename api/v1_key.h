#pragma once

// What is known of a key: what it is and where it was, and whether it is new to somebody's
// environment.

#include <string_view>

#include "api/environment.h"
#include "api/named_fact.h"
#include "api/v1_page.h"
#include "api/v1_places.h"
#include "api/v1_query.h"

namespace hark {

// A fingerprint as askers write it; kInvalidInput names the forms.
Result<HashText> ReadFingerprint(std::string_view text);

// {"asked", "keys": [...], "hosts", "places_count", "first_seen", "last_seen", "places": [...],
// "next"}; the summary stands on the first page only, since it costs a walk over all places.
// kNotFound for a key that was never seen.
Result<Json> KeyAnswer(const MemoryView& memory, std::string_view text, const PlaceFilter& filter,
                       const PageWish& wish, Effort& effort);
// Its places alone, for streams.
Result<V1Page> KeyPlaces(const MemoryView& memory, std::string_view text, const PlaceFilter& filter,
                         const PageWish& wish, Effort& effort);

// Is this key new to the environment? {"asked", "environment", "verdict", "new", "keys", "inside":
// {…}, "outside": {…}}. verdict: "known" (seen inside), "new" (only ever seen outside) or
// "never-seen", which is new, too. Each side has its summary and its first places, at most
// wish.limit.
Result<Json> KeyEnvironmentAnswer(const MemoryView& memory, std::string_view text,
                                  const Environment& environment, const PlaceFilter& filter,
                                  const PageWish& wish, Effort& effort);

}  // namespace hark

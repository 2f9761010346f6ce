#pragma once

// What servers say of their software: banners, and the algorithm lists they offer.

#include "api/v1_page.h"
#include "api/v1_places.h"
#include "api/v1_query.h"

namespace hark {

// A text of a banner as an asker writes it: \xNN and \\ stand for what answers show so.
Result<std::string> ReadBannerText(std::string_view text);

// Banners that begin with this and on how many hosts each was ever seen, by reference:
// {"kind", "fact", "banner", "hosts"}. Reads all banners: patient only.
Result<V1Page> BannerList(const MemoryView& memory, std::string_view prefix, const PageWish& wish,
                          Effort& effort);
Result<Json> BannerListAnswer(const MemoryView& memory, std::string_view prefix,
                              const PageWish& wish, Effort& effort);
// The places of this banner. kNotFound if it was never seen.
Result<Json> BannerAnswer(const MemoryView& memory, std::string_view banner,
                          const PlaceFilter& filter, const PageWish& wish, Effort& effort);
Result<V1Page> BannerPlaces(const MemoryView& memory, std::string_view banner,
                            const PlaceFilter& filter, const PageWish& wish, Effort& effort);

// Algorithm lists with this value, by either formula, and their places. {"asked", "formulas":
// ["hassh_server"], "algorithms": […], …}. kNotFound if none has it.
Result<Json> HasshAnswer(const MemoryView& memory, std::string_view value,
                         const PlaceFilter& filter, const PageWish& wish, Effort& effort);
Result<V1Page> HasshPlaces(const MemoryView& memory, std::string_view value,
                           const PlaceFilter& filter, const PageWish& wish, Effort& effort);

}  // namespace hark

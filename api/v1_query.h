#pragma once

// What askers of /v1 and `hark lookup` may add to a question: which places and times, and which
// page of the answer. Texts come from strangers; what is wrong with one is said in the message.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/memory_view.h"
#include "base/address_set.h"
#include "base/status.h"
#include "storage/timeline.h"

namespace hark {

using QueryMap = std::map<std::string, std::string>;

// since <= t < until, Unix seconds.
struct TimeWindow {
  int64_t since = INT64_MIN;
  int64_t until = INT64_MAX;

  bool Has(int64_t unix_s) const { return since <= unix_s && unix_s < until; }
  bool everything() const { return since == INT64_MIN && until == INT64_MAX; }
};

// Which places an answer lists.
struct PlaceFilter {
  std::optional<AddressSet> prefixes;  // names are in none
  std::vector<uint16_t> ports;         // empty = any
  std::vector<std::string> countries;  // two upper-case letters
  std::vector<uint32_t> asns;
  std::string run;  // country and AS as this run has them; "" = see MemoryView::PlaceOf
  TimeWindow window;

  bool asks_for_place() const { return !countries.empty() || !asns.empty(); }
  bool HasPort(uint16_t port) const;
  bool HasHost(const HostId& host) const;  // by prefix
  bool HasPlace(const ApiPlace& place) const;
};

// prefix=A,B port=22,443 country=IE,DE as=64496 run=NAME since= until=. kInvalidInput names the
// parameter. Times are as flags have them (base/moment.h), a part of a second cut off.
Result<PlaceFilter> ReadPlaceFilter(const QueryMap& query);

struct PageWish {
  static constexpr size_t kDefaultLimit = 100;
  // A page of places is then a megabyte at most.
  static constexpr size_t kMaxLimit = 10'000;

  std::string cursor;  // as an answer gave it; "" = from the beginning
  size_t limit = kDefaultLimit;
};
// limit= cursor=; most: that limit may be. A stream may be as long as it likes.
Result<PageWish> ReadPageWish(const QueryMap& query, size_t most = PageWish::kMaxLimit);

// Places as cursors: hex digits that tell nothing but where to go on.
std::string CursorOf(const FactUse& place);
Result<FactUse> PlaceOfCursor(std::string_view cursor);  // kInvalidInput

// From first to last sighting of a fact inside the window; nullopt: not in it.
std::optional<FactInterval> SpanIn(const Timeline& timeline, const Fact& fact,
                                   const TimeWindow& window);

}  // namespace hark

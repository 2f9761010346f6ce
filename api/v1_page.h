#pragma once

// A page of a list of /v1, and lists as streams: an NDJSON answer is the pages one after another,
// so that both have the same items in the same order and neither holds more than a page.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/fact_json.h"
#include "api/http.h"
#include "api/v1_query.h"
#include "base/status.h"

namespace hark {

struct V1Page {
  std::vector<Json> items;
  std::string next;  // cursor of the page after it, "" = there is none
};

// May be called again and again, by one thread at a time.
using Pager = std::function<Result<V1Page>(const PageWish&, Effort&)>;

// Adds the items under this name, and "next", null at the end.
void AddPage(V1Page page, const char* name, Json& out);

// A page of items that are all there: cursors are positions.
Result<V1Page> PageOfAll(const std::vector<Json>& items, const PageWish& wish);

// Items one a line. limit: at most so many, 0 = all of them.
BodySource NdjsonOf(Pager pager, std::string cursor, size_t limit);

// JSON of a stranger's making in UTF-8 or not: never throws, ASCII only.
std::string JsonText(const Json& value);

}  // namespace hark

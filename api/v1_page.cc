#include "api/v1_page.h"

#include <algorithm>

#include "base/strings.h"

namespace hark {
namespace {

// Lines that are made in one go: enough to keep a connection busy, and some hundred kilobytes.
constexpr size_t kStreamedItems = 500;

struct Streamed {
  Pager pager;
  PageWish wish;
  size_t left = 0;
  bool done = false;
};

Result<std::string> NextLines(Streamed& stream) {
  while (!stream.done) {
    stream.wish.limit = std::min(stream.left, kStreamedItems);
    Effort effort = Effort::Patient();
    HARK_ASSIGN_OR_RETURN(const V1Page page, stream.pager(stream.wish, effort));
    stream.left -= std::min(stream.left, page.items.size());
    stream.wish.cursor = page.next;
    stream.done = page.next.empty() || stream.left == 0;
    std::string lines;
    for (const Json& item : page.items) lines += JsonText(item) + "\n";
    if (!lines.empty()) return lines;
  }
  return std::string();
}

}  // namespace

std::string JsonText(const Json& value) {
  return value.dump(-1, ' ', true, Json::error_handler_t::replace);
}

void AddPage(V1Page page, const char* name, Json& out) {
  out[name] = Json::array();
  for (Json& item : page.items) out[name].push_back(std::move(item));
  out["next"] = page.next.empty() ? Json(nullptr) : Json(page.next);
}

Result<V1Page> PageOfAll(const std::vector<Json>& items, const PageWish& wish) {
  const uint64_t from = wish.cursor.empty() ? 0 : ParseUint(wish.cursor).value_or(UINT64_MAX);
  if (from > items.size()) return InvalidInput("cursor: not one that an answer gave");
  const size_t to = std::min(items.size(), static_cast<size_t>(from) + wish.limit);
  V1Page page;
  page.items.assign(items.begin() + static_cast<ptrdiff_t>(from),
                    items.begin() + static_cast<ptrdiff_t>(to));
  if (to < items.size()) page.next = std::to_string(to);
  return page;
}

BodySource NdjsonOf(Pager pager, std::string cursor, size_t limit) {
  auto stream = std::make_shared<Streamed>();
  stream->pager = std::move(pager);
  stream->wish.cursor = std::move(cursor);
  stream->left = limit == 0 ? SIZE_MAX : limit;
  return [stream] { return NextLines(*stream); };
}

}  // namespace hark

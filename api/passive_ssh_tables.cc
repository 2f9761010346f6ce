// The tables of the whole store: /stats, /banners, /keys/types, /fingerprints, /hasshs.

#include <algorithm>
#include <utility>

#include "api/passive_ssh_routes.h"
#include "api/ssh_words.h"
#include "base/strings.h"

namespace hark {
namespace {

// Entries in one piece of a stream: some 50 kB.
constexpr size_t kEntriesAPiece = 1000;

using Counts = std::vector<NameCount>;

// {"name": count, ...} inside a document, in pieces while somebody listens. Keeps the tally the
// counts are of.
BodySource CountsSource(std::shared_ptr<const Counts> counts, std::string head, std::string tail) {
  struct State {
    std::shared_ptr<const Counts> counts;
    std::string head, tail;
    size_t at = 0;
    bool ended = false;
  };
  const auto state =
      std::make_shared<State>(State{std::move(counts), std::move(head), std::move(tail)});
  return [state]() -> Result<std::string> {
    if (state->ended) return std::string();
    std::string piece = state->at == 0 ? state->head + "{" : std::string();
    const size_t end = std::min(state->counts->size(), state->at + kEntriesAPiece);
    for (; state->at < end; ++state->at) {
      if (state->at != 0) piece += ", ";
      AppendPythonString(piece, (*state->counts)[state->at].first);
      piece += StrCat(": ", (*state->counts)[state->at].second);
    }
    state->ended = state->at == state->counts->size();
    if (state->ended) piece += "}" + state->tail;
    return piece;
  };
}

// Where a page begins: behind the entry its cursor names. Counts go down, and names up within one
// count, so that a place is found again though the store has gone on.
Result<size_t> PageBegin(const Counts& counts, const std::string& cursor) {
  if (cursor.empty()) return size_t{0};
  const size_t dot = cursor.find('.');
  const auto count = ParseUint(std::string_view(cursor).substr(0, dot));
  const auto name = dot == std::string::npos ? std::nullopt : HexDecode(cursor.substr(dot + 1));
  if (!count || !name) return InvalidInput("this is no cursor of an answer");
  const NameCount last(*name, *count);
  const auto at = std::upper_bound(counts.begin(), counts.end(), last,
                                   [](const NameCount& a, const NameCount& b) {
                                     if (a.second != b.second) return a.second > b.second;
                                     return a.first < b.first;
                                   });
  return static_cast<size_t>(at - counts.begin());
}

// named: there is room for a field of our own beside the counts.
Result<HttpResponse> CountsPage(const Counts& counts, const ListWish& wish, std::string head,
                                std::string tail, bool named) {
  HARK_ASSIGN_OR_RETURN(const size_t begin, PageBegin(counts, wish.cursor));
  const size_t end = std::min(counts.size(), begin + *wish.limit);
  PythonJson json;
  json.BeginObject();
  for (size_t i = begin; i < end; ++i) json.Name(counts[i].first).Uint(counts[i].second);
  json.EndObject();
  std::string next;
  if (end < counts.size()) {
    next = StrCat(counts[end - 1].second, ".", HexEncode(counts[end - 1].first));
  }
  if (named) {
    tail.insert(0, StrCat(", \"next_cursor\": ", next.empty() ? "null" : "\"" + next + "\""));
  }
  HttpResponse response = JsonBody(head + json.Take() + tail);
  if (!next.empty()) response.headers.emplace_back(kNextCursorHeader, next);
  return response;
}

PassiveSshAnswer AnswerWithCounts(const PassiveSshQuestion& question,
                                  std::shared_ptr<const Counts> counts, std::string head,
                                  std::string tail) {
  HARK_ASSIGN_OR_RETURN(const ListWish wish, ReadListWish(question));
  const bool longer = std::min(counts->size(), wish.limit.value_or(SIZE_MAX)) > kEntriesAPiece;
  if (longer && question.lane == HttpLane::kQuick) return std::optional<HttpResponse>();
  if (wish.limit) {
    const bool named = !head.empty();
    HARK_ASSIGN_OR_RETURN(HttpResponse page, CountsPage(*counts, wish, head, tail, named));
    return std::optional<HttpResponse>(std::move(page));
  }
  const BodySource source = CountsSource(std::move(counts), std::move(head), std::move(tail));
  HttpResponse response;
  if (longer) {
    response.stream = source;
  } else {
    HARK_ASSIGN_OR_RETURN(response.body, source());
  }
  return std::optional<HttpResponse>(std::move(response));
}

void AddPairs(std::string_view name, const Counts& counts, PythonJson& json) {
  json.Name(name).BeginList();
  for (const auto& [what, count] : counts) {
    json.BeginList().String(what).Uint(count).EndList();
  }
  json.EndList();
}

}  // namespace

PassiveSshAnswer PassiveSshStats(const PassiveSshQuestion& question) {
  CensusKeeper& census = question.census;
  HARK_ASSIGN_OR_RETURN(const auto hosts, census.hosts.Get(question.view, question.lane));
  HARK_ASSIGN_OR_RETURN(const auto banners, census.banners.Get(question.view, question.lane));
  HARK_ASSIGN_OR_RETURN(const auto keys, census.keys.Get(question.view, question.lane));
  HARK_ASSIGN_OR_RETURN(const auto lists, census.algorithms.Get(question.view, question.lane));
  if (!hosts || !banners || !keys || !lists) return std::optional<HttpResponse>();
  PythonJson json;
  json.BeginObject().Name("banners").Uint(banners->banners.size());
  json.Name("hosts").BeginObject().Name("ip").Uint(hosts->addresses);
  json.Name("onion").Uint(hosts->onions).EndObject();
  json.Name("keys").BeginObject();
  for (const auto& [type, count] : keys->types) json.Name(type).Uint(count);
  json.EndObject();
  AddPairs("compress", lists->compress, json);
  AddPairs("mac", lists->mac, json);
  AddPairs("encrypt", lists->encrypt, json);
  return std::optional<HttpResponse>(JsonBody(json.EndObject().Take()));
}

PassiveSshAnswer PassiveSshBanners(const PassiveSshQuestion& question) {
  HARK_ASSIGN_OR_RETURN(const auto tally,
                        question.census.banners.Get(question.view, question.lane));
  if (!tally) return std::optional<HttpResponse>();
  return AnswerWithCounts(question, {tally, &tally->banners}, "{\"banners\": ", "}");
}

PassiveSshAnswer PassiveSshKeyTypes(const PassiveSshQuestion& question) {
  HARK_ASSIGN_OR_RETURN(const auto keys, question.census.keys.Get(question.view, question.lane));
  if (!keys) return std::optional<HttpResponse>();
  PythonJson json;
  json.BeginObject().Name("keys_types").BeginList();
  for (const auto& [type, count] : keys->types) json.String(type);
  return std::optional<HttpResponse>(JsonBody(json.EndList().EndObject().Take()));
}

PassiveSshAnswer PassiveSshHasshs(const PassiveSshQuestion& question) {
  HARK_ASSIGN_OR_RETURN(const HasshChoice choice, ReadHasshChoice(question));
  HARK_ASSIGN_OR_RETURN(const auto tally,
                        question.census.algorithms.Get(question.view, question.lane));
  if (!tally) return std::optional<HttpResponse>();
  const Counts& counts = choice == HasshChoice::kServer ? tally->server_hasshs : tally->hasshs;
  return AnswerWithCounts(question, {tally, &counts}, "", "");
}

}  // namespace hark

// Lists of hosts: whole in one body while they are short, in pieces when they are not, or a page at
// a time.

#include <utility>

#include "api/passive_ssh_routes.h"
#include "base/strings.h"

namespace hark {
namespace {

// Hosts in one piece of a stream: some 20 kB.
constexpr size_t kHostsAPiece = 1000;
// A list of this many places at most is made at once.
constexpr size_t kShortList = 1024;

std::string HostsText(const std::vector<HostId>& hosts, bool first) {
  std::string out;
  for (const HostId& host : hosts) {
    if (!first) out += ", ";
    first = false;
    AppendPythonString(out, host.ToString());
  }
  return out;
}

std::string WholeDocument(const HostListAnswer& answer, const std::vector<HostId>& hosts) {
  return StrCat(answer.head, "[", HostsText(hosts, true), "]", answer.tail);
}

HttpResponse Page(const HostListAnswer& answer, std::vector<HostId> hosts, size_t limit) {
  const bool more = hosts.size() > limit;
  if (more) hosts.pop_back();
  const std::string next = more ? HexEncode(hosts.back().SortKey()) : "";
  std::string tail = answer.tail;
  tail.insert(tail.rfind('}'),
              StrCat(", \"next_cursor\": ", more ? StrCat("\"", next, "\"") : std::string("null")));
  HttpResponse response = JsonBody(WholeDocument({answer.head, std::move(tail), {}, {}}, hosts));
  if (more) response.headers.emplace_back(kNextCursorHeader, next);
  return response;
}

HttpResponse Stream(SshHostWalk walk, HostListAnswer answer) {
  struct State {
    SshHostWalk walk;
    HostListAnswer answer;
    bool begun = false;
    bool ended = false;
  };
  const auto state = std::make_shared<State>(State{std::move(walk), std::move(answer)});
  HttpResponse response;
  response.stream = [state]() -> Result<std::string> {
    if (state->ended) return std::string();
    HARK_ASSIGN_OR_RETURN(const std::vector<HostId> hosts, state->walk.Next(kHostsAPiece));
    std::string piece = state->begun ? std::string() : state->answer.head + "[";
    piece += HostsText(hosts, !state->begun);
    state->begun = true;
    if (hosts.empty()) {
      state->ended = true;
      piece += "]" + state->answer.tail;
    }
    return piece;
  };
  return response;
}

}  // namespace

Result<ListWish> ReadListWish(const PassiveSshQuestion& question) {
  ListWish wish;
  wish.cursor = question.Parameter("cursor");
  const std::string_view limit = question.Parameter("limit");
  if (limit.empty()) {
    if (wish.cursor.empty()) return wish;
    return InvalidInput("a cursor needs a limit");
  }
  const std::optional<uint64_t> number = ParseUint(limit);
  if (!number || *number == 0 || *number > ListWish::kMaxLimit) {
    return InvalidInput(StrCat("limit is a number from 1 to ", ListWish::kMaxLimit));
  }
  wish.limit = static_cast<size_t>(*number);
  return wish;
}

PassiveSshAnswer AnswerWithHosts(const PassiveSshQuestion& question, HostListAnswer answer) {
  HARK_ASSIGN_OR_RETURN(const ListWish wish, ReadListWish(question));
  std::optional<HostId> after;
  if (!wish.cursor.empty()) {
    after = HostId::FromSortKey(HexDecode(wish.cursor).value_or(""));
    if (!after) return InvalidInput("this is no cursor of an answer");
  }
  const std::shared_ptr<const HistoryReader> history = question.view->history;
  const bool quick = question.lane == HttpLane::kQuick;
  if (wish.limit) {
    if (quick) return std::optional<HttpResponse>();
    SshHostWalk walk(history, answer.facts, after);
    HARK_ASSIGN_OR_RETURN(std::vector<HostId> hosts, walk.Next(*wish.limit + 1));
    return std::optional<HttpResponse>(Page(answer, std::move(hosts), *wish.limit));
  }
  if (answer.hosts) {
    return std::optional<HttpResponse>(JsonBody(WholeDocument(answer, *answer.hosts)));
  }
  SshHostWalk walk(history, answer.facts);
  HARK_ASSIGN_OR_RETURN(const auto hosts, walk.AllWithin(quick ? kQuickPlaces : kShortList));
  if (hosts) return std::optional<HttpResponse>(JsonBody(WholeDocument(answer, *hosts)));
  if (quick) return std::optional<HttpResponse>();
  return std::optional<HttpResponse>(Stream(SshHostWalk(history, answer.facts), answer));
}

}  // namespace hark

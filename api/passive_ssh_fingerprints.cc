// /fingerprints: every SSH key by its MD5 fingerprint and how many hosts had it. Those of several
// hosts come first, out of the tally; the millions of one host follow straight from the index.

#include <algorithm>
#include <utility>

#include "api/passive_ssh_routes.h"
#include "api/ssh_words.h"
#include "base/strings.h"

namespace hark {
namespace {

// Entries in one piece of a stream: some 50 kB, a few milliseconds.
constexpr size_t kKeysAPiece = 1000;
constexpr size_t kMd5Size = 16;

struct KeyCount {
  std::string md5;
  uint64_t hosts = 0;
};

// Walks all of them in the order of the answer, some at a time.
class FingerprintWalk {
 public:
  FingerprintWalk(std::shared_ptr<const HistoryReader> history,
                  std::shared_ptr<const KeyTally> tally, const std::optional<KeyCount>& after)
      : history_(std::move(history)), tally_(std::move(tally)) {
    if (after) GoBehind(*after);
  }

  // At most `most` more; none if there are no more.
  Result<std::vector<KeyCount>> Next(size_t most) {
    std::vector<KeyCount> keys;
    while (keys.size() < most && shared_at_ < tally_->shared.size()) {
      const KeyTally::Shared& key = tally_->shared[shared_at_++];
      keys.push_back({std::string(key.md5.data(), key.md5.size()), key.hosts});
    }
    if (keys.size() < most && !ended_) HARK_RETURN_IF_ERROR(AddSingles(most, keys));
    return keys;
  }

 private:
  void GoBehind(const KeyCount& after) {
    const auto is_before = [](const KeyTally::Shared& key, const KeyCount& last) {
      if (key.hosts != last.hosts) return key.hosts > last.hosts;
      return std::string_view(key.md5.data(), key.md5.size()) >= last.md5;
    };
    const auto& shared = tally_->shared;
    const auto at = std::lower_bound(shared.begin(), shared.end(), after, is_before);
    shared_at_ = static_cast<size_t>(at - shared.begin());
    if (after.hosts == 1) last_single_ = after.md5;
  }

  Status AddSingles(size_t most, std::vector<KeyCount>& keys) {
    const auto visit = [&](std::string_view md5, const Fact& key) -> Status {
      if (md5 == last_single_) return Status::Ok();  // another key of the same fingerprint
      if (keys.size() == most) return {StatusCode::kInterrupted, "enough"};
      last_single_ = md5;
      if (!tally_->IsTlsOnly(key) && !tally_->IsShared(md5)) keys.push_back({last_single_, 1});
      return Status::Ok();
    };
    const Status walked = last_single_.empty()
                              ? history_->ForEachMd5(true, visit)
                              : history_->ForEachMd5Behind(std::string(last_single_), true, visit);
    if (walked.code() == StatusCode::kInterrupted) return Status::Ok();
    ended_ = walked.ok();
    return walked;
  }

  std::shared_ptr<const HistoryReader> history_;
  std::shared_ptr<const KeyTally> tally_;
  size_t shared_at_ = 0;
  std::string last_single_;  // "" = none yet
  bool ended_ = false;
};

std::string EntriesText(const std::vector<KeyCount>& keys, bool first) {
  std::string out;
  for (const KeyCount& key : keys) {
    if (!first) out += ", ";
    first = false;
    out += StrCat("\"", ColonHex(key.md5), "\": ", key.hosts);
  }
  return out;
}

HttpResponse Stream(FingerprintWalk walk) {
  struct State {
    FingerprintWalk walk;
    bool begun = false;
    bool ended = false;
  };
  const auto state = std::make_shared<State>(State{std::move(walk)});
  HttpResponse response;
  response.stream = [state]() -> Result<std::string> {
    if (state->ended) return std::string();
    HARK_ASSIGN_OR_RETURN(const std::vector<KeyCount> keys, state->walk.Next(kKeysAPiece));
    std::string piece = state->begun ? std::string() : "{";
    piece += EntriesText(keys, !state->begun);
    state->begun = true;
    state->ended = keys.empty();
    if (state->ended) piece += "}";
    return piece;
  };
  return response;
}

// "hosts.md5"
Result<std::optional<KeyCount>> ReadCursor(const std::string& cursor) {
  if (cursor.empty()) return std::optional<KeyCount>();
  const size_t dot = cursor.find('.');
  const auto hosts = ParseUint(std::string_view(cursor).substr(0, dot));
  const auto md5 = dot == std::string::npos ? std::nullopt : HexDecode(cursor.substr(dot + 1));
  if (!hosts || *hosts == 0 || !md5 || md5->size() != kMd5Size) {
    return InvalidInput("this is no cursor of an answer");
  }
  return std::optional<KeyCount>({*md5, *hosts});
}

Result<HttpResponse> Page(FingerprintWalk walk, size_t limit) {
  HARK_ASSIGN_OR_RETURN(std::vector<KeyCount> keys, walk.Next(limit + 1));
  const bool more = keys.size() > limit;
  if (more) keys.pop_back();
  HttpResponse response = JsonBody(StrCat("{", EntriesText(keys, true), "}"));
  if (more) {
    const KeyCount& last = keys.back();
    response.headers.emplace_back(kNextCursorHeader, StrCat(last.hosts, ".", HexEncode(last.md5)));
  }
  return response;
}

}  // namespace

PassiveSshAnswer PassiveSshFingerprints(const PassiveSshQuestion& question) {
  HARK_ASSIGN_OR_RETURN(const ListWish wish, ReadListWish(question));
  HARK_ASSIGN_OR_RETURN(const std::optional<KeyCount> after, ReadCursor(wish.cursor));
  if (question.lane == HttpLane::kQuick) return std::optional<HttpResponse>();
  HARK_ASSIGN_OR_RETURN(const auto tally, question.census.keys.Get(question.view, question.lane));
  FingerprintWalk walk(question.view->history, tally, after);
  HttpResponse response;
  if (wish.limit) {
    HARK_ASSIGN_OR_RETURN(response, Page(std::move(walk), *wish.limit));
  } else {
    response = Stream(std::move(walk));
  }
  response.content_type = "application/json; charset=UTF-8";
  return std::optional<HttpResponse>(std::move(response));
}

}  // namespace hark

#pragma once

// Internal to the Passive SSH routes: a function a route, and what they share. Each answers from
// one view of the store.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/api_context.h"
#include "api/census_keeper.h"
#include "api/crypto_material.h"
#include "api/http.h"
#include "api/python_json.h"
#include "api/ssh_presence.h"
#include "base/status.h"
#include "proto/store.pb.h"

namespace hark {

struct PassiveSshQuestion {
  const HttpRequest& request;
  HttpLane lane;
  std::shared_ptr<const ApiView> view;
  CensusKeeper& census;

  const HistoryReader& history() const { return *view->history; }
  // What the route's pattern calls so; "" if it has no such part.
  std::string_view Argument(const std::string& name) const;
  // What the query string calls so; "" if it has it not.
  std::string_view Parameter(const std::string& name) const;
};

// nullopt: ask again in the patient lane.
using PassiveSshAnswer = Result<std::optional<HttpResponse>>;

PassiveSshAnswer PassiveSshStats(const PassiveSshQuestion& question);
PassiveSshAnswer PassiveSshBanners(const PassiveSshQuestion& question);
PassiveSshAnswer PassiveSshBannerHosts(const PassiveSshQuestion& question);
PassiveSshAnswer PassiveSshKeyTypes(const PassiveSshQuestion& question);
PassiveSshAnswer PassiveSshHost(const PassiveSshQuestion& question);
PassiveSshAnswer PassiveSshHistory(const PassiveSshQuestion& question);
PassiveSshAnswer PassiveSshFingerprints(const PassiveSshQuestion& question);
PassiveSshAnswer PassiveSshKey(const PassiveSshQuestion& question);        // /fingerprint/all
PassiveSshAnswer PassiveSshKeyOfType(const PassiveSshQuestion& question);  // /fingerprint/type
PassiveSshAnswer PassiveSshHasshs(const PassiveSshQuestion& question);
PassiveSshAnswer PassiveSshHasshHosts(const PassiveSshQuestion& question);

// What a look-up may look at on the server's own threads: 64 rows take a millisecond or two even
// where none is in memory.
inline constexpr size_t kQuickPlaces = 64;

HttpResponse JsonBody(std::string json);

// Opt-in paging (docs/passive-ssh.md, "Paging").
struct ListWish {
  static constexpr size_t kMaxLimit = 10'000;

  std::optional<size_t> limit;  // nullopt: the whole list
  std::string cursor;           // as an answer gave it; "" = from the beginning
};
// kInvalidInput: a limit that is none.
Result<ListWish> ReadListWish(const PassiveSshQuestion& question);
inline constexpr std::string_view kNextCursorHeader = "X-Next-Cursor";

// The hosts of some facts as the list inside a document: `head` ends before its '[', `tail` begins
// behind its ']'. A paged answer tells where to go on before the tail's closing brace.
struct HostListAnswer {
  std::string head;
  std::string tail;
  std::vector<Fact> facts;
  std::optional<std::vector<HostId>> hosts = std::nullopt;  // all of them, where they are known
};
PassiveSshAnswer AnswerWithHosts(const PassiveSshQuestion& question, HostListAnswer answer);

// An SSH key as Passive SSH speaks of it.
struct SshKeyWords {
  std::string type;
  std::string fingerprint;  // MD5 with colons
  std::string blob;
};
// nullopt: only a hash of the key is known, or it is of no type SSH has.
Result<std::optional<SshKeyWords>> WordsOfKey(const HistoryReader& history, const Fact& key);

// {"key": [...], "encrypt": [...], "mac": [...], "compress": [...], "lang": []}; with_kex: "kex" in
// front, which Passive SSH does not have.
std::string AlgorithmsJson(const proto::AlgorithmsRow& row, bool with_kex);

// Which value stands for a server's algorithm lists: ?hassh=.
enum class HasshChoice { kUnsaid, kLegacy, kServer };
Result<HasshChoice> ReadHasshChoice(const PassiveSshQuestion& question);

}  // namespace hark

// /host/ssh and /host/history: one host, over all its ports that speak SSH.

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "api/passive_ssh_routes.h"
#include "api/ssh_words.h"
#include "base/strings.h"
#include "keys/ssh_key.h"

namespace hark {
namespace {

// More than this of one host is not shown in the quick lane.
constexpr size_t kQuickFacts = 64;
constexpr size_t kQuickVisits = 2000;
constexpr uint16_t kDefaultPort = 22;

// What SSH showed on a host, and what it stands for. Facts that stand for nothing readable (a
// greeting that is not SSH's, a key of which only a hash is known) are in none of the maps.
struct SshHost {
  std::vector<PortHistory> ports;
  std::map<Fact, std::string> banners;
  std::map<Fact, SshKeyWords> keys;
  std::map<Fact, proto::AlgorithmsRow> algorithms;

  // A visit that got no word of SSH is none to Passive SSH.
  bool Counts(const Fact& fact) const {
    return fact.kind == FactKind::kKey || fact.kind == FactKind::kAlgorithms ||
           banners.contains(fact);
  }
};

bool IsLarge(const std::vector<PortHistory>& ports) {
  size_t facts = 0, visits = 0;
  for (const PortHistory& port : ports) {
    facts += port.timeline.facts().size();
    visits += port.timeline.visit_count();
  }
  return facts > kQuickFacts || visits > kQuickVisits;
}

Status Unless(const Status& status, StatusCode harmless) {
  return status.code() == harmless ? Status::Ok() : status;
}

Status ReadFact(const HistoryReader& history, const Fact& fact, SshHost& host) {
  if (fact.kind == FactKind::kKey && !host.keys.contains(fact)) {
    HARK_ASSIGN_OR_RETURN(auto words, WordsOfKey(history, fact));
    if (words) host.keys.emplace(fact, std::move(*words));
  } else if (fact.kind == FactKind::kBanner && !host.banners.contains(fact)) {
    Result<std::string> text = history.Banner(fact);
    if (!text.ok()) return Unless(text.status(), StatusCode::kNotFound);
    if (IsSshBanner(*text)) host.banners.emplace(fact, std::move(*text));
  } else if (fact.kind == FactKind::kAlgorithms && !host.algorithms.contains(fact)) {
    Result<proto::AlgorithmsRow> row = history.Algorithms(fact);
    if (!row.ok()) return Unless(row.status(), StatusCode::kNotFound);
    host.algorithms.emplace(fact, std::move(*row));
  }
  return Status::Ok();
}

// nullopt: it takes longer than the quick lane may. No ports: SSH was never seen there.
Result<std::optional<SshHost>> ReadHost(const PassiveSshQuestion& question) {
  SshHost host;
  const std::optional<HostId> id = HostId::Parse(question.Argument("host"));
  if (!id) return std::optional<SshHost>(host);
  HARK_ASSIGN_OR_RETURN(host.ports, SshPortsOf(question.history(), *id));
  if (question.lane == HttpLane::kQuick && IsLarge(host.ports)) return std::optional<SshHost>();
  for (const PortHistory& port : host.ports) {
    for (const Fact& fact : port.timeline.facts()) {
      HARK_RETURN_IF_ERROR(ReadFact(question.history(), fact, host));
    }
  }
  return std::optional<SshHost>(std::move(host));
}

SightedSpan SpanOf(const SshHost& host) {
  SightedSpan span;
  for (const PortHistory& port : host.ports) {
    for (const Fact& fact : port.timeline.facts()) {
      const auto seen = host.Counts(fact) ? port.timeline.Span(fact) : std::nullopt;
      if (seen) span.Add(seen->first_unix_s, seen->last_unix_s);
    }
  }
  return span;
}

void AddDay(std::string_view name, const SightedSpan& span, int64_t unix_s, PythonJson& json) {
  json.Name(name);
  span.empty() ? json.Null() : json.String(DayText(unix_s));
}

// Port 22 if it is among them, else the first.
uint16_t OnePort(const SshHost& host) {
  if (host.ports.empty()) return kDefaultPort;
  const bool usual = std::any_of(host.ports.begin(), host.ports.end(),
                                 [](const PortHistory& port) { return port.port == kDefaultPort; });
  return usual ? kDefaultPort : host.ports.front().port;
}

void AddPorts(const SshHost& host, PythonJson& json) {
  json.Name("port").Uint(OnePort(host)).Name("ports").BeginList();
  for (const PortHistory& port : host.ports) json.String(StrCat(port.port));
  json.EndList();
}

void AddBanners(const SshHost& host, PythonJson& json) {
  std::set<std::string> texts;
  for (const auto& [fact, text] : host.banners) texts.insert(text);
  json.Name("banner").BeginList();
  for (const std::string& text : texts) json.String(text);
  json.EndList();
}

const std::string& HasshOf(const proto::AlgorithmsRow& row, bool server) {
  return server ? row.hassh() : row.passive_ssh_hassh();
}

void AddHasshs(const SshHost& host, std::string_view name, bool server, PythonJson& json) {
  std::map<std::string, std::set<std::string>> hasshs;
  for (const auto& [fact, row] : host.algorithms) {
    const std::string& hassh = HasshOf(row, server);
    if (!hassh.empty()) hasshs[hassh].insert(AlgorithmsJson(row, server));
  }
  json.Name(name).BeginObject();
  for (const auto& [hassh, lists] : hasshs) {
    json.Name(hassh).BeginList();
    for (const std::string& list : lists) json.Raw(list);
    json.EndList();
  }
  json.EndObject();
}

void AddKey(const SshKeyWords& key, PythonJson& json) {
  json.Name("type").String(key.type).Name("fingerprint").String(key.fingerprint);
}

void AddKeys(const SshHost& host, PythonJson& json) {
  std::map<std::pair<std::string, std::string>, const SshKeyWords*> keys;
  for (const auto& [fact, key] : host.keys) keys[{key.type, key.fingerprint}] = &key;
  json.Name("keys").BeginList();
  for (const auto& [words, key] : keys) {
    json.BeginObject();
    AddKey(*key, json);
    json.EndObject();
  }
  json.EndList();
}

// Beyond Passive SSH: when each thing was there, and on which port.
void AddInterval(uint16_t port, const FactInterval& interval, PythonJson& json) {
  json.Name("port").Uint(port);
  json.Name("first_seen").String(DayText(interval.first_unix_s));
  json.Name("last_seen").String(DayText(interval.last_unix_s));
  json.Name("first_seen_epoch").Int(interval.first_unix_s);
  json.Name("last_seen_epoch").Int(interval.last_unix_s);
  json.Name("sightings").Uint(interval.sightings);
}

// One list of intervals; words says what the fact is, or nothing if it is not of this list.
template <typename Words>
void AddIntervals(const SshHost& host, std::string_view name, const Words& words,
                  PythonJson& json) {
  json.Name(name).BeginList();
  for (const PortHistory& port : host.ports) {
    for (const FactInterval& interval : port.timeline.Intervals()) {
      const std::string what = words(interval.fact);
      if (what.empty()) continue;
      json.BeginObject().Raw(what);
      AddInterval(port.port, interval, json);
      json.EndObject();
    }
  }
  json.EndList();
}

void AddHistory(const SshHost& host, PythonJson& json) {
  const auto banner = [&host](const Fact& fact) -> std::string {
    const auto at = host.banners.find(fact);
    if (at == host.banners.end()) return {};
    return PythonJson().Name("banner").String(at->second).Take();
  };
  const auto key = [&host](const Fact& fact) -> std::string {
    const auto at = host.keys.find(fact);
    if (at == host.keys.end()) return {};
    PythonJson words;
    AddKey(at->second, words);
    return words.Name("fingerprint_sha256").String(SshSha256Fingerprint(at->second.blob)).Take();
  };
  const auto hassh = [&host](const Fact& fact) -> std::string {
    const auto at = host.algorithms.find(fact);
    if (at == host.algorithms.end()) return {};
    PythonJson words;
    words.Name("hassh").String(at->second.passive_ssh_hassh());
    return words.Name("hassh_server").String(at->second.hassh()).Take();
  };
  AddIntervals(host, "banners_seen", banner, json);
  AddIntervals(host, "keys_seen", key, json);
  AddIntervals(host, "hassh_seen", hassh, json);
}

// All visits of a second, of all ports, as one; each with its "type;fingerprint" pairs.
std::map<int64_t, std::set<std::string>> VisitsOf(const SshHost& host) {
  std::map<int64_t, std::set<std::string>> visits;
  for (const PortHistory& port : host.ports) {
    const std::vector<Fact>& facts = port.timeline.facts();
    for (const Timeline::Visit& visit : port.timeline.Visits()) {
      for (const uint32_t position : visit.facts) {
        const Fact& fact = facts[position];
        if (!host.Counts(fact)) continue;
        std::set<std::string>& keys = visits[visit.unix_s];
        const auto key = host.keys.find(fact);
        if (key != host.keys.end()) keys.insert(key->second.type + ";" + key->second.fingerprint);
      }
    }
  }
  return visits;
}

}  // namespace

PassiveSshAnswer PassiveSshHost(const PassiveSshQuestion& question) {
  HARK_ASSIGN_OR_RETURN(const HasshChoice choice, ReadHasshChoice(question));
  HARK_ASSIGN_OR_RETURN(const std::optional<SshHost> host, ReadHost(question));
  if (!host) return std::optional<HttpResponse>();
  const SightedSpan span = SpanOf(*host);
  PythonJson json;
  json.BeginObject();
  AddDay("first_seen", span, span.first_unix_s, json);
  AddDay("last_seen", span, span.last_unix_s, json);
  AddPorts(*host, json);
  AddBanners(*host, json);
  AddHasshs(*host, "hassh", choice == HasshChoice::kServer, json);
  AddKeys(*host, json);
  if (choice == HasshChoice::kUnsaid) AddHasshs(*host, "hassh_server", true, json);
  AddHistory(*host, json);
  return std::optional<HttpResponse>(JsonBody(json.EndObject().Take()));
}

PassiveSshAnswer PassiveSshHistory(const PassiveSshQuestion& question) {
  HARK_ASSIGN_OR_RETURN(const ListWish wish, ReadListWish(question));
  HARK_ASSIGN_OR_RETURN(const std::optional<SshHost> host, ReadHost(question));
  if (!host) return std::optional<HttpResponse>();
  const auto visits = VisitsOf(*host);
  auto at = visits.begin();
  if (!wish.cursor.empty()) {
    const std::optional<uint64_t> last = ParseUint(wish.cursor);
    if (!last || *last > INT64_MAX) return InvalidInput("this is no cursor of an answer");
    at = visits.upper_bound(static_cast<int64_t>(*last));
  }
  PythonJson json;
  json.BeginObject().Name("hosts").String(question.Argument("host"));
  json.Name("history").BeginObject();
  std::string last;
  for (size_t i = 0; at != visits.end() && (!wish.limit || i < *wish.limit); ++at, ++i) {
    last = StrCat(at->first);
    json.Name(last).BeginList();
    for (const std::string& key : at->second) json.String(key);
    json.EndList();
  }
  json.EndObject();
  const bool more = at != visits.end();
  if (wish.limit) more ? json.Name("next_cursor").String(last) : json.Name("next_cursor").Null();
  HttpResponse response = JsonBody(json.EndObject().Take());
  if (more) response.headers.emplace_back(kNextCursorHeader, last);
  return std::optional<HttpResponse>(std::move(response));
}

}  // namespace hark

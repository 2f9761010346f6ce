// A step is a page of hosts: what is known of each, what each visit saw, then the bodies of keys
// and lists that were not met before. Four rounds of pipelined questions for up to a thousand
// hosts.

#include "exchange/passive_ssh_redis.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "base/moment.h"
#include "base/strings.h"
#include "exchange/give_record.h"
#include "exchange/passive_ssh_record.h"
#include "exchange/ssh_key_text.h"

namespace hark {
namespace {

constexpr std::string_view kKinds[] = {"ip", "onion"};
constexpr size_t kKindCount = std::size(kKinds);
// Bodies kept for the hosts to come; a shared key is asked for once a page at worst.
constexpr size_t kMostKeysKept = 65536;
constexpr size_t kMostListsKept = 4096;
constexpr size_t kMaxBanner = 512;

using Facts = std::vector<SightedFact>;

// What the database has of one host.
struct StoredHost {
  std::string name;  // as it is in the keys
  HostId id;
  std::vector<std::string> visits;  // texts of seconds
  std::vector<std::string> banners, hasshs, ports, keys;
  std::map<std::string, std::set<std::string>> keys_at;  // by text of second
  std::vector<std::string> faults;
};

std::optional<uint16_t> PortOf(std::string_view text) {
  const std::optional<uint64_t> port = ParseUint(text);
  if (!port || *port == 0 || *port > 65535) return std::nullopt;
  return static_cast<uint16_t>(*port);
}

// Midnight, UTC, of YYYYMMDD.
std::optional<int64_t> SecondsOfDate(std::string_view date) {
  if (date.size() != 8) return std::nullopt;
  const Result<int64_t> ms =
      ParseMoment(StrCat(date.substr(0, 4), "-", date.substr(4, 2), "-", date.substr(6, 2)));
  if (!ms.ok()) return std::nullopt;
  return ForeignSeconds(static_cast<double>(*ms / 1000));
}

}  // namespace

class PassiveSshRedis::Impl {
 public:
  explicit Impl(RedisLink& link) : link_(link) {}

  Result<std::string> Identity();
  Result<bool> Read(const Place& from, ImportSink& sink, const std::function<bool()>& goes_on);

 private:
  Status ReadPage(std::string_view kind, const std::vector<std::string>& names, ImportSink& sink);
  Status AskWhatIsKnown(std::string_view kind, std::vector<StoredHost>* hosts);
  Status AskVisits(std::string_view kind, std::vector<StoredHost>* hosts);
  Status AskKeys(const std::vector<StoredHost>& hosts);
  Status AskLists(const std::vector<StoredHost>& hosts);
  void AddKey(const std::string& key, StoredHost* host, Facts* facts) const;
  Facts BannersOf(StoredHost* host) const;
  Facts AlgorithmsOf(StoredHost* host) const;
  std::map<int64_t, Facts> TimesOf(StoredHost* host) const;
  ForeignRecord SightingsOfHost(StoredHost* host) const;

  RedisLink& link_;
  std::unordered_map<std::string, Result<SightedFact>> key_facts_;   // by "type;fingerprint"
  std::unordered_map<std::string, Facts> list_facts_;                // by HASSH
  std::unordered_map<std::string, std::vector<std::string>> dates_;  // of hosts without visits
  PassiveSshRecordReader records_;
  uint64_t host_number_ = 0;
};

Result<std::string> PassiveSshRedis::Impl::Identity() {
  HARK_ASSIGN_OR_RETURN(const std::vector<RedisAnswer> answers,
                        link_.Ask({{RedisVerb::kInfo, "", ""}}));
  for (std::string_view line : Split(answers.front().text, '\n')) {
    line = Trim(line);
    constexpr std::string_view kMark = "run_id:";
    if (line.starts_with(kMark)) return std::string(line.substr(kMark.size()));
  }
  return std::string();
}

Result<bool> PassiveSshRedis::Impl::Read(const Place& from, ImportSink& sink,
                                         const std::function<bool()>& goes_on) {
  Place at = from;
  while (at.kind < kKindCount) {
    const std::string_view kind = kKinds[at.kind];
    const RedisQuestion page{RedisVerb::kScanSet, StrCat("all:", kind), std::to_string(at.cursor)};
    HARK_ASSIGN_OR_RETURN(const std::vector<RedisAnswer> answers, link_.Ask({page}));
    const std::optional<uint64_t> cursor = ParseUint(answers.front().text);
    if (!cursor) return Corruption("redis: a cursor that is no number");
    HARK_RETURN_IF_ERROR(ReadPage(kind, answers.front().items, sink));
    at = *cursor == 0 ? Place{at.kind + 1, 0} : Place{at.kind, *cursor};
    HARK_RETURN_IF_ERROR(sink.Reached(at.kind + 1, at.cursor));
    if (!goes_on()) return at.kind == kKindCount;
  }
  return true;
}

Status PassiveSshRedis::Impl::ReadPage(std::string_view kind, const std::vector<std::string>& names,
                                       ImportSink& sink) {
  std::vector<StoredHost> hosts;
  for (const std::string& name : names) {
    const std::optional<HostId> id = HostId::Parse(name);
    if (id) {
      StoredHost& host = hosts.emplace_back();
      host.name = name;
      host.id = *id;
      continue;
    }
    ForeignRecord record;
    record.faults.emplace_back("host: neither an address nor a name");
    HARK_RETURN_IF_ERROR(GiveRecord(std::move(record), ++host_number_, name, sink));
  }
  HARK_RETURN_IF_ERROR(AskWhatIsKnown(kind, &hosts));
  HARK_RETURN_IF_ERROR(AskVisits(kind, &hosts));
  HARK_RETURN_IF_ERROR(AskKeys(hosts));
  HARK_RETURN_IF_ERROR(AskLists(hosts));
  for (StoredHost& host : hosts) {
    ForeignRecord record = SightingsOfHost(&host);
    HARK_RETURN_IF_ERROR(GiveRecord(std::move(record), ++host_number_, host.name, sink));
  }
  return Status::Ok();
}

Status PassiveSshRedis::Impl::AskWhatIsKnown(std::string_view kind,
                                             std::vector<StoredHost>* hosts) {
  constexpr size_t kQuestions = 7;
  std::vector<RedisQuestion> questions;
  for (const StoredHost& host : *hosts) {
    const std::string& name = host.name;
    questions.push_back(
        {RedisVerb::kSequence, StrCat("fingerprint:history:", kind, ":", name), ""});
    questions.push_back({RedisVerb::kMembers, StrCat(kind, ":banner:", name), ""});
    questions.push_back({RedisVerb::kMembers, StrCat(kind, ":hassh:kex:", name), ""});
    questions.push_back({RedisVerb::kMembers, StrCat(kind, ":port:", name), ""});
    questions.push_back({RedisVerb::kMembers, StrCat(kind, ":", name), ""});
    questions.push_back({RedisVerb::kField, StrCat(kind, "_metadata:", name), "first_seen"});
    questions.push_back({RedisVerb::kField, StrCat(kind, "_metadata:", name), "last_seen"});
  }
  HARK_ASSIGN_OR_RETURN(std::vector<RedisAnswer> answers, link_.Ask(questions));
  dates_.clear();
  for (size_t i = 0; i < hosts->size(); ++i) {
    StoredHost& host = (*hosts)[i];
    RedisAnswer* const of_host = &answers[kQuestions * i];
    for (size_t k = 0; k < kQuestions; ++k) {
      if (of_host[k].wrong_kind) host.faults.emplace_back("a key of its name is another host's");
    }
    host.visits = std::move(of_host[0].items);
    host.banners = std::move(of_host[1].items);
    host.hasshs = std::move(of_host[2].items);
    host.ports = std::move(of_host[3].items);
    host.keys = std::move(of_host[4].items);
    if (host.visits.empty()) dates_[host.name] = {of_host[5].text, of_host[6].text};
  }
  return Status::Ok();
}

// A visit at a fraction of a second has its set under the text of the fraction.
Status PassiveSshRedis::Impl::AskVisits(std::string_view kind, std::vector<StoredHost>* hosts) {
  std::vector<RedisQuestion> questions;
  std::vector<std::pair<StoredHost*, std::string>> asked;
  for (StoredHost& host : *hosts) {
    for (const std::string& visit : host.visits) {
      questions.push_back(
          {RedisVerb::kMembers, StrCat(kind, ":fingerprint:", host.name, ":", visit), ""});
      asked.emplace_back(&host, visit);
    }
  }
  HARK_ASSIGN_OR_RETURN(const std::vector<RedisAnswer> answers, link_.Ask(questions));
  for (size_t i = 0; i < asked.size(); ++i) {
    const auto& [host, visit] = asked[i];
    if (answers[i].wrong_kind) host->faults.emplace_back("a visit's keys are another host's");
    host->keys_at[visit].insert(answers[i].items.begin(), answers[i].items.end());
  }
  return Status::Ok();
}

Status PassiveSshRedis::Impl::AskKeys(const std::vector<StoredHost>& hosts) {
  if (key_facts_.size() >= kMostKeysKept) key_facts_.clear();
  std::set<std::string> wanted;
  const auto want = [&](const std::string& key) {
    if (!key_facts_.contains(key)) wanted.insert(key);
  };
  for (const StoredHost& host : hosts) {
    for (const std::string& key : host.keys) want(key);
    for (const auto& [visit, keys] : host.keys_at) std::for_each(keys.begin(), keys.end(), want);
  }
  std::vector<RedisQuestion> questions;
  for (const std::string& key : wanted) {
    std::string colons = key;
    std::replace(colons.begin(), colons.end(), ';', ':');
    questions.push_back({RedisVerb::kField, "key_metadata:" + colons, "base64"});
  }
  HARK_ASSIGN_OR_RETURN(const std::vector<RedisAnswer> answers, link_.Ask(questions));
  size_t i = 0;
  for (const std::string& key : wanted) {
    const Result<std::string> blob = SshBlobOfText(answers[i++].text);
    const size_t semicolon = key.find(';');
    const std::string_view fingerprint =
        std::string_view(key).substr(semicolon == std::string::npos ? key.size() : semicolon + 1);
    if (!blob.ok()) {
      key_facts_.emplace(key, blob.status());
    } else if (FingerprintFits(fingerprint, *blob) != true) {
      key_facts_.emplace(key, InvalidInput("another fingerprint"));
    } else {
      key_facts_.emplace(key, KeyFactOfBlob(*blob));
    }
  }
  return Status::Ok();
}

// The lists are JSON texts of a record's key_exchange, and so they are read.
Status PassiveSshRedis::Impl::AskLists(const std::vector<StoredHost>& hosts) {
  if (list_facts_.size() >= kMostListsKept) list_facts_.clear();
  std::set<std::string> wanted;
  for (const StoredHost& host : hosts) {
    for (const std::string& hassh : host.hasshs) {
      if (!list_facts_.contains(hassh)) wanted.insert(hassh);
    }
  }
  std::vector<RedisQuestion> questions;
  for (const std::string& hassh : wanted) {
    questions.push_back({RedisVerb::kMembers, "hassh:kex:" + hassh, ""});
  }
  HARK_ASSIGN_OR_RETURN(const std::vector<RedisAnswer> answers, link_.Ask(questions));
  size_t i = 0;
  for (const std::string& hassh : wanted) {
    Facts& facts = list_facts_[hassh];
    std::vector<std::string> texts = answers[i++].items;
    std::sort(texts.begin(), texts.end());
    if (texts.empty()) texts.emplace_back("{}");
    for (const std::string& text : texts) {
      if (std::optional<SightedFact> fact = records_.ReadLists(text, hassh)) {
        facts.push_back(std::move(*fact));
      }
    }
  }
  return Status::Ok();
}

void PassiveSshRedis::Impl::AddKey(const std::string& key, StoredHost* host, Facts* facts) const {
  const auto found = key_facts_.find(key);
  if (found == key_facts_.end()) return;
  if (found->second.ok()) {
    facts->push_back(*found->second);
  } else {
    host->faults.push_back("host key: " + found->second.status().message());
  }
}

Facts PassiveSshRedis::Impl::BannersOf(StoredHost* host) const {
  Facts facts;
  for (const std::string& banner : host->banners) {
    if (banner.size() > kMaxBanner) {
      host->faults.emplace_back("banner: too long");
    } else if (!banner.empty()) {
      facts.push_back(BannerFact(banner));
    }
  }
  return facts;
}

Facts PassiveSshRedis::Impl::AlgorithmsOf(StoredHost* host) const {
  Facts facts;
  for (const std::string& hassh : host->hasshs) {
    const auto found = list_facts_.find(hassh);
    if (found == list_facts_.end() || found->second.empty()) {
      if (!hassh.empty()) host->faults.emplace_back("hassh: not 32 hex digits");
      continue;
    }
    facts.insert(facts.end(), found->second.begin(), found->second.end());
  }
  return facts;
}

// When the host was visited, and the keys of each visit. Without visits, its two dates.
std::map<int64_t, Facts> PassiveSshRedis::Impl::TimesOf(StoredHost* host) const {
  std::map<int64_t, Facts> times;
  std::set<std::string> dated;
  for (const std::string& visit : host->visits) {
    const std::optional<int64_t> at = ForeignSecondsOf(visit);
    if (!at) {
      host->faults.emplace_back("a visit at no time");
      continue;
    }
    Facts& facts = times[*at];
    for (const std::string& key : host->keys_at[visit]) {
      AddKey(key, host, &facts);
      dated.insert(key);
    }
  }
  if (const auto dates = dates_.find(host->name); dates != dates_.end()) {
    for (const std::string& date : dates->second) {
      if (const auto at = SecondsOfDate(date)) times[*at];
    }
  }
  if (times.empty()) return times;
  for (const std::string& key : host->keys) {
    if (dated.contains(key)) continue;
    AddKey(key, host, &times.begin()->second);
    if (times.size() > 1) AddKey(key, host, &times.rbegin()->second);
  }
  return times;
}

ForeignRecord PassiveSshRedis::Impl::SightingsOfHost(StoredHost* host) const {
  std::map<int64_t, Facts> times = TimesOf(host);
  std::set<uint16_t> ports;
  for (const std::string& text : host->ports) {
    const std::optional<uint16_t> port = PortOf(text);
    if (port) ports.insert(*port);
    if (!port) host->faults.emplace_back("port: no port");
  }
  if (ports.empty()) ports.insert(kPassiveSshPort);
  const uint16_t port = ports.contains(kPassiveSshPort) ? kPassiveSshPort : *ports.begin();
  ForeignRecord record;
  if (times.empty()) host->faults.emplace_back("no visit and no date");
  const Facts banners = BannersOf(host);
  const Facts lists = AlgorithmsOf(host);
  for (auto& [at, facts] : times) {
    const bool is_bound = at == times.begin()->first || at == times.rbegin()->first;
    if (is_bound || host->banners.size() == 1) {
      facts.insert(facts.end(), banners.begin(), banners.end());
    }
    if (is_bound || host->hasshs.size() == 1) {
      facts.insert(facts.end(), lists.begin(), lists.end());
    }
    record.sightings.push_back({host->id, port, at, std::move(facts)});
    for (uint16_t other : ports) {
      if (is_bound && other != port) record.sightings.push_back({host->id, other, at, {}});
    }
  }
  std::sort(host->faults.begin(), host->faults.end());
  host->faults.erase(std::unique(host->faults.begin(), host->faults.end()), host->faults.end());
  record.faults = std::move(host->faults);
  return record;
}

PassiveSshRedis::PassiveSshRedis(RedisLink& link) : impl_(std::make_unique<Impl>(link)) {}
PassiveSshRedis::~PassiveSshRedis() = default;

Result<std::string> PassiveSshRedis::Identity() {
  return impl_->Identity();
}

Result<bool> PassiveSshRedis::Read(const Place& from, ImportSink& sink,
                                   const std::function<bool()>& goes_on) {
  return impl_->Read(from, sink, goes_on);
}

}  // namespace hark

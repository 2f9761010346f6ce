#include "cli/scope_flags.h"

#include <chrono>
#include <set>

#include "analysis/together.h"
#include "base/as_table.h"
#include "base/file.h"
#include "base/strings.h"
#include "cli/read_run.h"
#include "coordinator/targets.h"

namespace hark {
namespace {

// A million keys with a comment each.
constexpr size_t kMaxKeyListBytes = size_t{256} << 20;

// "08", two digits and nothing else, at most `most`.
std::optional<unsigned> TwoDigits(std::string_view text, unsigned most) {
  const std::optional<uint64_t> n = text.size() == 2 ? ParseUint(text) : std::nullopt;
  if (!n || *n > most) return std::nullopt;
  return static_cast<unsigned>(*n);
}

std::optional<std::chrono::sys_days> ParseDay(std::string_view text) {
  const std::vector<std::string_view> parts = Split(text, '-');
  if (parts.size() != 3 || parts[0].size() != 4) return std::nullopt;
  const std::optional<uint64_t> year = ParseUint(parts[0]);
  const std::optional<unsigned> month = TwoDigits(parts[1], 12);
  const std::optional<unsigned> day = TwoDigits(parts[2], 31);
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(*month), std::chrono::day(*day));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date);
}

std::optional<std::chrono::seconds> ParseTimeOfDay(std::string_view text) {
  const std::vector<std::string_view> parts = Split(text, ':');
  if (parts.size() != 2 && parts.size() != 3) return std::nullopt;
  const std::optional<unsigned> hour = TwoDigits(parts[0], 23);
  const std::optional<unsigned> minute = TwoDigits(parts[1], 59);
  const std::optional<unsigned> second =
      parts.size() == 3 ? TwoDigits(parts[2], 59) : std::optional<unsigned>(0);
  if (!hour || !minute || !second) return std::nullopt;
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
}

Status PutTime(const std::string& text, std::string_view flag, std::optional<int64_t>& out) {
  if (text.empty()) return Status::Ok();
  const Result<int64_t> time = ParseUtcTime(text);
  if (!time.ok()) return time.status().Prepend(StrCat("--", flag));
  out = *time;
  return Status::Ok();
}

Status PutKeys(const std::string& file, std::string_view flag, std::optional<KeyList>& out) {
  if (file.empty()) return Status::Ok();
  const Result<std::string> text = ReadFile(file, kMaxKeyListBytes);
  if (!text.ok()) return text.status().Prepend(StrCat("--", flag));
  Result<KeyList> list = ParseKeyList(*text);
  if (!list.ok()) {
    return list.status().Prepend(StrCat("--", flag, ": '", EscapeForDisplay(file), "'"));
  }
  out = std::move(*list);
  return Status::Ok();
}

Status PutCountries(const std::vector<std::string>& codes, Scope& scope) {
  for (const std::string& code : codes) {
    const std::string upper = AsciiUpper(code);
    const bool letters = upper.size() == 2 && upper[0] >= 'A' && upper[0] <= 'Z' &&
                         upper[1] >= 'A' && upper[1] <= 'Z';
    if (!letters) {
      return InvalidInput(StrCat("--country: '", EscapeForDisplay(code),
                                 "' is no country code of two letters, such as IE"));
    }
    scope.countries.push_back(upper);
  }
  return Status::Ok();
}

Result<std::unique_ptr<RunReader>> ReadScoped(const Store& store, const std::string& run,
                                              const Scope& scope) {
  HARK_ASSIGN_OR_RETURN(std::unique_ptr<RunReader> reader, ReadNamedRun(store, run));
  return Scoped(std::move(reader), scope);
}

}  // namespace

Result<int64_t> ParseUtcTime(const std::string& text) {
  std::string_view rest = text;
  if (!rest.empty() && rest.back() == 'Z') rest.remove_suffix(1);
  const size_t t = rest.find('T');
  const auto day = ParseDay(rest.substr(0, t));
  const auto time = t == rest.npos ? std::chrono::seconds(0) : ParseTimeOfDay(rest.substr(t + 1));
  if (!day || !time) {
    return InvalidInput(StrCat("'", EscapeForDisplay(text),
                               "' is no time; give 2018-04-30 or 2018-04-30T08:00:00Z"));
  }
  return std::chrono::duration_cast<std::chrono::milliseconds>(day->time_since_epoch() + *time)
      .count();
}

std::vector<Flag> ScopeFlags(ScopeWishes& w) {
  return {
      {"run", List(&w.runs, "NAME,…"),
       "the run, without it the newest; several side by side (report) or --together"},
      {"together", Switch(&w.together), "take several runs for one"},
      {"asn", List(&w.asns, "AS64496,…"), "only hosts of these ASes"},
      {"country", List(&w.countries, "CC,…"), "only hosts of these countries, by the geo data"},
      {"prefix", Text(&w.prefixes, "CIDR|FILE,…"), "only hosts of these prefixes or ranges"},
      {"ports", NumberList(&w.ports, 1, 65535, "PORT,…"), "only what was seen on these ports"},
      {"since", Text(&w.since, "TIME"), "only hosts visited then or later, UTC, e.g. 2018-04-30"},
      {"until", Text(&w.until, "TIME"), "only hosts visited before then"},
      {"ssh_keys", Choice(&w.ssh_keys, {"all", "first"}),
       "first: of each host the one SSH key that the paper's grabber would have seen"},
      {"without_keys", Text(&w.without_keys, "FILE"), "as if nobody had the keys listed there"},
      {"only_keys", Text(&w.only_keys, "FILE"), "as if there were no keys but those listed there"}};
}

Result<Scope> ScopeOf(const ScopeWishes& wishes) {
  Scope scope;
  for (const std::string& text : wishes.asns) {
    const std::optional<uint32_t> asn = ParseAsn(text);
    if (!asn || *asn == 0) {
      return InvalidInput(StrCat("--asn: '", EscapeForDisplay(text), "' is no AS number"));
    }
    scope.asns.push_back(*asn);
  }
  HARK_RETURN_IF_ERROR(PutCountries(wishes.countries, scope));
  if (!wishes.prefixes.empty()) {
    Result<AddressSet> prefixes = ReadAddresses(wishes.prefixes);
    if (!prefixes.ok()) return prefixes.status().Prepend("--prefix");
    scope.prefixes = std::move(*prefixes);
  }
  scope.ports = wishes.ports;
  HARK_RETURN_IF_ERROR(PutTime(wishes.since, "since", scope.since_unix_ms));
  HARK_RETURN_IF_ERROR(PutTime(wishes.until, "until", scope.until_unix_ms));
  if (scope.since_unix_ms && scope.until_unix_ms && *scope.until_unix_ms <= *scope.since_unix_ms) {
    return InvalidInput("--until is not later than --since: no visit is between them");
  }
  scope.first_ssh_key = wishes.ssh_keys == "first";
  HARK_RETURN_IF_ERROR(PutKeys(wishes.only_keys, "only_keys", scope.only_keys));
  HARK_RETURN_IF_ERROR(PutKeys(wishes.without_keys, "without_keys", scope.without_keys));
  return scope;
}

Result<ScopedRun> OpenScope(const std::string& db, const ScopeWishes& wishes) {
  HARK_ASSIGN_OR_RETURN(const Scope scope, ScopeOf(wishes));
  const std::set<std::string> names(wishes.runs.begin(), wishes.runs.end());
  if (names.size() > 1 && !wishes.together) {
    return InvalidInput("--run: several runs; --together takes them for one");
  }
  ScopedRun out;
  out.words = ScopeWords(scope);
  HARK_ASSIGN_OR_RETURN(out.store, Store::Open(db, Store::Mode::kReadOnly));
  std::vector<std::unique_ptr<RunReader>> readers;
  for (const std::string& name : names.empty() ? std::set<std::string>{""} : names) {
    HARK_ASSIGN_OR_RETURN(std::unique_ptr<RunReader> reader, ReadScoped(*out.store, name, scope));
    readers.push_back(std::move(reader));
  }
  if (readers.size() > 1) {
    out.words.insert(out.words.begin(), StrCat(readers.size(), " runs together"));
  }
  out.reader = Together(std::move(readers));
  return out;
}

}  // namespace hark

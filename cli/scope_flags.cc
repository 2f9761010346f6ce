#include "cli/scope_flags.h"

#include <algorithm>
#include <set>

#include "analysis/together.h"
#include "base/as_table.h"
#include "base/file.h"
#include "base/moment.h"
#include "base/strings.h"
#include "cli/probe_flags.h"
#include "cli/read_run.h"
#include "coordinator/targets.h"

namespace hark {
namespace {

// A million keys with a comment each.
constexpr size_t kMaxKeyListBytes = size_t{256} << 20;

Status PutTime(const std::string& text, std::string_view flag, std::optional<int64_t>& out) {
  if (text.empty()) return Status::Ok();
  const Result<int64_t> time = ParseMoment(text);
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

}  // namespace

std::vector<Flag> ScopeFlags(ScopeWishes& w) {
  return AllFlags({{{"run", List(&w.runs, "NAME,…"),
                     "the run, without it the newest; several side by side (report) or --together"},
                    {"together", Switch(&w.together), "take several runs for one"}},
                   PartFlags(w)});
}

std::vector<Flag> PartFlags(ScopeWishes& w) {
  return {
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
  HARK_ASSIGN_OR_RETURN(out.reader, ReadTogether(*out.store, wishes.runs, scope));
  out.runs = std::max<size_t>(names.size(), 1);
  if (out.runs > 1) {
    out.words.insert(out.words.begin(), StrCat(out.runs, " runs together"));
  }
  return out;
}

Result<std::unique_ptr<RunReader>> ReadTogether(const Store& store,
                                                const std::vector<std::string>& runs,
                                                const Scope& scope) {
  std::set<std::string> names(runs.begin(), runs.end());
  if (names.empty()) names.insert("");
  std::vector<std::unique_ptr<RunReader>> readers;
  for (const std::string& name : names) {
    HARK_ASSIGN_OR_RETURN(std::unique_ptr<RunReader> whole, ReadNamedRun(store, name));
    HARK_ASSIGN_OR_RETURN(readers.emplace_back(), Scoped(std::move(whole), scope));
  }
  return Together(std::move(readers));
}

}  // namespace hark

#include "cli/facts_flags.h"

#include <chrono>
#include <filesystem>
#include <thread>

#include "base/file.h"
#include "base/strings.h"

namespace hark {
namespace {

// Debian's, Fedora's and Alpine's.
constexpr const char* kSystemBundles[] = {"/etc/ssl/certs/ca-certificates.crt",
                                          "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};
constexpr size_t kMaxPolicy = size_t{1} << 20;
// More bring nothing: the store is read by one.
constexpr unsigned kMaxThreads = 8;

std::optional<int> Digits(std::string_view text, size_t at, size_t n) {
  const std::optional<uint64_t> value =
      at + n <= text.size() ? ParseUint(text.substr(at, n)) : std::nullopt;
  return value ? std::optional<int>(static_cast<int>(*value)) : std::nullopt;
}

// Seconds of the first ten characters, YYYY-MM-DD.
std::optional<int64_t> DayOf(std::string_view text) {
  namespace chrono = std::chrono;
  const auto year = Digits(text, 0, 4);
  const auto month = Digits(text, 5, 2);
  const auto day = Digits(text, 8, 2);
  if (!year || !month || !day || text[4] != '-' || text[7] != '-') return std::nullopt;
  const chrono::year_month_day date(chrono::year(*year),
                                    chrono::month(static_cast<unsigned>(*month)),
                                    chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return int64_t{chrono::sys_days(date).time_since_epoch().count()} * 86400;
}

// "Z", "+HH:MM" or "-HH:MM": seconds east of Greenwich.
std::optional<int64_t> OffsetOf(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  const auto hours = Digits(text, 1, 2);
  const auto minutes = Digits(text, 4, 2);
  if (text.size() != 6 || !hours || !minutes || text[3] != ':') return std::nullopt;
  if ((text[0] != '+' && text[0] != '-') || *hours > 23 || *minutes > 59) return std::nullopt;
  const int64_t seconds = *hours * 3600 + *minutes * 60;
  return text[0] == '-' ? -seconds : seconds;
}

// HH:MM:SS, perhaps a fraction, and an offset (RFC 3339 §5.6).
std::optional<int64_t> ClockOf(std::string_view text) {
  const auto hours = Digits(text, 0, 2);
  const auto minutes = Digits(text, 3, 2);
  const auto seconds = Digits(text, 6, 2);
  if (!hours || !minutes || !seconds || text[2] != ':' || text[5] != ':') return std::nullopt;
  if (*hours > 23 || *minutes > 59 || *seconds > 60) return std::nullopt;
  text.remove_prefix(8);
  if (text.starts_with('.')) {
    const size_t end = std::min(text.find_first_not_of("0123456789", 1), text.size());
    if (end == 1) return std::nullopt;
    text.remove_prefix(end);
  }
  const std::optional<int64_t> offset = OffsetOf(text);
  if (!offset) return std::nullopt;
  return *hours * 3600 + *minutes * 60 + *seconds - *offset;
}

Status LoadTrust(const std::string& bundle, FactsInput& input) {
  if (!bundle.empty()) {
    Result<std::unique_ptr<TrustStore>> store = TrustStore::Load(bundle);
    if (!store.ok()) return InvalidInput(StrCat("--ca_bundle: ", store.status().message()));
    input.trust = std::move(*store);
    input.options.trust_name = bundle;
    return Status::Ok();
  }
  input.options.trust_name =
      "this machine has no bundle of CA certificates; --ca_bundle=FILE names one";
  for (const char* path : kSystemBundles) {
    if (!std::filesystem::exists(path)) continue;
    Result<std::unique_ptr<TrustStore>> store = TrustStore::Load(path);
    // Nobody asked for this file, so it cannot be the operator's mistake.
    input.options.trust_name = store.ok() ? path : store.status().message();
    if (store.ok()) input.trust = std::move(*store);
    break;
  }
  return Status::Ok();
}

}  // namespace

Result<int64_t> ParseMoment(std::string_view text) {
  const std::optional<int64_t> day = DayOf(text);
  if (day && text.size() == 10) return *day;
  if (day && (text[10] == 'T' || text[10] == 't' || text[10] == ' ')) {
    if (const std::optional<int64_t> clock = ClockOf(text.substr(11))) return *day + *clock;
  }
  return InvalidInput(StrCat("'", EscapeForDisplay(text),
                             "' is no date like 2018-03-16 and no time like "
                             "2018-03-16T12:00:00Z"));
}

std::vector<Flag> FactsFlagTable(FactsFlags* flags) {
  return {
      {"ca_bundle", Text(&flags->ca_bundle, "FILE"),
       "the roots certificates are judged by, PEM; without it the system's"},
      {"at", Text(&flags->at, "TIME"),
       "judge certificates at this time or date, not when each host was grabbed"},
      {"suite_policy", Text(&flags->suite_policy, "FILE"),
       "which cipher suites are bad (docs/formats/suite-policy.md); without it the paper's rule"}};
}

Result<FactsInput> LoadFactsInput(const FactsFlags& flags) {
  FactsInput input;
  HARK_RETURN_IF_ERROR(LoadTrust(flags.ca_bundle, input));
  input.options.trust = input.trust.get();
  if (!flags.at.empty()) {
    const Result<int64_t> at = ParseMoment(flags.at);
    if (!at.ok()) return InvalidInput(StrCat("--at: ", at.status().message()));
    input.options.at_unix = *at;
  }
  if (!flags.suite_policy.empty()) {
    const Result<std::string> text = ReadFile(flags.suite_policy, kMaxPolicy);
    if (!text.ok()) return InvalidInput(StrCat("--suite_policy: ", text.status().message()));
    Result<SuitePolicy> policy = SuitePolicy::Parse(*text, flags.suite_policy);
    if (!policy.ok()) return InvalidInput(StrCat("--suite_policy: ", policy.status().message()));
    input.options.policy = std::move(*policy);
  }
  input.options.threads = std::clamp(std::thread::hardware_concurrency(), 1U, kMaxThreads);
  return input;
}

}  // namespace hark

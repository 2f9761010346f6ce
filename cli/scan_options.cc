#include "cli/scan_options.h"

#include <algorithm>
#include <cstdio>

#include "base/random.h"
#include "base/special_ranges.h"
#include "base/strings.h"
#include "cli/flags.h"
#include "coordinator/targets.h"

namespace hark {
namespace {

constexpr double kMinRate = 0.1;
constexpr double kMaxRate = 10'000'000;
constexpr uint32_t kMaxConcurrency = 100'000;
constexpr uint32_t kDefaultVisits = 500;
constexpr double kMostKnocks = 15'000;  // sockets; beyond it descriptors run short
constexpr uint32_t kMaxWorkers = 64;
constexpr uint32_t kMaxThreads = 64;
constexpr uint32_t kMaxTimeoutMs = 600'000;
constexpr uint32_t kMaxThrottleRetries = 5;
constexpr uint32_t kMaxBackoffMs = 900'000;
constexpr uint32_t kMinLease = 5;  // below, a busy machine's pauses would cost leases
constexpr uint32_t kMaxLease = 3600;
constexpr size_t kMaxContact = 100;  // fits an SSH identification line
constexpr size_t kMaxPorts = 64;     // what a worker takes in one job

FlagSet MakeFlags(ScanOptions& o) {
  FlagSet flags(
      "hark scan", "one survey from start to finish; the same command resumes it",
      {
          {"db", Text(&o.db, "DIR"), "the store; made when missing", true},
          {"targets", Text(&o.targets, "FILE|CIDR,…"),
           "addresses, prefixes, ranges or files of them; - is stdin"},
          {"country", Text(&o.country, "CC"), "the addresses of a country; needs --geo"},
          {"geo", Text(&o.geo, "FILE"), "prefix,country,asn lines; also tells each host's AS"},
          {"exclude", List(&o.exclude, "FILE|CIDR,…"), "never contact these"},
          {"allow_special", List(&o.allow_special, "CIDR,…"),
           "open these private or loopback ranges, which are excluded otherwise"},
          {"gate_port", Number(&o.gate_port, 0, 65535, "PORT"),
           "visit only hosts that listen here; 0 visits every target"},
          {"ports", NumberList(&o.ports, 1, 65535, "PORT,…"), "what to look at on each host"},
          {"rate", Decimal(&o.rate, kMinRate, kMaxRate, "N"),
           "connection attempts a second, all workers together (the kernel may repeat an "
           "unanswered SYN twice)"},
          {"concurrency", Number(&o.concurrency, 1, kMaxConcurrency, "N"),
           "sockets open at once, each worker; default what the rate needs, at least 500"},
          {"workers", Number(&o.workers, 0, kMaxWorkers, "N"), "local worker processes"},
          {"threads", Number(&o.threads, 1, kMaxThreads, "N"), "threads of each local worker"},
          {"listen", Text(&o.listen, "tcp://ADDR:PORT"), "let remote workers join here"},
          {"allow_workers", Text(&o.allow_workers, "FILE"),
           "public keys of remote workers, one a line, besides those of hark fleet"},
          {"lease_seconds", Number(&o.lease_seconds, kMinLease, kMaxLease, "N"),
           "silence after which a worker's jobs go to others"},
          {"run", Text(&o.run, "NAME"), "the run's name; default CC-YYYYMMDD"},
          {"contact", Text(&o.contact, "URL|MAIL"),
           "who scans: shown to the hosts where a protocol has a place for it"},
          {"ehlo_name", Text(&o.ehlo_name, "FQDN"), "the workers' own name for SMTP"},
          {"seed", Text(&o.seed, "N"), "of the probe order; default random"},
          {"connect_timeout_ms", Number(&o.connect_timeout_ms, 100, kMaxTimeoutMs, "MS"),
           "to wait for a connection"},
          {"greeting_timeout_ms", Number(&o.greeting_timeout_ms, 100, kMaxTimeoutMs, "MS"),
           "to wait for a server to speak first"},
          {"conversation_timeout_ms", Number(&o.conversation_timeout_ms, 1000, kMaxTimeoutMs, "MS"),
           "one connection at most"},
          {"pause_min_ms", Number(&o.pause_min_ms, 0, kMaxTimeoutMs, "MS"),
           "least pause between two connections to one sshd"},
          {"pause_max_ms", Number(&o.pause_max_ms, 0, kMaxTimeoutMs, "MS"), "longest such pause"},
          {"handshake", Choice(&o.handshake, {"full", "certificate"}),
           "certificate: stop once it is in hand; costs less, proves nothing"},
          {"all_leaves", Switch(&o.all_leaves),
           "look for a second TLS certificate on every port, not only where one is likely"},
          {"force_starttls", Switch(&o.force_starttls),
           "try STARTTLS also where it is not offered"},
          {"http_get", Switch(&o.http_get), "also GET / on HTTPS ports, headers only"},
          {"throttle_retries", Number(&o.throttle_retries, 0, kMaxThrottleRetries, "N"),
           "visits to a host that said we come too often, after the first"},
          {"throttle_backoff_ms", Number(&o.throttle_backoff_ms, 1000, kMaxBackoffMs, "MS"),
           "before the first of them; doubles with each"},
          {"worker_binary", Text(&o.worker_binary, "FILE"),
           "hark-worker; default beside this program"},
          {"quiet", Switch(&o.quiet), "no progress line"},
          {"no_report", Switch(&o.no_report), "end without printing the report"},
      });
  flags.SetExamples({
      "hark scan --db=out/db --country=NA --geo=geo.csv --contact=https://example.org/scan",
      "hark scan --db=out/db --targets=192.0.2.0/24,hosts.txt --workers=2 --contact=me@example.org",
      "hark scan --db=lab --targets=127.1.0.0/16 --allow_special=127.0.0.0/8 --rate=10000",
  });
  return flags;
}

Status CheckIdentity(const std::string& flag, const std::string& text) {
  const bool plain =
      std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (plain && text.size() <= kMaxContact) return Status::Ok();
  return InvalidInput(
      StrCat("--", flag, ": at most ", kMaxContact, " printable characters without blanks"));
}

Status CheckTogether(ScanOptions& o, const ParsedFlags& parsed) {
  if (!parsed.given.contains("concurrency")) {
    // An unanswered knock holds its socket until the connect time-out: so many are open at once.
    const double knocks = o.rate / std::max<double>(o.workers, 1) * o.connect_timeout_ms / 1000;
    o.concurrency = kDefaultVisits + static_cast<uint32_t>(std::min(knocks, kMostKnocks));
  }
  if (o.targets.empty() == o.country.empty()) {
    return InvalidInput("give either --targets or --country");
  }
  if (!o.country.empty()) {
    o.country = AsciiUpper(o.country);
    if (o.geo.empty()) return InvalidInput("--country needs --geo=FILE to know its addresses");
  }
  if (o.pause_max_ms < o.pause_min_ms) {
    if (parsed.given.contains("pause_max_ms")) {
      return InvalidInput("--pause_max_ms is smaller than --pause_min_ms");
    }
    o.pause_max_ms = o.pause_min_ms;
  }
  if (o.workers == 0 && o.listen.empty()) {
    return InvalidInput("--workers=0 needs --listen for remote workers");
  }
  if (o.ports.size() > kMaxPorts) {
    return InvalidInput(StrCat("--ports: ", o.ports.size(), " ports; at most ", kMaxPorts));
  }
  std::sort(o.ports.begin(), o.ports.end());
  if (std::adjacent_find(o.ports.begin(), o.ports.end()) != o.ports.end()) {
    return InvalidInput("--ports names a port twice");
  }
  if (!o.seed.empty() && !ParseUint(o.seed)) return InvalidInput("--seed is not a whole number");
  HARK_RETURN_IF_ERROR(CheckIdentity("contact", o.contact));
  return CheckIdentity("ehlo_name", o.ehlo_name);
}

Result<RangeSet> ReadList(const std::vector<std::string>& pieces, std::string_view flag) {
  RangeSet all;
  for (const std::string& piece : pieces) {
    Result<RangeSet> set = ReadTargets(piece);
    if (!set.ok()) return set.status().Prepend(StrCat("--", flag));
    all = all.Union(*set);
  }
  return all;
}

// Strangers must be able to find out who knocked.
Status CheckContact(const ScanOptions& options, const RangeSet& targets) {
  if (!options.contact.empty()) return Status::Ok();
  HARK_ASSIGN_OR_RETURN(const RangeSet special, SpecialExclusions(RangeSet()));
  const uint64_t strangers = targets.Minus(special).size();
  if (strangers == 0) return Status::Ok();
  return InvalidInput(StrCat(WithThousands(strangers),
                             " targets are public addresses: give --contact=URL-or-mail, so that "
                             "their owners can find out who scans and opt out"));
}

Result<RangeSet> SourcesOf(const ScanOptions& options, const GeoTable& geo) {
  if (options.country.empty()) {
    Result<RangeSet> sources = ReadTargets(options.targets);
    return sources.ok() ? sources : sources.status().Prepend("--targets");
  }
  RangeSet sources = geo.Country(options.country);
  if (!sources.empty()) return sources;
  return InvalidInput(StrCat("--country: no '", EscapeForDisplay(options.country), "' in ",
                             options.geo, "; it has ", Join(geo.Countries(), " ")));
}

proto::ProbePolicy PolicyOf(const ScanOptions& options) {
  proto::ProbePolicy policy;
  policy.set_connect_timeout_ms(options.connect_timeout_ms);
  policy.set_greeting_timeout_ms(options.greeting_timeout_ms);
  policy.set_conversation_timeout_ms(options.conversation_timeout_ms);
  policy.set_host_pause_min_ms(options.pause_min_ms);
  policy.set_host_pause_max_ms(options.pause_max_ms);
  policy.set_concurrency(options.concurrency);
  policy.set_contact(options.contact);
  policy.set_ehlo_name(options.ehlo_name);
  policy.set_handshake(options.handshake == "certificate" ? 1 : 0);
  policy.set_all_leaves(options.all_leaves);
  policy.set_force_starttls(options.force_starttls);
  policy.set_http_get(options.http_get);
  policy.set_throttle_retries(options.throttle_retries);
  policy.set_throttle_backoff_ms(options.throttle_backoff_ms);
  return policy;
}

}  // namespace

Result<std::optional<ScanOptions>> ParseScanOptions(const std::vector<std::string>& args) {
  ScanOptions options;
  const FlagSet flags = MakeFlags(options);
  HARK_ASSIGN_OR_RETURN(const ParsedFlags parsed, flags.Parse(args));
  if (parsed.help) {
    std::fputs(flags.Help().c_str(), stdout);
    return std::optional<ScanOptions>();
  }
  HARK_RETURN_IF_ERROR(CheckTogether(options, parsed));
  return std::optional<ScanOptions>(std::move(options));
}

Result<Plan> PlanOf(const ScanOptions& options, const GeoTable& geo) {
  PlanOptions plan;
  HARK_ASSIGN_OR_RETURN(plan.sources, SourcesOf(options, geo));
  HARK_ASSIGN_OR_RETURN(const RangeSet allowed, ReadList(options.allow_special, "allow_special"));
  Result<RangeSet> special = SpecialExclusions(allowed);
  if (!special.ok()) return special.status().Prepend("--allow_special");
  HARK_ASSIGN_OR_RETURN(const RangeSet excluded, ReadList(options.exclude, "exclude"));
  plan.exclusions = special->Union(excluded);
  HARK_RETURN_IF_ERROR(CheckContact(options, plan.sources.Minus(plan.exclusions)));
  plan.country = options.country;
  // Kept as text for people: a file name may be any bytes.
  plan.source = options.country.empty() ? EscapeForDisplay(options.targets)
                                        : StrCat("country ", options.country);
  plan.geo_source = EscapeForDisplay(options.geo);
  plan.gate_port = options.gate_port;
  plan.ports = options.ports;
  plan.policy = PolicyOf(options);
  plan.seed = options.seed.empty() ? SecureU64() : *ParseUint(options.seed);
  return MakePlan(plan);
}

}  // namespace hark

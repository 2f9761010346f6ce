#include "cli/probe_flags.h"

#include <algorithm>
#include <iterator>

#include "base/distinct.h"
#include "base/strings.h"

namespace hark {
namespace {

constexpr double kMinRate = 0.1;
constexpr double kMaxRate = 10'000'000;
constexpr uint32_t kMaxConcurrency = 100'000;
constexpr uint32_t kDefaultVisits = 500;
constexpr double kMostKnocks = 15'000;  // sockets; beyond it descriptors run short
constexpr uint32_t kMaxThreads = 64;
constexpr uint32_t kMaxTimeoutMs = 600'000;
constexpr size_t kMaxContact = 100;  // fits an SSH identification line
constexpr size_t kMaxPorts = 64;     // what a worker takes in one job

Status CheckIdentity(const std::string& flag, const std::string& text) {
  const bool plain =
      std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (plain && text.size() <= kMaxContact) return Status::Ok();
  return InvalidInput(
      StrCat("--", flag, ": at most ", kMaxContact, " printable characters without blanks"));
}

}  // namespace

std::vector<Flag> ProbeFlags(ProbeWishes& w) {
  return {
      {"ports", NumberList(&w.ports, 1, 65535, "PORT,…"), "what to look at on each host"},
      {"contact", Text(&w.contact, "URL|MAIL"),
       "who asks: shown to the hosts where a protocol has a place for it"},
      {"ehlo_name", Text(&w.ehlo_name, "FQDN"), "the visiting machine's own name for SMTP"},
      {"connect_timeout_ms", Number(&w.connect_timeout_ms, 100, kMaxTimeoutMs, "MS"),
       "to wait for a connection"},
      {"greeting_timeout_ms", Number(&w.greeting_timeout_ms, 100, kMaxTimeoutMs, "MS"),
       "to wait for a server to speak first"},
      {"conversation_timeout_ms", Number(&w.conversation_timeout_ms, 1000, kMaxTimeoutMs, "MS"),
       "one connection at most"},
      {"pause_min_ms", Number(&w.pause_min_ms, 0, kMaxTimeoutMs, "MS"),
       "least pause between two connections to one sshd"},
      {"pause_max_ms", Number(&w.pause_max_ms, 0, kMaxTimeoutMs, "MS"), "longest such pause"},
      {"handshake", Choice(&w.handshake, {"full", "certificate"}),
       "certificate: stop once it is in hand; costs less, proves nothing"},
      {"all_leaves", Switch(&w.all_leaves),
       "look for a second TLS certificate on every port, not only where one is likely"},
      {"force_starttls", Switch(&w.force_starttls), "try STARTTLS also where it is not offered"},
      {"http_get", Switch(&w.http_get), "also GET / on HTTPS ports, headers only"},
  };
}

Status CheckProbes(ProbeWishes& w, const ParsedFlags& parsed) {
  if (w.pause_max_ms < w.pause_min_ms) {
    if (parsed.given.contains("pause_max_ms")) {
      return InvalidInput("--pause_max_ms is smaller than --pause_min_ms");
    }
    w.pause_max_ms = w.pause_min_ms;
  }
  MakeDistinct(w.ports);
  if (w.ports.size() > kMaxPorts) {
    return InvalidInput(StrCat("--ports: ", w.ports.size(), " ports; at most ", kMaxPorts));
  }
  HARK_RETURN_IF_ERROR(CheckIdentity("contact", w.contact));
  return CheckIdentity("ehlo_name", w.ehlo_name);
}

proto::ProbePolicy PolicyOf(const ProbeWishes& w) {
  proto::ProbePolicy policy;
  policy.set_connect_timeout_ms(w.connect_timeout_ms);
  policy.set_greeting_timeout_ms(w.greeting_timeout_ms);
  policy.set_conversation_timeout_ms(w.conversation_timeout_ms);
  policy.set_host_pause_min_ms(w.pause_min_ms);
  policy.set_host_pause_max_ms(w.pause_max_ms);
  policy.set_contact(w.contact);
  policy.set_ehlo_name(w.ehlo_name);
  policy.set_handshake(w.handshake == "certificate" ? 1 : 0);
  policy.set_all_leaves(w.all_leaves);
  policy.set_force_starttls(w.force_starttls);
  policy.set_http_get(w.http_get);
  return policy;
}

std::vector<Flag> PaceFlags(PaceWishes& w) {
  return {
      {"rate", Decimal(&w.rate, kMinRate, kMaxRate, "N"),
       "connection attempts a second, all workers together (the kernel may repeat an unanswered "
       "SYN twice)"},
      {"concurrency", Number(&w.concurrency, 1, kMaxConcurrency, "N"),
       "sockets open at once, each process"},
      {"threads", Number(&w.threads, 1, kMaxThreads, "N"), "threads that talk to hosts, likewise"},
  };
}

uint32_t ConcurrencyFor(double rate, uint32_t connect_timeout_ms) {
  const double knocks = rate * connect_timeout_ms / 1000;
  return kDefaultVisits + static_cast<uint32_t>(std::clamp(knocks, 0.0, kMostKnocks));
}

std::vector<Flag> ClosedFlags(ClosedWishes& w) {
  return {
      {"exclude", List(&w.exclude, "FILE|CIDR,…"), "never contact these"},
      {"allow_special", List(&w.allow_special, "CIDR,…"),
       "open these private or loopback ranges, which are excluded otherwise"},
  };
}

Status CheckContact(const std::string& contact, uint64_t strangers) {
  if (!contact.empty() || strangers == 0) return Status::Ok();
  return InvalidInput(
      StrCat(WithThousands(strangers),
             strangers == 1 ? " target is a public address" : " targets are public addresses",
             ": give --contact=URL-or-mail, so that their owners can find out who asks and opt "
             "out"));
}

std::vector<Flag> AllFlags(std::initializer_list<std::vector<Flag>> groups) {
  std::vector<Flag> all;
  for (const std::vector<Flag>& group : groups) {
    std::copy(group.begin(), group.end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace hark

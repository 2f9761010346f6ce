#include "cli/grab_options.h"

#include <algorithm>
#include <cstdio>

#include "base/strings.h"
#include "cli/flags.h"
#include "cli/target_words.h"
#include "worker/own_name.h"
#include "worker/survey_policy.h"

namespace hark {
namespace {

constexpr double kMaxRate = 10'000'000;
constexpr uint32_t kMaxConcurrency = 100'000;
constexpr uint32_t kMaxTimeoutMs = 600'000;
constexpr uint32_t kMaxThreads = 64;
constexpr size_t kMaxPorts = 64;     // what a worker takes in one job
constexpr size_t kMaxContact = 100;  // fits an SSH identification line

std::vector<Flag> TargetFlags(GrabOptions& o) {
  return {
      {"targets", Text(&o.targets, "FILE|-"), "more targets, blanks or line ends between them"},
      {"ports", NumberList(&o.ports, 1, 65535, "PORT,…"), "of targets given without one"},
      {"speak", List(&o.speak, "PORT=PROTOCOL,…"),
       "what is spoken on other than well-known ports: ssh smtp pop3 imap https imaps pop3s smtps"},
      {"exclude", List(&o.exclude, "FILE|CIDR,…"), "never contact these"},
      {"allow_special", List(&o.allow_special, "CIDR,…"),
       "open these private or loopback ranges, which are excluded otherwise"},
  };
}

std::vector<Flag> OutputFlags(GrabOptions& o) {
  return {
      {"format", Choice(&o.format, {"ndjson", "json", "text"}),
       "ndjson: a line a host, described in docs/formats/observation.md"},
      {"der", Switch(&o.der), "certificates whole, as base64"},
      {"quiet", Switch(&o.quiet), "no progress line"},
  };
}

std::vector<Flag> ProbeFlags(GrabOptions& o) {
  return {
      {"ssh_keys", Choice(&o.ssh_keys, {"all", "first"}),
       "all: one connection for each key type the server lists"},
      {"handshake", Choice(&o.handshake, {"full", "certificate"}),
       "certificate: stop once it is in hand; costs less, proves nothing"},
      {"all_leaves", Switch(&o.all_leaves),
       "look for a second TLS certificate on every port, not only where one is likely"},
      {"force_starttls", Switch(&o.force_starttls), "try STARTTLS also where it is not offered"},
      {"http_get", Switch(&o.http_get), "also GET / on HTTPS ports, headers only"},
  };
}

std::vector<Flag> MannerFlags(GrabOptions& o) {
  return {
      {"rate", Decimal(&o.rate, 0.1, kMaxRate, "N"), "connection attempts a second"},
      {"concurrency", Number(&o.concurrency, 1, kMaxConcurrency, "N"), "sockets open at once"},
      {"threads", Number(&o.threads, 1, kMaxThreads, "N"), "threads that talk to hosts"},
      {"contact", Text(&o.contact, "URL|MAIL"),
       "who looks: shown to the hosts where a protocol has a place for it"},
      {"ehlo_name", Text(&o.ehlo_name, "FQDN"), "this machine's name for SMTP"},
      {"connect_timeout_ms", Number(&o.connect_timeout_ms, 100, kMaxTimeoutMs, "MS"),
       "to wait for a connection"},
      {"greeting_timeout_ms", Number(&o.greeting_timeout_ms, 100, kMaxTimeoutMs, "MS"),
       "to wait for a server to speak first"},
      {"conversation_timeout_ms", Number(&o.conversation_timeout_ms, 1000, kMaxTimeoutMs, "MS"),
       "one connection at most"},
      {"pause_min_ms", Number(&o.pause_min_ms, 0, kMaxTimeoutMs, "MS"),
       "least pause between two connections to one sshd"},
      {"pause_max_ms", Number(&o.pause_max_ms, 0, kMaxTimeoutMs, "MS"), "longest such pause"},
  };
}

FlagSet MakeFlags(GrabOptions& o) {
  std::vector<Flag> all;
  for (std::vector<Flag> group : {TargetFlags(o), OutputFlags(o), ProbeFlags(o), MannerFlags(o)}) {
    std::move(group.begin(), group.end(), std::back_inserter(all));
  }
  FlagSet flags("hark grab", "look at hosts directly: everything they show, without a store",
                std::move(all));
  flags.SetPositionalList("TARGET");
  flags.SetExamples({
      "hark grab --contact=me@example.org --ports=22 192.0.2.7 198.51.100.0/28",
      "hark grab --contact=me@example.org --speak=2222=ssh 192.0.2.7:2222",
      "hark grab --contact=me@example.org 192.0.2.7:25 '[2001:db8::7]:443' --format=text",
      "hark grab --contact=me@example.org --targets=- <hosts.txt | jq .ports[].ssh.keys",
      "hark grab --allow_special=127.0.0.0/8 --ssh_keys=first 127.0.0.1:22",
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

Status CheckTogether(GrabOptions& o, const ParsedFlags& parsed) {
  if (o.words.empty() && o.targets.empty()) {
    return InvalidInput("needs a TARGET (an address, ADDRESS:PORT or prefix) or --targets=FILE");
  }
  if (o.pause_max_ms < o.pause_min_ms) {
    if (parsed.given.contains("pause_max_ms")) {
      return InvalidInput("--pause_max_ms is smaller than --pause_min_ms");
    }
    o.pause_max_ms = o.pause_min_ms;
  }
  std::sort(o.ports.begin(), o.ports.end());
  o.ports.erase(std::unique(o.ports.begin(), o.ports.end()), o.ports.end());
  if (o.ports.size() > kMaxPorts) {
    return InvalidInput(StrCat("--ports: ", o.ports.size(), " ports; at most ", kMaxPorts));
  }
  HARK_RETURN_IF_ERROR(CheckIdentity("contact", o.contact));
  return CheckIdentity("ehlo_name", o.ehlo_name);
}

// Strangers must be able to find out who knocked.
Status CheckContact(const GrabOptions& options, const GrabTargets& targets) {
  const uint64_t strangers = options.contact.empty() ? targets.CountPublic() : 0;
  if (strangers == 0) return Status::Ok();
  return InvalidInput(
      StrCat(WithThousands(strangers),
             strangers == 1 ? " target is a public address" : " targets are public addresses",
             ": give --contact=URL-or-mail, so that their owners can find out who "
             "looks and opt out"));
}

}  // namespace

Result<std::optional<GrabOptions>> ParseGrabOptions(const std::vector<std::string>& args) {
  GrabOptions options;
  const FlagSet flags = MakeFlags(options);
  HARK_ASSIGN_OR_RETURN(ParsedFlags parsed, flags.Parse(args));
  if (parsed.help) {
    std::fputs(flags.Help().c_str(), stdout);
    return std::optional<GrabOptions>();
  }
  options.words = std::move(parsed.positional);
  HARK_RETURN_IF_ERROR(CheckTogether(options, parsed));
  return std::optional<GrabOptions>(std::move(options));
}

Result<GrabPlan> PlanGrab(const GrabOptions& options) {
  HARK_ASSIGN_OR_RETURN(ContactRules rules,
                        ContactRules::Make(options.allow_special, options.exclude));
  GrabPlan plan{std::move(rules), GrabTargets(options.ports)};
  const auto add = [&](std::string_view word) { return plan.targets.Add(word); };
  for (const std::string& word : options.words) {
    HARK_RETURN_IF_ERROR(add(word).Prepend(StrCat("'", EscapeForDisplay(word), "'")));
  }
  if (!options.targets.empty()) {
    HARK_RETURN_IF_ERROR(TakeFile(options.targets, add).Prepend("--targets"));
  }
  plan.excluded = plan.targets.Close(plan.rules);
  if (plan.targets.size() == 0) {
    return InvalidInput(StrCat("no targets; ", WithThousands(plan.excluded),
                               " are excluded or in special ranges, which --allow_special opens"));
  }
  HARK_RETURN_IF_ERROR(CheckContact(options, plan.targets));
  return plan;
}

Result<std::map<uint16_t, Protocol>> SpokenOn(const GrabOptions& options) {
  std::map<uint16_t, Protocol> out;
  for (const std::string& piece : options.speak) {
    const size_t equals = std::min(piece.find('='), piece.size());
    const std::optional<uint64_t> port = ParseUint(std::string_view(piece).substr(0, equals));
    const std::string_view name =
        std::string_view(piece).substr(std::min(equals + 1, piece.size()));
    int protocol = 1;
    while (protocol < kProtocolCount && ProtocolName(static_cast<Protocol>(protocol)) != name) {
      ++protocol;
    }
    if (!port || *port == 0 || *port > 65535 || protocol == kProtocolCount) {
      return InvalidInput(StrCat("--speak: '", EscapeForDisplay(piece),
                                 "' is not PORT=PROTOCOL, e.g. 2222=ssh; --help lists them"));
    }
    out[static_cast<uint16_t>(*port)] = static_cast<Protocol>(protocol);
  }
  return out;
}

ProbeOptions ProbesOf(const GrabOptions& options) {
  proto::ProbePolicy policy;
  policy.set_greeting_timeout_ms(options.greeting_timeout_ms);
  policy.set_conversation_timeout_ms(options.conversation_timeout_ms);
  policy.set_host_pause_min_ms(options.pause_min_ms);
  policy.set_host_pause_max_ms(options.pause_max_ms);
  policy.set_contact(options.contact);
  policy.set_handshake(static_cast<uint32_t>(
      options.handshake == "certificate" ? Handshake::kCertificate : Handshake::kFull));
  policy.set_all_leaves(options.all_leaves);
  policy.set_force_starttls(options.force_starttls);
  policy.set_http_get(options.http_get);
  WorkerConfig self;
  self.ehlo_name = options.ehlo_name;
  self.ehlo_name = EhloNameOf(self);
  ProbeOptions probes = ProbeOptionsOf(self, policy);
  probes.all_ssh_keys = options.ssh_keys == "all";
  return probes;
}

}  // namespace hark

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

std::vector<Flag> OwnFlags(GrabOptions& o) {
  return {
      {"targets", Text(&o.targets, "FILE|-"), "more targets, blanks or line ends between them"},
      {"speak", List(&o.speak, "PORT=PROTOCOL,…"),
       "what is spoken on other than well-known ports: ssh smtp pop3 imap https imaps pop3s smtps"},
      {"ssh_keys", Choice(&o.ssh_keys, {"all", "first"}),
       "all: one connection for each key type the server lists"},
      {"format", Choice(&o.format, {"ndjson", "json", "text"}),
       "ndjson: a line a host, described in docs/formats/observation.md"},
      {"der", Switch(&o.der), "certificates whole, as base64"},
      {"quiet", Switch(&o.quiet), "no progress line"},
  };
}

FlagSet MakeFlags(GrabOptions& o) {
  FlagSet flags(
      "hark grab", "look at hosts directly: everything they show, without a store",
      AllFlags({OwnFlags(o), ClosedFlags(o.closed), ProbeFlags(o.probe), PaceFlags(o.pace)}));
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

Status CheckTogether(GrabOptions& o, const ParsedFlags& parsed) {
  if (o.words.empty() && o.targets.empty()) {
    return InvalidInput("needs a TARGET (an address, ADDRESS:PORT or prefix) or --targets=FILE");
  }
  return CheckProbes(o.probe, parsed);
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
                        ContactRules::Make(options.closed.allow_special, options.closed.exclude));
  GrabPlan plan{std::move(rules), GrabTargets(options.probe.ports)};
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
  HARK_RETURN_IF_ERROR(CheckContact(options.probe.contact, plan.targets.CountPublic()));
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
  WorkerConfig self;
  self.ehlo_name = options.probe.ehlo_name;
  self.ehlo_name = EhloNameOf(self);
  ProbeOptions probes = ProbeOptionsOf(self, PolicyOf(options.probe));
  probes.all_ssh_keys = options.ssh_keys == "all";
  return probes;
}

}  // namespace hark

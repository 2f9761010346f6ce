#include "cli/facts_json.h"

#include "base/strings.h"
#include "cli/render_text.h"

namespace hark {
namespace {

using Json = nlohmann::ordered_json;

double Ratio(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

Json ClassJson(const CertClassCount& count) {
  return {{"host_ports", count.host_ports}, {"clustered_host_ports", count.clustered_host_ports}};
}

Json ClassesJson(const CertClasses& classes) {
  Json out = Json::object();
  for (const bool timely : {true, false}) {
    out[timely ? "timely" : "not_timely"] = {
        {"trusted", ClassJson(classes.Of(timely, CertVoucher::kTrusted))},
        {"self_signed", ClassJson(classes.Of(timely, CertVoucher::kSelfSigned))},
        {"other", ClassJson(classes.Of(timely, CertVoucher::kOther))}};
  }
  out["unread"] = ClassJson(classes.unread);
  return out;
}

Json KindsJson(const std::array<KindCount, kKeyKindRows>& kinds) {
  Json out = Json::object();
  for (size_t i = 0; i < kKeyKindRows; ++i) {
    if (kinds[i].host_ports == 0) continue;
    out[kKeyKindNames[i]] = {{"keys", kinds[i].keys}, {"host_ports", kinds[i].host_ports}};
  }
  return out;
}

Json ReuseJson(const ReusedKeys& count) {
  return {{"keys", count.keys}, {"host_ports", count.host_ports}, {"hosts", count.hosts}};
}

Json PortTrustJson(const PortTrust& port) {
  return {{"listeners", port.listeners},
          {"trusted", ReuseJson(port.trusted)},
          {"wildcard", ReuseJson(port.wildcard)},
          {"mixed_trust_keys", port.mixed_trust},
          {"mixed_names_keys", port.mixed_names}};
}

Json PortTrustsJson(const PortTrusts& trusts) {
  Json out = Json::object();
  for (const auto& [port, trust] : trusts.ports) out[std::to_string(port)] = PortTrustJson(trust);
  out["total"] = PortTrustJson(trusts.total);
  return out;
}

Json SuitesJson(const SuiteCounts& counts) {
  Json suites = Json::object();
  for (const auto& [number, suite] : counts.suites) {
    const char bytes[] = {static_cast<char>(number >> 8), static_cast<char>(number & 0xff)};
    suites["0x" + HexEncode({bytes, sizeof bytes})] = {
        {"name", suite.name},
        {"bad", suite.bad},
        {"host_ports", suite.host_ports},
        {"clustered_host_ports", suite.clustered_host_ports},
        {"clustered_hosts", suite.clustered_hosts},
        {"clustered_keys", suite.clustered_keys}};
  }
  return {{"policy", counts.policy},
          {"host_ports", counts.host_ports},
          {"clustered_host_ports", counts.clustered_host_ports},
          {"bad_clustered_hosts", counts.bad_clustered_hosts},
          {"bad_clustered_keys", counts.bad_clustered_keys},
          {"suites", std::move(suites)}};
}

Json ScoresJson(const ScoreCount& group) {
  return {{"hosts", group.hosts},
          {"hosts_of_score", group.hosts_of_score},
          {"mean", group.mean()},
          {"mean_without_rc4", group.mean_other()}};
}

Json HygieneJson(const RunFacts& facts) {
  const HygieneCounts& counts = facts.hygiene;
  Json flags = Json::object();
  for (size_t i = 0; i < kHygieneFlags; ++i) {
    const auto flag = static_cast<HygieneFlag>(i);
    const bool unknown = flag == HygieneFlag::kUntrusted && !facts.trust.judged;
    flags[HygieneFlagName(flag)] =
        unknown
            ? Json(nullptr)
            : Json{{"hosts", counts.flags[i]}, {"ratio", Ratio(counts.flags[i], counts.all.hosts)}};
  }
  Json ases = Json::array();
  for (const AsHygiene& as : counts.ases) {
    ases.push_back({{"asn", as.asn}, {"hosts", as.hosts}, {"mean", as.mean()}, {"max", as.max}});
  }
  return {{"hosts", counts.hosts},
          {"flags", std::move(flags)},
          {"all", ScoresJson(counts.all)},
          {"rc4", ScoresJson(counts.rc4)},
          {"not_rc4", ScoresJson(counts.not_rc4)},
          {"ases", std::move(ases)}};
}

}  // namespace

Json TrustJson(const TrustBasis& trust) {
  return {{"judged", trust.judged},
          {"source", trust.name},
          {"roots", trust.roots},
          {"at", trust.at_unix ? Json(FormatUtc(*trust.at_unix * 1000)) : Json(nullptr)}};
}

void AddFactsJson(const RunFacts& facts, Json* out) {
  Json& trust = (*out)["trust"] = TrustJson(facts.trust);
  trust["chains"] = facts.chains;
  (*out)["certificate_classes"] = ClassesJson(facts.classes);
  (*out)["key_kinds"] = {{"tls", KindsJson(facts.key_kinds.tls)},
                         {"ssh", KindsJson(facts.key_kinds.ssh)}};
  (*out)["port_trust"] = PortTrustsJson(facts.port_trust);
  (*out)["suites"] = SuitesJson(facts.suites);
  (*out)["hygiene"] = HygieneJson(facts);
}

}  // namespace hark

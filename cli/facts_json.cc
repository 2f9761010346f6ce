#include "cli/facts_json.h"

#include "base/strings.h"
#include "cli/hygiene_json.h"
#include "cli/render_text.h"

namespace hark {
namespace {

using Json = nlohmann::ordered_json;

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

Json ReuseCountJson(const ReuseCount& count) {
  return {{"hosts", count.hosts}, {"reusing", count.reusing}, {"ratio", count.ratio()}};
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

void AddHarkKindsJson(const KindReuse& reuse, Json* out) {
  Json algorithms = Json::object();
  for (size_t i = 0; i < kKeyFamilies.size(); ++i) {
    if (reuse.families[i].hosts == 0) continue;
    algorithms[kKeyFamilies[i].name] = ReuseCountJson(reuse.families[i]);
  }
  Json kinds = Json::object();
  for (size_t i = 0; i < kKeyKindRows; ++i) {
    if (reuse.kinds[i].hosts > 0) kinds[kKeyKindNames[i]] = ReuseCountJson(reuse.kinds[i]);
  }
  (*out)["hark_kinds"] = {{"algorithms", std::move(algorithms)}, {"kinds", std::move(kinds)}};
}

}  // namespace hark

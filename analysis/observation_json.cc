#include "analysis/observation_json.h"

#include <nlohmann/json.hpp>

#include "analysis/json_text.h"
#include "analysis/report.h"
#include "analysis/tls_json.h"
#include "base/address.h"
#include "base/outcome.h"
#include "base/strings.h"
#include "keys/ssh_certificate.h"
#include "keys/ssh_identification.h"
#include "keys/ssh_key.h"

namespace hark {
namespace {

using Json = nlohmann::ordered_json;

// Empty facts are facts that were not seen.
void AddText(Json& out, const char* name, std::string_view peer_bytes) {
  if (!peer_bytes.empty()) out[name] = EscapeForDisplay(peer_bytes);
}

void AddIdentification(Json& out, std::string_view line) {
  AddText(out, "identification", line);
  const SshIdentification parts = SplitSshIdentification(line);
  AddText(out, "protocol_version", parts.protocol);
  AddText(out, "software", parts.software);
  AddText(out, "comment", parts.comment);
}

Json AgreedJson(const proto::SshAgreed& agreed) {
  Json out = Json::object();
  AddText(out, "kex", agreed.kex());
  AddText(out, "host_key", agreed.host_key());
  AddText(out, "encryption_client_to_server", agreed.encryption_client_to_server());
  AddText(out, "encryption_server_to_client", agreed.encryption_server_to_client());
  AddText(out, "mac_client_to_server", agreed.mac_client_to_server());
  AddText(out, "mac_server_to_client", agreed.mac_server_to_client());
  AddText(out, "compression_client_to_server", agreed.compression_client_to_server());
  AddText(out, "compression_server_to_client", agreed.compression_server_to_client());
  return out;
}

Json OptionsJson(const std::vector<SshCertificateOption>& options) {
  Json out = Json::array();
  for (const SshCertificateOption& option : options) {
    out.push_back({{"name", EscapeForDisplay(option.name)}, {"data", HexEncode(option.data)}});
  }
  return out;
}

// Who vouches for a key, for whom and how long.
Json SshCertificateJson(const SshCertificate& certificate) {
  Json principals = Json::array();
  for (const std::string& name : certificate.principals) {
    principals.push_back(EscapeForDisplay(name));
  }
  const auto seconds = [](uint64_t unix) { return UtcText(static_cast<int64_t>(unix)); };
  const bool forever = certificate.valid_before == SshCertificate::kForever;
  return {{"kind", certificate.kind == SshCertificate::kHost   ? Json("host")
                   : certificate.kind == SshCertificate::kUser ? Json("user")
                                                               : Json(certificate.kind)},
          {"serial", certificate.serial},
          {"key_id", EscapeForDisplay(certificate.key_id)},
          {"principals", std::move(principals)},
          {"valid_after", seconds(certificate.valid_after)},
          {"valid_before", forever ? Json(nullptr) : Json(seconds(certificate.valid_before))},
          {"ca_fingerprint_sha256", SshSha256Fingerprint(certificate.ca_key)},
          {"ca_key_id", ReadSshKey(certificate.ca_key).id.ToHex()},
          {"critical_options", OptionsJson(certificate.critical_options)},
          {"extensions", OptionsJson(certificate.extensions)},
          {"lists_complete", certificate.lists_complete}};
}

Json SshKeyJson(const proto::SshHostKey& key) {
  const SshKeyInfo info = ReadSshKey(key.blob());
  Json out = {{"algorithm", EscapeForDisplay(key.algorithm())},
              {"type", EscapeForDisplay(info.type)},
              {"bits", info.bits},
              {"key_id", info.id.ToHex()},
              {"fingerprint_sha256", SshSha256Fingerprint(key.blob())},
              {"fingerprint_md5", SshMd5Fingerprint(key.blob())},
              {"proof", ProofName(static_cast<Proof>(key.proof()))}};
  AddText(out, "signature_algorithm", key.signature_algorithm());
  if (!key.signature_r().empty()) out["signature_r"] = HexEncode(key.signature_r());
  if (const auto certificate = ReadSshCertificate(key.blob())) {
    out["certificate"] = SshCertificateJson(*certificate);
  }
  out["blob"] = Base64(key.blob());
  return out;
}

Json SshJson(const proto::SshFacts& ssh) {
  Json out = Json::object();
  AddIdentification(out, ssh.identification());
  if (ssh.pre_lines_size() > 0) {
    for (const std::string& line : ssh.pre_lines()) {
      out["pre_lines"].push_back(EscapeForDisplay(line));
    }
  }
  if (ssh.has_kex_init()) out["kex_init"] = KexInitJson(ssh.kex_init());
  AddText(out, "kex_algorithm", ssh.kex_algorithm());
  if (ssh.has_agreed()) out["agreed"] = AgreedJson(ssh.agreed());
  AddText(out, "hassh_server", ssh.hassh_server());
  AddText(out, "passive_ssh_hassh", ssh.passive_ssh_hassh());
  out["keys"] = Json::array();
  for (const proto::SshHostKey& key : ssh.keys()) out["keys"].push_back(SshKeyJson(key));
  return out;
}

Json MailJson(const proto::MailFacts& mail) {
  Json out = Json::object();
  AddText(out, "capabilities", mail.capabilities());
  AddText(out, "starttls_reply", mail.starttls_reply());
  out["starttls_offered"] = mail.starttls_offered();
  out["starttls_forced"] = mail.starttls_forced();
  out["said_helo"] = mail.said_helo();
  out["smuggled_bytes"] = mail.smuggled_bytes();
  return out;
}

Json HttpJson(const proto::HttpFacts& http) {
  return {{"status_line", EscapeForDisplay(http.status_line())},
          {"headers", EscapeForDisplay(http.headers())},
          {"truncated", http.truncated()}};
}

}  // namespace

Json KexInitJson(const proto::SshKexInit& lists) {
  return {{"kex_algorithms", NameList(lists.kex_algorithms())},
          {"host_key_algorithms", NameList(lists.server_host_key_algorithms())},
          {"encryption_client_to_server", NameList(lists.encryption_client_to_server())},
          {"encryption_server_to_client", NameList(lists.encryption_server_to_client())},
          {"mac_client_to_server", NameList(lists.mac_client_to_server())},
          {"mac_server_to_client", NameList(lists.mac_server_to_client())},
          {"compression_client_to_server", NameList(lists.compression_client_to_server())},
          {"compression_server_to_client", NameList(lists.compression_server_to_client())},
          {"languages_client_to_server", NameList(lists.languages_client_to_server())},
          {"languages_server_to_client", NameList(lists.languages_server_to_client())},
          {"first_kex_packet_follows", lists.first_kex_packet_follows()}};
}

Json PortObservationJson(const proto::PortObservation& observation,
                         const ObservationJsonOptions& options) {
  Json out = {{"port", observation.port()},
              {"protocol", ProtocolName(static_cast<Protocol>(observation.protocol()))},
              {"outcome", OutcomeName(static_cast<Outcome>(observation.outcome()))},
              {"stage", StageName(static_cast<Stage>(observation.stage()))}};
  if (!observation.detail().empty()) out["detail"] = PrintableText(observation.detail());
  out["connections"] = observation.connections();
  out["duration_ms"] = observation.duration_ms();
  AddText(out, "greeting", observation.greeting());
  if (observation.greeting_delay_ms() > 0) {
    out["greeting_delay_ms"] = observation.greeting_delay_ms();
  }
  if (observation.has_ssh()) out["ssh"] = SshJson(observation.ssh());
  if (observation.has_mail()) out["mail"] = MailJson(observation.mail());
  if (observation.has_tls()) out["tls"] = TlsFactsJson(observation.tls(), options);
  if (observation.has_http()) out["http"] = HttpJson(observation.http());
  return out;
}

Json HostObservationJson(const proto::HostObservation& host,
                         const ObservationJsonOptions& options) {
  const std::optional<Address> address = Address::FromBytes(host.address());
  Json out = {{"address", address ? Json(address->ToString()) : Json(nullptr)},
              {"started", UtcTextMillis(host.started_unix_ms())},
              {"duration_ms", host.duration_ms()},
              {"ports", Json::array()}};
  for (const proto::PortObservation& port : host.ports()) {
    out["ports"].push_back(PortObservationJson(port, options));
  }
  return out;
}

}  // namespace hark

#include "exchange/zgrab_json.h"

#include <nlohmann/json.hpp>

#include "analysis/json_text.h"
#include "analysis/report.h"
#include "base/bytes.h"
#include "base/outcome.h"
#include "base/strings.h"
#include "keys/certificate.h"
#include "keys/key_id.h"
#include "keys/ssh_identification.h"
#include "keys/ssh_key.h"

namespace hark {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxNumber = 8192;

Json Names(const std::string& list) {
  Json names = Json::array();
  if (list.empty()) return names;
  for (const std::string_view name : Split(list, ',')) names.push_back(std::string(name));
  return names;
}

Json ListsJson(const proto::SshKexInit& lists) {
  return {{"kex_algorithms", Names(lists.kex_algorithms())},
          {"host_key_algorithms", Names(lists.server_host_key_algorithms())},
          {"client_to_server_ciphers", Names(lists.encryption_client_to_server())},
          {"server_to_client_ciphers", Names(lists.encryption_server_to_client())},
          {"client_to_server_macs", Names(lists.mac_client_to_server())},
          {"server_to_client_macs", Names(lists.mac_server_to_client())},
          {"client_to_server_compression", Names(lists.compression_client_to_server())},
          {"server_to_client_compression", Names(lists.compression_server_to_client())},
          {"client_to_server_languages", Names(lists.languages_client_to_server())},
          {"server_to_client_languages", Names(lists.languages_server_to_client())},
          {"first_kex_follows", lists.first_kex_packet_follows()}};
}

Json AgreedJson(const proto::SshAgreed& agreed) {
  const auto group = [](const std::string& cipher, const std::string& mac,
                        const std::string& compression) {
    return Json{{"cipher", cipher}, {"mac", mac}, {"compression", compression}};
  };
  return {{"dh_kex_algorithm", agreed.kex()},
          {"host_key_algorithm", agreed.host_key()},
          {"client_to_server_alg_group",
           group(agreed.encryption_client_to_server(), agreed.mac_client_to_server(),
                 agreed.compression_client_to_server())},
          {"server_to_client_alg_group",
           group(agreed.encryption_server_to_client(), agreed.mac_server_to_client(),
                 agreed.compression_server_to_client())}};
}

Json HostKeyJson(const proto::SshHostKey& key) {
  const SshKeyInfo info = ReadSshKey(key.blob());
  Json out = {{"raw", Base64(key.blob())},
              {"algorithm", info.type},
              {"fingerprint_sha256", HexEncode(Sha256(key.blob()))}};
  if (info.type != "ssh-rsa") return out;
  ByteReader blob(key.blob());
  blob.String32(kMaxNumber);
  uint64_t exponent = 0;
  for (const char c : blob.String32(sizeof exponent))
    exponent = exponent << 8 | static_cast<uint8_t>(c);
  std::string_view modulus = blob.String32(kMaxNumber);
  while (!modulus.empty() && modulus.front() == '\0') modulus.remove_prefix(1);
  if (blob.ok()) {
    out["rsa_public_key"] = {
        {"exponent", exponent}, {"modulus", Base64(modulus)}, {"length", info.bits}};
  }
  return out;
}

// As zcrypto names them; it has no constants for what it does not know.
Json SubjectKeyJson(const CertificateFacts& facts) {
  Json out = {{"fingerprint_sha256", facts.key.ToHex()},
              {"key_algorithm", {{"name", AsciiUpper(facts.key_type)}}}};
  if (facts.key_type == "rsa") out["rsa_public_key"] = {{"length", facts.key_bits}};
  if (facts.key_type == "ecdsa") {
    const bool p256 = facts.curve == "prime256v1";
    const std::string curve = p256                         ? "P-256"
                              : facts.curve == "secp384r1" ? "P-384"
                              : facts.curve == "secp521r1" ? "P-521"
                                                           : facts.curve;
    out["ecdsa_public_key"] = {{"curve", curve}, {"length", facts.key_bits}};
  }
  return out;
}

Json ParsedJson(const CertificateFacts& facts, const std::string& der) {
  Json parsed = {
      {"version", facts.version},
      {"serial_number", facts.serial_hex},
      {"issuer_dn", facts.issuer},
      {"subject_dn", facts.subject},
      {"validity",
       {{"start", UtcText(facts.not_before_unix)}, {"end", UtcText(facts.not_after_unix)}}},
      {"subject_key_info", SubjectKeyJson(facts)}};
  if (!facts.dns_names.empty()) {
    parsed["extensions"]["subject_alt_name"]["dns_names"] = facts.dns_names;
  }
  parsed["signature"] = {{"signature_algorithm", {{"name", facts.signature_algorithm}}},
                         {"self_signed", facts.self_signed}};
  parsed["fingerprint_sha256"] = HexEncode(Sha256(der));
  return parsed;
}

Json CertificateJson(const std::string& der) {
  Json out = {{"raw", Base64(der)}};
  if (const auto facts = ReadCertificate(der)) out["parsed"] = ParsedJson(*facts, der);
  return out;
}

struct ModuleName {
  const char* name;
  uint16_t own_port;
};

ModuleName ModuleOf(Protocol protocol) {
  switch (protocol) {
    case Protocol::kSsh:
      return {"ssh", 22};
    case Protocol::kSmtp:
      return {"smtp", 25};
    case Protocol::kPop3:
      return {"pop3", 110};
    case Protocol::kImap:
      return {"imap", 143};
    case Protocol::kHttps:
    case Protocol::kImaps:
    case Protocol::kPop3s:
    case Protocol::kSmtps:
    case Protocol::kUnknown:
      break;
  }
  return {"tls", 443};
}

// zgrab2's ScanStatus.
const char* StatusOf(Outcome outcome, Stage stage) {
  switch (outcome) {
    case Outcome::kOk:
      return "success";
    case Outcome::kRefused:
    case Outcome::kUnreachable:
      return "connection-refused";
    case Outcome::kSilent:
      return stage == Stage::kConnect ? "connection-timeout" : "io-timeout";
    case Outcome::kTooSlow:
      return "io-timeout";
    case Outcome::kReset:
    case Outcome::kClosed:
    case Outcome::kThrottled:
      return "connection-closed";
    case Outcome::kNotThisProtocol:
    case Outcome::kTooLong:
    case Outcome::kProtocolError:
      return "protocol-error";
    case Outcome::kTlsAlert:
    case Outcome::kStartTlsRefused:
    case Outcome::kNoCommonAlgorithm:
      return "application-error";
    case Outcome::kLocalError:
      break;
  }
  return "unknown-error";
}

}  // namespace

std::string ZgrabText(const Json& record) {
  return record.dump(-1, ' ', true, Json::error_handler_t::replace);
}

Json ZgrabSshJson(const proto::SshFacts& ssh) {
  Json out = Json::object();
  if (!ssh.identification().empty()) {
    const SshIdentification parts = SplitSshIdentification(ssh.identification());
    out["server_id"] = {{"raw", ssh.identification()},
                        {"version", std::string(parts.protocol)},
                        {"software", std::string(parts.software)}};
    if (!parts.comment.empty()) out["server_id"]["comment"] = std::string(parts.comment);
  }
  if (ssh.has_kex_init()) out["server_key_exchange"] = ListsJson(ssh.kex_init());
  if (ssh.has_agreed()) out["algorithm_selection"] = AgreedJson(ssh.agreed());
  if (ssh.keys_size() > 0) out["key_exchange"]["server_host_key"] = HostKeyJson(ssh.keys(0));
  return out;
}

Result<Json> ZgrabTlsJson(const RunReader& reader, const proto::TlsFacts& tls) {
  Json out = Json::object();
  if (tls.version() != 0) {
    out["server_hello"] = {
        {"version", {{"name", TlsVersionName(tls.version())}, {"value", tls.version()}}},
        {"cipher_suite", {{"value", tls.cipher_suite()}}},
        {"ocsp_stapling", tls.ocsp_stapled()},
        {"ticket", tls.session_ticket()},
        {"secure_renegotiation", tls.secure_renegotiation()},
        {"extended_master_secret", tls.extended_master_secret()}};
  }
  for (const std::string& sha256 : tls.chain_sha256()) {
    const Result<std::string> der = reader.Certificate(sha256);
    if (der.status().code() == StatusCode::kNotFound) break;
    if (!der.ok()) return der.status();
    Json& certificates = out["server_certificates"];
    if (!certificates.contains("certificate")) {
      certificates["certificate"] = CertificateJson(*der);
    } else {
      certificates["chain"].push_back({{"raw", Base64(*der)}});
    }
  }
  if (tls.alert() != 0) out["alert"] = tls.alert() - 1;
  return out;
}

Zgrab2Writer::Zgrab2Writer(const RunReader& reader)
    : reader_(reader), line_(std::make_unique<Json>()) {}
Zgrab2Writer::~Zgrab2Writer() = default;

void Zgrab2Writer::Begin(const Address& address, const proto::HostRow& row) {
  *line_ = {{"ip", address.ToString()}, {"data", Json::object()}};
  unix_ms_ = row.started_unix_ms() + row.clock_offset_ms();
}

Status Zgrab2Writer::Add(uint16_t port, const proto::PortRow& row) {
  const proto::PortObservation& seen = row.observation();
  const auto protocol = static_cast<Protocol>(seen.protocol());
  const ModuleName module = ModuleOf(protocol);
  const bool mail =
      protocol == Protocol::kSmtp || protocol == Protocol::kPop3 || protocol == Protocol::kImap;
  Json result = Json::object();
  if (seen.has_ssh()) result = ZgrabSshJson(seen.ssh());
  if (mail && !seen.greeting().empty()) result["banner"] = seen.greeting();
  if (mail && !seen.mail().capabilities().empty()) {
    result[seen.mail().said_helo() ? "helo" : "ehlo"] = seen.mail().capabilities();
  }
  if (mail && !seen.mail().starttls_reply().empty()) {
    result["starttls"] = seen.mail().starttls_reply();
  }
  if (seen.has_tls()) {
    HARK_ASSIGN_OR_RETURN(Json handshake, ZgrabTlsJson(reader_, seen.tls()));
    (mail ? result["tls"]["handshake_log"] : result["handshake_log"]) = std::move(handshake);
  }
  const auto outcome = static_cast<Outcome>(seen.outcome());
  Json scan = {{"status", StatusOf(outcome, static_cast<Stage>(seen.stage()))},
               {"protocol", module.name},
               {"port", port},
               {"result", std::move(result)},
               {"timestamp", UtcTextMillis(unix_ms_)}};
  if (outcome != Outcome::kOk) scan["error"] = std::string(OutcomeName(outcome));
  const std::string name =
      port == module.own_port ? std::string(module.name) : StrCat(module.name, port);
  (*line_)["data"][name] = std::move(scan);
  return Status::Ok();
}

std::string Zgrab2Writer::End() {
  if (line_->is_null() || (*line_)["data"].empty()) return "";
  return ZgrabText(*line_) + "\n";
}

}  // namespace hark

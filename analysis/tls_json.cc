#include "analysis/tls_json.h"

#include <nlohmann/json.hpp>

#include "analysis/json_text.h"
#include "analysis/report.h"
#include "analysis/tls_alerts.h"
#include "base/outcome.h"
#include "base/strings.h"
#include "keys/certificate.h"
#include "keys/tls_names.h"

namespace hark {
namespace {

using Json = nlohmann::ordered_json;
using Strings = google::protobuf::RepeatedPtrField<std::string>;

Json CodeJson(uint32_t code, std::string_view name) {
  Json out = {{"code", code}};
  if (!name.empty()) out["name"] = name;
  return out;
}

// 0: not seen.
void AddVersion(Json& out, uint32_t version) {
  if (version != 0) out["version"] = CodeJson(version, TlsVersionName(version));
}

// 0: not seen. A number without a name stays one.
void AddCode(Json& out, const char* member, uint32_t code, std::string (*name)(uint16_t)) {
  if (code == 0) return;
  const std::string known = name(static_cast<uint16_t>(code));
  out[member] = CodeJson(code, known.starts_with("0x") ? "" : known);
}

// On the wire a chain is whole, in the store it is hashes; either may be here.
Json ChainJson(const Strings& bodies, const Strings& hashes,
               const ObservationJsonOptions& options) {
  Json out = Json::array();
  for (const std::string& der : bodies) out.push_back(CertificateJson(der, options.der));
  if (bodies.size() > 0) return out;
  for (const std::string& hash : hashes) {
    const auto der = options.find_certificate ? options.find_certificate(hash) : std::nullopt;
    out.push_back(der ? CertificateJson(*der, options.der)
                      : Json{{"sha256", HexEncode(hash)}, {"missing", true}});
  }
  return out;
}

Json AlertJson(uint8_t code) {
  return CodeJson(code, TlsAlertName(code));
}

std::string_view PassName(const proto::TlsFacts& tls) {
  if (tls.raw_pass()) return "raw";
  return tls.legacy_pass() ? "legacy" : "modern";
}

Json OtherLeafJson(const proto::TlsOtherLeaf& leaf, const ObservationJsonOptions& options) {
  Json out = Json::object();
  AddVersion(out, leaf.version());
  AddCode(out, "cipher_suite", leaf.cipher_suite(), TlsSuiteName);
  AddCode(out, "signature_scheme", leaf.signature_scheme(), TlsSignatureSchemeName);
  out["proof"] = ProofName(static_cast<Proof>(leaf.proof()));
  out["chain"] = ChainJson(leaf.chain(), leaf.chain_sha256(), options);
  return out;
}

// What was in the server's hello and its extensions.
void AddHello(Json& out, const proto::TlsFacts& tls) {
  AddVersion(out, tls.version());
  AddCode(out, "cipher_suite", tls.cipher_suite(), TlsSuiteName);
  if (!tls.group().empty()) out["group"] = EscapeForDisplay(tls.group());
  AddCode(out, "signature_scheme", tls.signature_scheme(), TlsSignatureSchemeName);
  if (!tls.alpn().empty()) out["alpn"] = EscapeForDisplay(tls.alpn());
  if (tls.version() == 0) return;  // without a hello the rest says nothing
  out["extended_master_secret"] = tls.extended_master_secret();
  out["secure_renegotiation"] = tls.secure_renegotiation();
  out["ocsp_stapled"] = tls.ocsp_stapled();
  out["scts"] = tls.scts();
  out["session_ticket"] = tls.session_ticket();
  out["server_extensions"] = tls.server_extensions();
  if (!tls.ja3s().empty()) out["ja3s"] = EscapeForDisplay(tls.ja3s());
}

Json Escaped(const std::vector<std::string>& texts) {
  Json out = Json::array();
  for (const std::string& text : texts) out.push_back(EscapeForDisplay(text));
  return out;
}

void AddNames(Json& out, const CertificateFacts& facts) {
  out["subject"] = PrintableText(facts.subject);
  out["issuer"] = PrintableText(facts.issuer);
  if (!facts.common_name.empty()) out["common_name"] = EscapeForDisplay(facts.common_name);
  out["san_count"] = facts.san_count;
  out["dns_names"] = Escaped(facts.dns_names);
  if (!facts.ips.empty()) out["ips"] = Escaped(facts.ips);
  if (!facts.emails.empty()) out["emails"] = Escaped(facts.emails);
  if (!facts.uris.empty()) out["uris"] = Escaped(facts.uris);
}

void AddExtensions(Json& out, const CertificateFacts& facts) {
  if (facts.has_basic_constraints) {
    Json& constraints = out["basic_constraints"];
    constraints["ca"] = facts.is_ca;
    if (facts.path_length) constraints["path_length"] = *facts.path_length;
  }
  if (!facts.key_usage.empty()) out["key_usage"] = Escaped(facts.key_usage);
  if (!facts.extended_key_usage.empty()) {
    out["extended_key_usage"] = Escaped(facts.extended_key_usage);
  }
  out["ct_poison"] = facts.ct_poison;
  out["embedded_scts"] = facts.embedded_scts;
}

void AddSignature(Json& out, const CertificateFacts& facts) {
  Json& algorithm = out["signature_algorithm"];
  algorithm["name"] = EscapeForDisplay(facts.signature_algorithm);
  algorithm["oid"] = EscapeForDisplay(facts.signature_algorithm_oid);
  out["self_signed"] = facts.self_signed;
}

}  // namespace

Json CertificateJson(std::string_view der, bool with_der) {
  Json out = {{"sha256", HexEncode(Sha256(der))}, {"bytes", der.size()}};
  const std::optional<CertificateFacts> facts = ReadCertificate(der);
  out["readable"] = facts.has_value();
  if (facts) {
    out["key_id"] = facts->key.ToHex();
    out["key_type"] = EscapeForDisplay(facts->key_type);
    out["key_bits"] = facts->key_bits;
    if (!facts->curve.empty()) out["curve"] = facts->curve;
    out["version"] = facts->version;
    AddNames(out, *facts);
    out["serial"] = facts->serial_hex;
    out["not_before"] = UtcText(facts->not_before_unix);
    out["not_after"] = UtcText(facts->not_after_unix);
    AddSignature(out, *facts);
    AddExtensions(out, *facts);
  }
  if (with_der) out["der"] = Base64(der);
  return out;
}

Json TlsFactsJson(const proto::TlsFacts& tls, const ObservationJsonOptions& options) {
  Json out = {{"pass", PassName(tls)}};
  AddHello(out, tls);
  out["sni"] = tls.sni().empty() ? Json(nullptr) : Json(EscapeForDisplay(tls.sni()));
  out["stopped_at_certificate"] = tls.stopped_at_certificate();
  if (tls.alert() > 0) out["alert"] = AlertJson(static_cast<uint8_t>(tls.alert() - 1));
  for (const char code : tls.warning_alerts()) {
    out["warning_alerts"].push_back(AlertJson(static_cast<uint8_t>(code)));
  }
  out["proof"] = ProofName(static_cast<Proof>(tls.proof()));
  out["chain"] = ChainJson(tls.chain(), tls.chain_sha256(), options);
  if (tls.has_other_leaf()) out["other_leaf"] = OtherLeafJson(tls.other_leaf(), options);
  return out;
}

}  // namespace hark

#include "exchange/zgrab_tls.h"

#include <algorithm>

#include "base/strings.h"
#include "keys/certificate.h"
#include "keys/tls_names.h"

namespace hark {
namespace {

// As a worker has them (worker/probe/limits.h).
constexpr int kMostChain = 32;
constexpr size_t kMostExtensions = 64;
constexpr size_t kMostAlpn = 255;

uint16_t Short(std::optional<uint64_t> number) {
  return static_cast<uint16_t>(number && *number <= UINT16_MAX ? *number : 0);
}

uint32_t VersionOf(const Json& hello) {
  const uint16_t selected =
      Short(JsonNumber(hello, {"supported_versions", "selected_version", "value"}));
  if (selected != 0) return selected;
  return Short(JsonNumber(hello, {"version", "value"}));
}

void ReadExtensions(const Json& hello, proto::TlsFacts* tls) {
  const std::optional<Json> at = FindJson(hello, {"extension_identifiers"});
  simdjson::dom::array types;
  if (!at || at->get(types) != simdjson::SUCCESS) return;
  for (const Json& element : types) {
    uint64_t type = 0;
    if (element.get(type) != simdjson::SUCCESS || type > UINT16_MAX) continue;
    if (static_cast<size_t>(tls->server_extensions_size()) == kMostExtensions) break;
    tls->add_server_extensions(static_cast<uint32_t>(type));
  }
}

void ReadHello(const Json& hello, proto::TlsFacts* tls) {
  tls->set_version(VersionOf(hello));
  tls->set_cipher_suite(Short(JsonNumber(hello, {"cipher_suite", "value"})));
  tls->set_ocsp_stapled(JsonTrue(hello, {"ocsp_stapling"}));
  tls->set_session_ticket(JsonTrue(hello, {"ticket"}));
  tls->set_secure_renegotiation(JsonTrue(hello, {"secure_renegotiation"}));
  tls->set_extended_master_secret(JsonTrue(hello, {"extended_master_secret"}));
  tls->set_scts(FindJson(hello, {"scts"}).has_value());
  tls->set_alpn(std::string(JsonText(hello, {"alpn_protocol"}, kMostAlpn)));
  ReadExtensions(hello, tls);
  const uint16_t group = Short(JsonNumber(hello, {"key_share", "value"}));
  if (group != 0) tls->set_group(TlsGroupName(group));
}

// The leaf: its body, or as much as is told of it.
void ReadLeaf(const Json& certificate, ImportedPort* port) {
  std::string der = JsonBytes(certificate, {"raw"}, kMaxCertificate);
  const std::string spki =
      JsonSha256(certificate, {"parsed", "subject_key_info", "fingerprint_sha256"});
  const std::string hash = JsonSha256(certificate, {"parsed", "fingerprint_sha256"});
  const bool has_key = !der.empty() && KeyIdOfCertificate(der).has_value();
  if (!has_key && !spki.empty()) port->key_ids.push_back(spki);
  if (!der.empty()) {
    port->observation.mutable_tls()->add_chain(std::move(der));
  } else if (!hash.empty()) {
    port->facts.push_back(CertificateFactOfHash(hash));
  }
}

// A certificate above the leaf that has no body leaves a hole: what follows is no chain.
void ReadChain(const std::optional<Json>& chain, proto::TlsFacts* tls) {
  simdjson::dom::array certificates;
  if (!chain || chain->get(certificates) != simdjson::SUCCESS || tls->chain_size() == 0) return;
  for (const Json& certificate : certificates) {
    std::string der = JsonBytes(certificate, {"raw"}, kMaxCertificate);
    if (der.empty() || tls->chain_size() == kMostChain) return;
    tls->add_chain(std::move(der));
  }
}

}  // namespace

void ReadZgrabTls(const Json& handshake, ImportedPort* port) {
  proto::TlsFacts& tls = *port->observation.mutable_tls();
  if (const auto hello = FindJson(handshake, {"server_hello"})) ReadHello(*hello, &tls);
  const uint16_t curve =
      Short(JsonNumber(handshake, {"server_key_exchange", "ecdh_params", "curve_id", "id"}));
  if (curve != 0) tls.set_group(TlsGroupName(curve));
  if (const auto leaf = FindJson(handshake, {"server_certificates", "certificate"})) {
    ReadLeaf(*leaf, port);
  }
  ReadChain(FindJson(handshake, {"server_certificates", "chain"}), &tls);
  if (const auto alert = JsonNumber(handshake, {"alert"}); alert && *alert <= UINT8_MAX) {
    tls.set_alert(static_cast<uint32_t>(*alert) + 1);
  }
}

namespace {

// censys has versions by name.
uint32_t VersionNamed(std::string_view name) {
  struct Named {
    std::string_view name;
    uint32_t version;
  };
  static constexpr Named kVersions[] = {{"SSLv3", 0x0300},   {"TLSv1.0", 0x0301},
                                        {"TLSv1", 0x0301},   {"TLSv1.1", 0x0302},
                                        {"TLSv1.2", 0x0303}, {"TLSv1.3", 0x0304}};
  for (const Named& row : kVersions) {
    if (row.name == name) return row.version;
  }
  return 0;
}

}  // namespace

void ReadCensysTls(const Json& from, ImportedPort* port) {
  proto::TlsFacts& tls = *port->observation.mutable_tls();
  tls.set_version(VersionNamed(JsonText(from, {"version"}, 16)));
  if (tls.version() == 0) tls.set_version(VersionNamed(JsonText(from, {"version", "name"}, 16)));
  tls.set_cipher_suite(Short(JsonNumber(from, {"cipher_suite", "id"})));
  tls.set_ocsp_stapled(JsonTrue(from, {"ocsp_stapling"}));
  tls.set_secure_renegotiation(JsonTrue(from, {"secure_renegotiation"}));
  if (const auto leaf = FindJson(from, {"certificate"})) ReadLeaf(*leaf, port);
  ReadChain(FindJson(from, {"chain"}), &tls);
}

}  // namespace hark

#include "worker/observation_codec.h"

#include <algorithm>

namespace hark {
namespace {

// The numbers are on the wire and in the store (proto/observation.proto). Who adds an outcome adds
// it at the end, here and there.
static_assert(static_cast<int>(Outcome::kOk) == 0 && static_cast<int>(Outcome::kRefused) == 1 &&
              static_cast<int>(Outcome::kSilent) == 2 && static_cast<int>(Outcome::kReset) == 3 &&
              static_cast<int>(Outcome::kClosed) == 4 &&
              static_cast<int>(Outcome::kUnreachable) == 5 &&
              static_cast<int>(Outcome::kNotThisProtocol) == 6 &&
              static_cast<int>(Outcome::kTooLong) == 7 &&
              static_cast<int>(Outcome::kTooSlow) == 8 &&
              static_cast<int>(Outcome::kProtocolError) == 9 &&
              static_cast<int>(Outcome::kTlsAlert) == 10 &&
              static_cast<int>(Outcome::kStartTlsRefused) == 11 &&
              static_cast<int>(Outcome::kThrottled) == 12 &&
              static_cast<int>(Outcome::kNoCommonAlgorithm) == 13 &&
              static_cast<int>(Outcome::kLocalError) == 14 && kOutcomeCount == 15);
static_assert(static_cast<int>(Stage::kConnect) == 0 && static_cast<int>(Stage::kGreeting) == 1 &&
              static_cast<int>(Stage::kStartTls) == 2 && static_cast<int>(Stage::kHello) == 3 &&
              static_cast<int>(Stage::kKeyExchange) == 4 &&
              static_cast<int>(Stage::kCertificate) == 5 && static_cast<int>(Stage::kHttp) == 6 &&
              static_cast<int>(Stage::kDone) == 7 && kStageCount == 8);
static_assert(static_cast<int>(Protocol::kUnknown) == 0 && static_cast<int>(Protocol::kSsh) == 1 &&
              static_cast<int>(Protocol::kSmtp) == 2 && static_cast<int>(Protocol::kPop3) == 3 &&
              static_cast<int>(Protocol::kImap) == 4 && static_cast<int>(Protocol::kHttps) == 5 &&
              static_cast<int>(Protocol::kImaps) == 6 && static_cast<int>(Protocol::kPop3s) == 7 &&
              static_cast<int>(Protocol::kSmtps) == 8 && kProtocolCount == 9);
static_assert(static_cast<int>(Proof::kUnverified) == 0 &&
              static_cast<int>(Proof::kVerified) == 1 && static_cast<int>(Proof::kBad) == 2 &&
              kProofCount == 3);

// Protobuf strings must be UTF-8, or a strict reader refuses the whole batch. What peers send into
// these fields is ASCII by their protocols; anything else is shown as '?'.
std::string AsciiOnly(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  return out;
}

void EncodeKexInit(const SshKexInit& from, proto::SshKexInit* to) {
  to->set_kex_algorithms(AsciiOnly(from.kex_algorithms));
  to->set_server_host_key_algorithms(AsciiOnly(from.server_host_key_algorithms));
  to->set_encryption_client_to_server(AsciiOnly(from.encryption_client_to_server));
  to->set_encryption_server_to_client(AsciiOnly(from.encryption_server_to_client));
  to->set_mac_client_to_server(AsciiOnly(from.mac_client_to_server));
  to->set_mac_server_to_client(AsciiOnly(from.mac_server_to_client));
  to->set_compression_client_to_server(AsciiOnly(from.compression_client_to_server));
  to->set_compression_server_to_client(AsciiOnly(from.compression_server_to_client));
  to->set_languages_client_to_server(AsciiOnly(from.languages_client_to_server));
  to->set_languages_server_to_client(AsciiOnly(from.languages_server_to_client));
  to->set_first_kex_packet_follows(from.first_kex_packet_follows);
}

SshKexInit DecodeKexInit(const proto::SshKexInit& from) {
  SshKexInit to;
  to.kex_algorithms = from.kex_algorithms();
  to.server_host_key_algorithms = from.server_host_key_algorithms();
  to.encryption_client_to_server = from.encryption_client_to_server();
  to.encryption_server_to_client = from.encryption_server_to_client();
  to.mac_client_to_server = from.mac_client_to_server();
  to.mac_server_to_client = from.mac_server_to_client();
  to.compression_client_to_server = from.compression_client_to_server();
  to.compression_server_to_client = from.compression_server_to_client();
  to.languages_client_to_server = from.languages_client_to_server();
  to.languages_server_to_client = from.languages_server_to_client();
  to.first_kex_packet_follows = from.first_kex_packet_follows();
  return to;
}

void EncodeAgreed(const SshAgreed& from, proto::SshAgreed* to) {
  to->set_kex(AsciiOnly(from.kex));
  to->set_host_key(AsciiOnly(from.host_key));
  to->set_encryption_client_to_server(AsciiOnly(from.encryption_client_to_server));
  to->set_encryption_server_to_client(AsciiOnly(from.encryption_server_to_client));
  to->set_mac_client_to_server(AsciiOnly(from.mac_client_to_server));
  to->set_mac_server_to_client(AsciiOnly(from.mac_server_to_client));
  to->set_compression_client_to_server(AsciiOnly(from.compression_client_to_server));
  to->set_compression_server_to_client(AsciiOnly(from.compression_server_to_client));
}

SshAgreed DecodeAgreed(const proto::SshAgreed& from) {
  SshAgreed to;
  to.kex = from.kex();
  to.host_key = from.host_key();
  to.encryption_client_to_server = from.encryption_client_to_server();
  to.encryption_server_to_client = from.encryption_server_to_client();
  to.mac_client_to_server = from.mac_client_to_server();
  to.mac_server_to_client = from.mac_server_to_client();
  to.compression_client_to_server = from.compression_client_to_server();
  to.compression_server_to_client = from.compression_server_to_client();
  return to;
}

void EncodeSsh(const SshFacts& from, proto::SshFacts* to) {
  to->set_identification(from.identification);
  for (const std::string& line : from.pre_lines) to->add_pre_lines(line);
  if (from.kex_init) EncodeKexInit(*from.kex_init, to->mutable_kex_init());
  for (const SshHostKey& key : from.keys) {
    proto::SshHostKey* const out = to->add_keys();
    out->set_algorithm(AsciiOnly(key.algorithm));
    out->set_blob(key.blob);
    out->set_proof(static_cast<uint32_t>(key.proof));
    out->set_signature_algorithm(AsciiOnly(key.signature_algorithm));
    out->set_signature_r(key.signature_r);
  }
  to->set_kex_algorithm(AsciiOnly(from.kex_algorithm));
  if (from.agreed) EncodeAgreed(*from.agreed, to->mutable_agreed());
  to->set_hassh_server(from.hassh_server);
  to->set_passive_ssh_hassh(from.passive_ssh_hassh);
}

std::optional<SshFacts> DecodeSsh(const proto::SshFacts& from) {
  SshFacts to;
  to.identification = from.identification();
  to.pre_lines.assign(from.pre_lines().begin(), from.pre_lines().end());
  if (from.has_kex_init()) to.kex_init = DecodeKexInit(from.kex_init());
  for (const proto::SshHostKey& key : from.keys()) {
    if (key.proof() >= kProofCount) return std::nullopt;
    to.keys.push_back({key.algorithm(), key.blob(), static_cast<Proof>(key.proof()),
                       key.signature_algorithm(), key.signature_r()});
  }
  to.kex_algorithm = from.kex_algorithm();
  if (from.has_agreed()) to.agreed = DecodeAgreed(from.agreed());
  to.hassh_server = from.hassh_server();
  to.passive_ssh_hassh = from.passive_ssh_hassh();
  return to;
}

void EncodeOtherLeaf(const TlsOtherLeaf& from, proto::TlsOtherLeaf* to) {
  to->set_version(from.version);
  to->set_cipher_suite(from.cipher_suite);
  to->set_signature_scheme(from.signature_scheme);
  for (const std::string& der : from.chain) to->add_chain(der);
  to->set_proof(static_cast<uint32_t>(from.proof));
}

std::optional<TlsOtherLeaf> DecodeOtherLeaf(const proto::TlsOtherLeaf& from) {
  if (from.version() > UINT16_MAX || from.cipher_suite() > UINT16_MAX ||
      from.signature_scheme() > UINT16_MAX || from.proof() >= kProofCount) {
    return std::nullopt;
  }
  TlsOtherLeaf to;
  to.version = static_cast<uint16_t>(from.version());
  to.cipher_suite = static_cast<uint16_t>(from.cipher_suite());
  to.signature_scheme = static_cast<uint16_t>(from.signature_scheme());
  to.chain.assign(from.chain().begin(), from.chain().end());
  to.proof = static_cast<Proof>(from.proof());
  return to;
}

void EncodeTls(const TlsFacts& from, proto::TlsFacts* to) {
  to->set_version(from.version);
  to->set_cipher_suite(from.cipher_suite);
  to->set_group(AsciiOnly(from.group));
  for (const std::string& der : from.chain) to->add_chain(der);
  to->set_proof(static_cast<uint32_t>(from.proof));
  to->set_legacy_pass(from.legacy_pass);
  to->set_alert(from.alert ? *from.alert + 1U : 0U);
  to->set_warning_alerts(std::string(from.warning_alerts.begin(), from.warning_alerts.end()));
  to->set_raw_pass(from.raw_pass);
  to->set_stopped_at_certificate(from.stopped_at_certificate);
  to->set_sni(AsciiOnly(from.sni));
  to->set_signature_scheme(from.signature_scheme);
  to->set_alpn(from.alpn);
  to->set_extended_master_secret(from.extended_master_secret);
  to->set_secure_renegotiation(from.secure_renegotiation);
  to->set_ocsp_stapled(from.ocsp_stapled);
  to->set_scts(from.scts);
  to->set_session_ticket(from.session_ticket);
  for (const uint16_t type : from.server_extensions) to->add_server_extensions(type);
  to->set_ja3s(AsciiOnly(from.ja3s));
  if (from.other_leaf) EncodeOtherLeaf(*from.other_leaf, to->mutable_other_leaf());
}

std::optional<TlsFacts> DecodeTls(const proto::TlsFacts& from) {
  if (from.version() > UINT16_MAX || from.cipher_suite() > UINT16_MAX || from.alert() > 256 ||
      from.proof() >= kProofCount || from.signature_scheme() > UINT16_MAX) {
    return std::nullopt;
  }
  TlsFacts to;
  to.version = static_cast<uint16_t>(from.version());
  to.cipher_suite = static_cast<uint16_t>(from.cipher_suite());
  to.group = from.group();
  to.chain.assign(from.chain().begin(), from.chain().end());
  to.proof = static_cast<Proof>(from.proof());
  to.legacy_pass = from.legacy_pass();
  if (from.alert() > 0) to.alert = static_cast<uint8_t>(from.alert() - 1);
  to.warning_alerts.assign(from.warning_alerts().begin(), from.warning_alerts().end());
  to.raw_pass = from.raw_pass();
  to.stopped_at_certificate = from.stopped_at_certificate();
  to.sni = from.sni();
  to.signature_scheme = static_cast<uint16_t>(from.signature_scheme());
  to.alpn = from.alpn();
  to.extended_master_secret = from.extended_master_secret();
  to.secure_renegotiation = from.secure_renegotiation();
  to.ocsp_stapled = from.ocsp_stapled();
  to.scts = from.scts();
  to.session_ticket = from.session_ticket();
  for (const uint32_t type : from.server_extensions()) {
    to.server_extensions.push_back(static_cast<uint16_t>(type));
  }
  to.ja3s = from.ja3s();
  if (from.has_other_leaf()) {
    to.other_leaf = DecodeOtherLeaf(from.other_leaf());
    if (!to.other_leaf) return std::nullopt;
  }
  return to;
}

void EncodeMail(const MailFacts& from, proto::MailFacts* to) {
  to->set_capabilities(from.capabilities);
  to->set_starttls_reply(from.starttls_reply);
  to->set_starttls_offered(from.starttls_offered);
  to->set_starttls_forced(from.starttls_forced);
  to->set_said_helo(from.said_helo);
  to->set_smuggled_bytes(from.smuggled_bytes);
}

MailFacts DecodeMail(const proto::MailFacts& from) {
  MailFacts to;
  to.capabilities = from.capabilities();
  to.starttls_reply = from.starttls_reply();
  to.starttls_offered = from.starttls_offered();
  to.starttls_forced = from.starttls_forced();
  to.said_helo = from.said_helo();
  to.smuggled_bytes = from.smuggled_bytes();
  return to;
}

uint32_t MillisOf(Duration duration) {
  return static_cast<uint32_t>(std::clamp<int64_t>(ToMillis(duration), 0, UINT32_MAX));
}

}  // namespace

void EncodePortObservation(const PortObservation& from, proto::PortObservation* to) {
  to->set_port(from.port);
  to->set_protocol(static_cast<uint32_t>(from.protocol));
  to->set_outcome(static_cast<uint32_t>(from.outcome));
  to->set_stage(static_cast<uint32_t>(from.stage));
  to->set_greeting(from.greeting);
  to->set_detail(AsciiOnly(from.detail));
  to->set_connections(from.connections);
  to->set_duration_ms(MillisOf(from.duration));
  to->set_greeting_delay_ms(MillisOf(from.greeting_delay));
  if (from.ssh) EncodeSsh(*from.ssh, to->mutable_ssh());
  if (from.tls) EncodeTls(*from.tls, to->mutable_tls());
  if (from.mail) EncodeMail(*from.mail, to->mutable_mail());
  if (from.http) {
    to->mutable_http()->set_status_line(from.http->status_line);
    to->mutable_http()->set_headers(from.http->headers);
    to->mutable_http()->set_truncated(from.http->truncated);
  }
}

std::optional<PortObservation> DecodePortObservation(const proto::PortObservation& from) {
  if (from.port() > UINT16_MAX || from.protocol() >= kProtocolCount ||
      from.outcome() >= kOutcomeCount || from.stage() >= kStageCount) {
    return std::nullopt;
  }
  PortObservation to;
  to.port = static_cast<uint16_t>(from.port());
  to.protocol = static_cast<Protocol>(from.protocol());
  to.outcome = static_cast<Outcome>(from.outcome());
  to.stage = static_cast<Stage>(from.stage());
  to.greeting = from.greeting();
  to.detail = from.detail();
  to.connections = from.connections();
  to.duration = std::chrono::milliseconds(from.duration_ms());
  to.greeting_delay = std::chrono::milliseconds(from.greeting_delay_ms());
  if (from.has_ssh()) {
    to.ssh = DecodeSsh(from.ssh());
    if (!to.ssh) return std::nullopt;
  }
  if (from.has_tls()) {
    to.tls = DecodeTls(from.tls());
    if (!to.tls) return std::nullopt;
  }
  if (from.has_mail()) to.mail = DecodeMail(from.mail());
  if (from.has_http()) {
    to.http = HttpFacts{from.http().status_line(), from.http().headers(), from.http().truncated()};
  }
  return to;
}

}  // namespace hark

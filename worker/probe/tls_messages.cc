#include "worker/probe/tls_messages.h"

#include <openssl/core_names.h>

#include "base/bytes.h"
#include "base/strings.h"
#include "keys/certificate.h"
#include "keys/ja3s.h"
#include "keys/openssl_ptr.h"
#include "keys/tls_names.h"
#include "worker/probe/limits.h"

namespace hark {
namespace {

constexpr uint8_t kFatal = 2;
constexpr uint16_t kTls12 = 0x0303;
constexpr uint16_t kTls13 = 0x0304;
constexpr size_t kRandomBytes = 32;

// Handshake types (RFC 8446 §4, RFC 6066 §8).
constexpr uint8_t kServerHello = 2;
constexpr uint8_t kNewSessionTicket = 4;
constexpr uint8_t kEncryptedExtensions = 8;
constexpr uint8_t kCertificateMessage = 11;
constexpr uint8_t kServerKeyExchange = 12;
constexpr uint8_t kCertificateVerify = 15;
constexpr uint8_t kCertificateStatus = 22;

// Extension types of the IANA registry.
constexpr uint16_t kStatusRequest = 5;
constexpr uint16_t kAlpn = 16;
constexpr uint16_t kScts = 18;
constexpr uint16_t kExtendedMasterSecret = 23;
constexpr uint16_t kSessionTicket = 35;
constexpr uint16_t kSupportedVersions = 43;
constexpr uint16_t kKeyShare = 51;
constexpr uint16_t kRenegotiationInfo = 0xff01;

constexpr uint8_t kNamedCurve = 3;  // RFC 8422 §5.4

template <typename Use>
void ForEachExtension(std::string_view list, const Use& use) {
  ByteReader reader(list);
  while (reader.ok() && !reader.empty()) {
    const uint16_t type = reader.U16();
    const std::string_view body = reader.Bytes(reader.U16());
    if (reader.ok()) use(type, body);
  }
}

// A server answers ALPN with a list of exactly one name (RFC 7301 §3.1).
std::string AlpnName(std::string_view body) {
  ByteReader reader(body);
  reader.U16();
  return std::string(reader.Bytes(reader.U8()));
}

std::string_view WithoutLeadingZeros(std::string_view number) {
  while (!number.empty() && number.front() == '\0') number.remove_prefix(1);
  return number;
}

bool IsPrimeOf(const std::string& group, std::string_view prime) {
  const EvpPkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "DH", nullptr));
  if (!context || EVP_PKEY_paramgen_init(context.get()) != 1) return false;
  std::string name = group;
  const OSSL_PARAM wish[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name.data(), 0),
      OSSL_PARAM_construct_end()};
  EVP_PKEY* raw = nullptr;
  if (EVP_PKEY_CTX_set_params(context.get(), wish) != 1) return false;
  if (EVP_PKEY_paramgen(context.get(), &raw) != 1) return false;
  const EvpPkeyPtr parameters(raw);
  BIGNUM* theirs = nullptr;
  if (EVP_PKEY_get_bn_param(raw, OSSL_PKEY_PARAM_FFC_P, &theirs) != 1) return false;
  const BignumPtr number(theirs);
  std::string bytes(static_cast<size_t>(BN_num_bytes(theirs)), '\0');
  BN_bn2bin(theirs, AsUnsigned(bytes.data()));
  return bytes == prime;
}

// "ffdhe2048" and its like (RFC 7919) by their prime; any other group by its size, "dh1024".
std::string FiniteFieldName(std::string_view prime) {
  prime = WithoutLeadingZeros(prime);
  if (prime.empty()) return {};
  // What every prime of RFC 7919 begins with: only then is the library worth asking.
  constexpr std::string_view kBeginning = "\xff\xff\xff\xff\xff\xff\xff\xff\xad\xf8\x54\x58";
  const size_t bits = prime.size() * 8 -
                      static_cast<size_t>(__builtin_clz(static_cast<uint8_t>(prime.front())) - 24);
  const std::string named = StrCat("ffdhe", bits);
  if (prime.starts_with(kBeginning) && IsPrimeOf(named, prime)) return named;
  return StrCat("dh", bits);
}

}  // namespace

bool TlsMessages::tls13() const {
  return facts_.version >= kTls13;
}

void TlsMessages::OnAlert(uint8_t level, uint8_t code) {
  if (level == kFatal) {
    facts_.alert = code;
  } else if (facts_.warning_alerts.size() < kMaxWarningAlerts) {
    facts_.warning_alerts.push_back(code);
  }
}

void TlsMessages::OnHandshake(uint8_t type, std::string_view body) {
  if (type == kServerHello) {
    OnServerHello(body);
  } else if (type == kEncryptedExtensions) {
    OnEncryptedExtensions(body);
  } else if (type == kCertificateMessage) {
    OnCertificate(body);
  } else if (type == kServerKeyExchange) {
    OnKeyExchange(body);
  } else if (type == kCertificateVerify) {
    facts_.signature_scheme = ByteReader(body).U16();
  } else if (type == kCertificateStatus) {
    facts_.ocsp_stapled = true;
  } else if (type == kNewSessionTicket) {
    facts_.session_ticket = true;
  }
}

void TlsMessages::OnServerHello(std::string_view body) {
  ByteReader reader(body);
  const uint16_t version = reader.U16();
  reader.Bytes(kRandomBytes);
  reader.Bytes(reader.U8());  // session id
  const uint16_t suite = reader.U16();
  reader.U8();  // compression
  if (!reader.ok()) return;
  facts_.version = version;
  facts_.cipher_suite = suite;
  facts_.server_extensions.clear();  // a HelloRetryRequest comes as a ServerHello before the real
  std::vector<uint16_t> types;
  const std::string_view extensions = reader.Bytes(reader.U16());
  ForEachExtension(extensions, [&](uint16_t type, std::string_view extension) {
    types.push_back(type);
    OnExtension(type, extension);
  });
  facts_.ja3s = Ja3s(version, suite, types);
  if (types.size() > kMaxServerExtensions) types.resize(kMaxServerExtensions);
  facts_.server_extensions = std::move(types);
  stage_ = Stage::kKeyExchange;
}

void TlsMessages::OnExtension(uint16_t type, std::string_view body) {
  if (type == kSupportedVersions && body.size() == 2) {
    // A ServerHello of TLS 1.3 says 1.2 in its version field and the truth here.
    facts_.version = ByteReader(body).U16();
  } else if (type == kKeyShare && body.size() >= 2) {
    facts_.group = TlsGroupName(ByteReader(body).U16());
  } else if (type == kAlpn) {
    facts_.alpn = AlpnName(body);
  } else if (type == kScts) {
    facts_.scts = true;
  } else if (type == kExtendedMasterSecret) {
    facts_.extended_master_secret = true;
  } else if (type == kSessionTicket) {
    facts_.session_ticket = true;
  } else if (type == kRenegotiationInfo) {
    facts_.secure_renegotiation = true;
  }
}

void TlsMessages::OnEncryptedExtensions(std::string_view body) {
  ByteReader reader(body);
  ForEachExtension(reader.Bytes(reader.U16()), [&](uint16_t type, std::string_view extension) {
    if (type == kAlpn) facts_.alpn = AlpnName(extension);
  });
}

void TlsMessages::OnCertificate(std::string_view body) {
  ByteReader reader(body);
  if (tls13()) reader.Bytes(reader.U8());  // request context, empty
  ByteReader list(reader.Bytes(reader.U24()));
  stage_ = Stage::kCertificate;
  facts_.chain.clear();
  for (bool leaf = true; list.ok() && !list.empty() && facts_.chain.size() < kMaxTlsChain;
       leaf = false) {
    const std::string_view certificate = list.Bytes(list.U24());
    const std::string_view extensions = tls13() ? list.Bytes(list.U16()) : std::string_view();
    if (leaf) OnLeafExtensions(extensions);
    // Bigger ones are cut from the facts but not from the handshake, which may still succeed.
    if (list.ok() && certificate.size() <= kMaxCertificate) facts_.chain.emplace_back(certificate);
  }
}

void TlsMessages::OnLeafExtensions(std::string_view extensions) {
  ForEachExtension(extensions, [&](uint16_t type, std::string_view /*body*/) {
    facts_.ocsp_stapled |= type == kStatusRequest;
    facts_.scts |= type == kScts;
  });
}

// What the message holds depends on the suite: a curve, a group of its own, or (export) an RSA key.
void TlsMessages::OnKeyExchange(std::string_view body) {
  const std::string suite = TlsSuiteName(facts_.cipher_suite);
  ByteReader reader(body);
  if (suite.find("_ECDHE_") != std::string::npos ||
      suite.find("_ECDH_anon_") != std::string::npos) {
    if (reader.U8() != kNamedCurve) return;
    const uint16_t group = reader.U16();
    if (reader.ok()) facts_.group = TlsGroupName(group);
    reader.Bytes(reader.U8());
  } else if (suite.find("_DHE_") != std::string::npos) {
    facts_.group = FiniteFieldName(reader.Bytes(reader.U16()));
    reader.Bytes(reader.U16());
    reader.Bytes(reader.U16());
  } else {
    return;
  }
  // Before 1.2 the key decides the algorithm and nothing is said.
  const uint16_t scheme = reader.U16();
  if (facts_.version == kTls12 && reader.ok()) facts_.signature_scheme = scheme;
}

}  // namespace hark

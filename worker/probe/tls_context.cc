#include "worker/probe/tls_context.h"

#include <openssl/err.h>

#include "base/strings.h"
#include "worker/probe/limits.h"
#include "worker/probe/repeatable_random.h"

namespace hark {
namespace {

// Security level 0 in all: what is weak is a finding, not a danger, and refusing a 1024-bit key in
// the modern pass would only cost a second connection. The security comes from the lists.
constexpr char kModernCiphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:!aNULL:!PSK";
constexpr char kLegacyCiphers[] = "ALL:COMPLEMENTOFALL:!aNULL:!PSK:!SRP:!eNULL";
constexpr char kModernGroups[] = "X25519:P-256:P-384";
// Level 0 alone still leaves out SHA-1 signatures below TLS 1.2's default list.
constexpr char kLegacySchemes[] =
    "ECDSA+SHA256:RSA+SHA256:RSA-PSS+SHA256:ECDSA+SHA384:RSA+SHA384:ECDSA+SHA512:RSA+SHA512:"
    "ed25519:DSA+SHA256:ECDSA+SHA1:RSA+SHA1:DSA+SHA1";
constexpr char kRsaSchemes[] =
    "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:rsa_pss_pss_sha256:RSA+SHA256:RSA+SHA384:"
    "RSA+SHA512:RSA+SHA1";
constexpr char kEcdsaSchemes[] =
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512:ECDSA+SHA1";

// Stands in for chain building, which costs a signature check per certificate and decides nothing.
int AcceptAnyChain(X509_STORE_CTX* store, void* /*unused*/) {
  auto* ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  if (ssl != nullptr && SSL_get_app_data(ssl) != nullptr) SSL_set_retry_verify(ssl);
  return 1;
}

int AcceptExtension(SSL* /*ssl*/, unsigned int /*type*/, unsigned int /*context*/,
                    const unsigned char* /*in*/, size_t /*size*/, X509* /*certificate*/,
                    size_t /*index*/, int* /*alert*/, void* /*unused*/) {
  return 1;
}

// Even at level 0 OpenSSL turns away Diffie-Hellman groups below 1024 bits, which servers as old as
// those of the legacy pass have.
int AllowAll(const SSL* /*ssl*/, const SSL_CTX* /*context*/, int /*operation*/, int /*bits*/,
             int /*nid*/, void* /*other*/, void* /*unused*/) {
  return 1;
}

// An empty extension that asks for SCTs. Not SSL_CTX_enable_ct: that would parse and weigh them.
bool AskForScts(SSL_CTX* context) {
  constexpr unsigned int kWhere =
      SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO | SSL_EXT_TLS1_3_CERTIFICATE;
  return SSL_CTX_add_custom_ext(context, TLSEXT_TYPE_signed_certificate_timestamp, kWhere, nullptr,
                                nullptr, nullptr, AcceptExtension, nullptr) == 1;
}

std::string CiphersOf(const char* list, LeafFamily family) {
  const char* limit = family == LeafFamily::kRsa     ? ":!aECDSA:!aDSS"
                      : family == LeafFamily::kEcdsa ? ":!aRSA:!aDSS"
                                                     : "";
  return StrCat(list, limit, ":@SECLEVEL=0");
}

// nullptr: OpenSSL's own list.
const char* SchemesOf(TlsPass pass, LeafFamily family) {
  if (family == LeafFamily::kRsa) return kRsaSchemes;
  if (family == LeafFamily::kEcdsa) return kEcdsaSchemes;
  return pass == TlsPass::kLegacy ? kLegacySchemes : nullptr;
}

SslCtxPtr NewContext(int lowest, int highest, const std::string& ciphers) {
  // A context draws keys for tickets it will never give.
  if (!RepeatableRandom().Use(0, kHelloRandomBytes)) return nullptr;
  SslCtxPtr context(SSL_CTX_new_ex(RepeatableRandom::Library(), nullptr, TLS_client_method()));
  if (!context || SSL_CTX_set_min_proto_version(context.get(), lowest) != 1 ||
      SSL_CTX_set_max_proto_version(context.get(), highest) != 1 ||
      SSL_CTX_set_cipher_list(context.get(), ciphers.c_str()) != 1 ||
      SSL_CTX_set_tlsext_status_type(context.get(), TLSEXT_STATUSTYPE_ocsp) != 1 ||
      !AskForScts(context.get())) {
    return nullptr;
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_cert_verify_callback(context.get(), AcceptAnyChain, nullptr);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  // Servers without secure renegotiation are many; we never renegotiate at all.
  SSL_CTX_set_options(context.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                         SSL_OP_LEGACY_SERVER_CONNECT);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_max_cert_list(context.get(), static_cast<long>(kMaxTlsCertificateMessage));
  SSL_CTX_set_quiet_shutdown(context.get(), 0);
  return context;
}

SslCtxPtr NewOffer(TlsPass pass, LeafFamily family) {
  const bool modern = pass == TlsPass::kModern;
  SslCtxPtr context =
      NewContext(modern ? TLS1_2_VERSION : TLS1_VERSION, modern ? TLS1_3_VERSION : TLS1_2_VERSION,
                 CiphersOf(modern ? kModernCiphers : kLegacyCiphers, family));
  if (!context) return nullptr;
  if (!modern) SSL_CTX_set_security_callback(context.get(), AllowAll);
  const char* schemes = SchemesOf(pass, family);
  if (schemes != nullptr && SSL_CTX_set1_sigalgs_list(context.get(), schemes) != 1) return nullptr;
  if (modern && SSL_CTX_set1_groups_list(context.get(), kModernGroups) != 1) return nullptr;
  return context;
}

}  // namespace

TlsContexts::TlsContexts() {
  for (LeafFamily family : {LeafFamily::kAny, LeafFamily::kRsa, LeafFamily::kEcdsa}) {
    modern_[static_cast<size_t>(family)] = NewOffer(TlsPass::kModern, family);
    legacy_[static_cast<size_t>(family)] = NewOffer(TlsPass::kLegacy, family);
  }
  ERR_clear_error();
}

SSL_CTX* TlsContexts::Get(TlsPass pass, LeafFamily family) const {
  switch (pass) {
    case TlsPass::kModern:
      return modern_[static_cast<size_t>(family)].get();
    case TlsPass::kLegacy:
      return legacy_[static_cast<size_t>(family)].get();
    case TlsPass::kRaw:
      return nullptr;
  }
  return nullptr;
}

}  // namespace hark

#include "worker/probe/tls_context.h"

#include <openssl/err.h>

#include "worker/probe/limits.h"

namespace hark {
namespace {

// Security level 0 in both: what is weak is a finding, not a danger, and refusing a 1024-bit key in
// the modern pass would only cost a second connection. The security comes from the lists.
constexpr char kModernCiphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20:ECDHE+AES:!aNULL:!PSK:@SECLEVEL=0";
constexpr char kLegacyCiphers[] = "ALL:COMPLEMENTOFALL:!aNULL:!PSK:!SRP:!eNULL:@SECLEVEL=0";
constexpr char kModernGroups[] = "X25519:P-256:P-384";

// Stands in for chain building, which costs a signature check per certificate and decides nothing.
int AcceptAnyChain(X509_STORE_CTX* /*store*/, void* /*unused*/) {
  return 1;
}

SslCtxPtr NewContext(int lowest, int highest, const char* ciphers) {
  SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
  if (!context || SSL_CTX_set_min_proto_version(context.get(), lowest) != 1 ||
      SSL_CTX_set_max_proto_version(context.get(), highest) != 1 ||
      SSL_CTX_set_cipher_list(context.get(), ciphers) != 1) {
    return nullptr;
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_cert_verify_callback(context.get(), AcceptAnyChain, nullptr);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  // Servers without secure renegotiation are many; we never renegotiate at all.
  SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_NO_RENEGOTIATION | SSL_OP_LEGACY_SERVER_CONNECT);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_max_cert_list(context.get(), static_cast<long>(kMaxTlsCertificateMessage));
  SSL_CTX_set_quiet_shutdown(context.get(), 0);
  return context;
}

}  // namespace

TlsContexts::TlsContexts()
    : modern_(NewContext(TLS1_2_VERSION, TLS1_3_VERSION, kModernCiphers)),
      legacy_(NewContext(TLS1_VERSION, TLS1_2_VERSION, kLegacyCiphers)) {
  if (modern_ && SSL_CTX_set1_groups_list(modern_.get(), kModernGroups) != 1) modern_.reset();
  // Level 0 alone still leaves out SHA-1 signatures below TLS 1.2's default list.
  if (legacy_ &&
      SSL_CTX_set1_sigalgs_list(legacy_.get(),
                                "ECDSA+SHA256:RSA+SHA256:RSA-PSS+SHA256:ECDSA+SHA384:RSA+SHA384:"
                                "ECDSA+SHA512:RSA+SHA512:ed25519:DSA+SHA256:ECDSA+SHA1:RSA+SHA1:"
                                "DSA+SHA1") != 1) {
    legacy_.reset();
  }
  ERR_clear_error();
}

}  // namespace hark

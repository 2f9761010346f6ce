#include "worker/probe/testing/fake_tls_server.h"

#include <openssl/err.h>

namespace hark {
namespace {

EvpPkeyPtr NewKey(const std::string& algorithm) {
  if (algorithm == "EC") return EvpPkeyPtr(EVP_EC_gen("P-256"));
  return EvpPkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t{2048}));
}

X509Ptr NewCertificate(EVP_PKEY* key, long serial) {
  X509Ptr certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 86400);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, AsUnsigned("fake"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_sign(certificate.get(), key, EVP_sha256());
  return certificate;
}

std::string DerOf(X509* certificate) {
  std::string der(static_cast<size_t>(i2d_X509(certificate, nullptr)), '\0');
  unsigned char* out = AsUnsigned(der.data());
  i2d_X509(certificate, &out);
  return der;
}

}  // namespace

FakeTlsIdentity::FakeTlsIdentity(const std::string& algorithm, size_t chain, int lowest,
                                 int highest)
    : context_(SSL_CTX_new(TLS_server_method())) {
  const EvpPkeyPtr key = NewKey(algorithm);
  SSL_CTX_set_min_proto_version(context_.get(), lowest);
  SSL_CTX_set_max_proto_version(context_.get(), highest);
  SSL_CTX_set_cipher_list(context_.get(), "ALL:@SECLEVEL=0");
  SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_OFF);
  for (size_t i = 0; i < chain; ++i) {
    const X509Ptr certificate = NewCertificate(key.get(), static_cast<long>(i) + 1);
    chain_der_.push_back(DerOf(certificate.get()));
    if (i == 0) {
      SSL_CTX_use_certificate(context_.get(), certificate.get());
    } else {
      SSL_CTX_add1_chain_cert(context_.get(), certificate.get());
    }
  }
  SSL_CTX_use_PrivateKey(context_.get(), key.get());
}

FakeTlsServer::FakeTlsServer(const FakeTlsIdentity& identity, std::string greeting,
                             std::vector<std::string> replies)
    : ssl_(SSL_new(identity.context())),
      in_(BIO_new(BIO_s_mem())),
      out_(BIO_new(BIO_s_mem())),
      greeting_(std::move(greeting)),
      replies_(std::move(replies)) {
  SSL_set_bio(ssl_.get(), in_, out_);
  SSL_set_accept_state(ssl_.get());
}

std::string FakeTlsServer::OnBytes(std::string_view bytes) {
  if (bytes.empty()) return {};
  if (said_ < replies_.size()) return replies_[said_++];
  ERR_clear_error();
  BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
  if (SSL_do_handshake(ssl_.get()) == 1) {
    char ignored[16];
    SSL_read(ssl_.get(), ignored, sizeof ignored);  // takes in the close_notify
  }
  char* out = nullptr;
  const long size = BIO_get_mem_data(out_, &out);
  std::string answer(out, static_cast<size_t>(size));
  BIO_reset(out_);
  ERR_clear_error();
  return answer;
}

bool FakeTlsServer::saw_close_notify() const {
  return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

}  // namespace hark

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

int StapleResponse(SSL* ssl, void* /*unused*/) {
  constexpr size_t kSize = 3;
  auto* response = static_cast<unsigned char*>(OPENSSL_zalloc(kSize));  // freed by OpenSSL
  SSL_set_tlsext_status_ocsp_resp(ssl, response, kSize);
  return SSL_TLSEXT_ERR_OK;
}

int ChooseHttp(SSL* /*ssl*/, const unsigned char** out, unsigned char* size,
               const unsigned char* /*offered*/, unsigned int /*offered_size*/, void* /*unused*/) {
  static constexpr unsigned char kHttp[] = "http/1.1";
  *out = kHttp;
  *size = sizeof kHttp - 1;
  return SSL_TLSEXT_ERR_OK;
}

int AddScts(SSL* /*ssl*/, unsigned int /*type*/, unsigned int /*context*/,
            const unsigned char** out, size_t* size, X509* /*certificate*/, size_t index,
            int* /*alert*/, void* /*unused*/) {
  static constexpr unsigned char kScts[] = "\x00\x02\x00";
  *out = kScts;
  *size = sizeof kScts;
  return index == 0 ? 1 : 0;
}

int TakeScts(SSL* /*ssl*/, unsigned int /*type*/, unsigned int /*context*/,
             const unsigned char* /*in*/, size_t /*size*/, X509* /*certificate*/, size_t /*index*/,
             int* /*alert*/, void* /*unused*/) {
  return 1;
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

void FakeTlsIdentity::AddLeaf(const std::string& algorithm) {
  const EvpPkeyPtr key = NewKey(algorithm);
  const X509Ptr certificate = NewCertificate(key.get(), 77);
  other_leaf_der_ = DerOf(certificate.get());
  SSL_CTX_use_certificate(context_.get(), certificate.get());
  SSL_CTX_use_PrivateKey(context_.get(), key.get());
}

void FakeTlsIdentity::ShowEverything() {
  // SSL_CTX_set_tlsext_status_cb, a macro with an old-style cast, by hand.
  SSL_CTX_callback_ctrl(context_.get(), SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB,
                        reinterpret_cast<void (*)()>(&StapleResponse));
  SSL_CTX_set_alpn_select_cb(context_.get(), &ChooseHttp, nullptr);
  constexpr unsigned int kWhere =
      SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO | SSL_EXT_TLS1_3_CERTIFICATE;
  SSL_CTX_add_custom_ext(context_.get(), TLSEXT_TYPE_signed_certificate_timestamp, kWhere, &AddScts,
                         nullptr, nullptr, &TakeScts, nullptr);
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
  if (SSL_do_handshake(ssl_.get()) == 1) Listen();
  char* out = nullptr;
  const long size = BIO_get_mem_data(out_, &out);
  std::string answer(out, static_cast<size_t>(size));
  BIO_reset(out_);
  ERR_clear_error();
  return answer;
}

void FakeTlsServer::AnswerWith(std::string answer, size_t piece, bool closes) {
  answer_ = std::move(answer);
  piece_ = piece;
  closes_ = closes;
}

// Takes in the question, or the close_notify.
void FakeTlsServer::Listen() {
  char bytes[4096];
  const int size = SSL_read(ssl_.get(), bytes, sizeof bytes);
  if (size <= 0) return;
  question_.append(bytes, static_cast<size_t>(size));
  for (size_t at = 0; at < answer_.size(); at += piece_) {
    const std::string piece = answer_.substr(at, piece_);
    SSL_write(ssl_.get(), piece.data(), static_cast<int>(piece.size()));
  }
  if (closes_) SSL_shutdown(ssl_.get());
}

bool FakeTlsServer::saw_close_notify() const {
  return (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

}  // namespace hark

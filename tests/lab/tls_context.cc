#include "tests/lab/tls_context.h"

#include <cstring>
#include <string_view>

#include "base/bytes.h"
#include "base/log.h"

namespace hark::lab {
namespace {

constexpr std::string_view kHttp11("\x08http/1.1", 9);
constexpr unsigned kSctExtension = 18;  // signed_certificate_timestamp, RFC 6962 §3.3.1

// A list with one SCT of version 1 (RFC 6962 §3.2, §3.3). Its signature is none: who wants to know
// whether SCTs are there does not verify them.
std::string MakeSctList() {
  ByteWriter sct;
  sct.U8(0);                        // version 1
  sct.Bytes(std::string(32, 'l'));  // log id
  sct.U64(1'514'764'800'000);       // 2018-01-01
  sct.U16(0);                       // no extensions
  sct.U16(0x0403);                  // ECDSA with SHA-256
  sct.U16(8);                       // of signature:
  sct.Bytes("\x30\x06\x02\x01\x01\x02\x01\x01");
  ByteWriter list;
  list.U16(static_cast<uint16_t>(sct.size() + 2));
  list.U16(static_cast<uint16_t>(sct.size()));
  list.Bytes(sct.str());
  return list.Take();
}

const std::string& SctList() {
  static const std::string* const kList = new std::string(MakeSctList());
  return *kList;
}

const TlsContext::Plan& PlanOf(const SSL* ssl) {
  return *static_cast<const TlsContext::Plan*>(SSL_get_app_data(ssl));
}

int Staple(SSL* ssl, void*) {
  const std::string& response = PlanOf(ssl).credentials->ocsp;
  if (response.empty()) return SSL_TLSEXT_ERR_NOACK;
  auto* copy = static_cast<unsigned char*>(OPENSSL_malloc(response.size()));
  std::memcpy(copy, response.data(), response.size());
  SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(response.size()));
  return SSL_TLSEXT_ERR_OK;
}

int AddSct(SSL* ssl, unsigned, unsigned, const unsigned char** out, size_t* size, X509*,
           size_t chain_index, int*, void*) {
  // Under TLS 1.3 the extension may stand at every certificate; only the leaf's is asked for.
  if (!PlanOf(ssl).service->sct || chain_index != 0) return 0;
  *out = reinterpret_cast<const unsigned char*>(SctList().data());
  *size = SctList().size();
  return 1;
}

int AcceptSct(SSL*, unsigned, unsigned, const unsigned char*, size_t, X509*, size_t, int*, void*) {
  return 1;
}

int ChooseProtocol(SSL* ssl, const unsigned char** out, unsigned char* size,
                   const unsigned char* offered, unsigned offered_size, void*) {
  if (!PlanOf(ssl).service->alpn) return SSL_TLSEXT_ERR_NOACK;
  unsigned char* chosen = nullptr;
  const int found =
      SSL_select_next_proto(&chosen, size, reinterpret_cast<const unsigned char*>(kHttp11.data()),
                            static_cast<unsigned>(kHttp11.size()), offered, offered_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

bool AddCallbacks(SSL_CTX* context) {
  SSL_CTX_set_alpn_select_cb(context, ChooseProtocol, nullptr);
  constexpr unsigned kWhere =
      SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO | SSL_EXT_TLS1_3_CERTIFICATE;
  return SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB,
                               reinterpret_cast<void (*)()>(Staple)) == 1 &&
         SSL_CTX_add_custom_ext(context, kSctExtension, kWhere, AddSct, nullptr, nullptr, AcceptSct,
                                nullptr) == 1;
}

}  // namespace

Result<std::unique_ptr<TlsContext>> TlsContext::Make() {
  auto out = std::make_unique<TlsContext>();
  out->context_.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* context = out->context_.get();
  // Level 0 and "ALL" are the point: the lab plays servers of 2005 as well. Debian's defaults
  // (level 2, TLS 1.2) would refuse them; anonymous and null suites stay out.
  if (context == nullptr ||
      SSL_CTX_set_cipher_list(context, "ALL:!aNULL:!eNULL:@SECLEVEL=0") != 1 ||
      SSL_CTX_set_min_proto_version(context, kTls10) != 1 || !AddCallbacks(context)) {
    return Internal("OpenSSL has no TLS server for us");
  }
  SSL_CTX_set_dh_auto(context, 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_num_tickets(context, 0);
  // A chain is what the port line says, never what OpenSSL could find.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  return out;
}

SslPtr TlsContext::NewServer(const Plan& plan) const {
  SslPtr ssl(SSL_new(context_.get()));
  HARK_CHECK(ssl != nullptr);
  const Service& service = *plan.service;
  SSL_set_app_data(ssl.get(), const_cast<Plan*>(&plan));
  SSL_set_min_proto_version(ssl.get(), service.tls_min);
  SSL_set_max_proto_version(ssl.get(), service.tls_max);
  for (const Credential& leaf : plan.credentials->leaves) {
    HARK_CHECK(SSL_use_cert_and_key(ssl.get(), leaf.leaf, leaf.key, leaf.chain.get(), 1) == 1);
  }
  if (service.tickets) {
    SSL_clear_options(ssl.get(), SSL_OP_NO_TICKET);
    SSL_set_num_tickets(ssl.get(), 2);
  }
  SSL_set_accept_state(ssl.get());
  return ssl;
}

}  // namespace hark::lab

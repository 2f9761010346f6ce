#include "api/tls_session.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>

#include "base/strings.h"

namespace hark {
namespace {

constexpr size_t kRecordBytes = 16 * 1024;

std::string TakeAll(BIO* bio) {
  std::string out(BIO_ctrl_pending(bio), '\0');
  if (out.empty()) return out;
  const int n = BIO_read(bio, out.data(), static_cast<int>(out.size()));
  out.resize(n > 0 ? static_cast<size_t>(n) : 0);
  return out;
}

Status TlsError(const std::string& what) {
  char text[256] = "";
  const unsigned long code = ERR_get_error();
  if (code != 0) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return InvalidInput(StrCat(what, text[0] != 0 ? ": " : "", text));
}

}  // namespace

struct TlsIdentity::Parts {
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context{SSL_CTX_new(TLS_server_method()),
                                                       SSL_CTX_free};
};

TlsIdentity::TlsIdentity(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
TlsIdentity::~TlsIdentity() = default;

Result<std::shared_ptr<TlsIdentity>> TlsIdentity::Load(const std::string& certificate_file,
                                                       const std::string& key_file) {
  auto parts = std::make_unique<Parts>();
  SSL_CTX* context = parts->context.get();
  if (context == nullptr) return Internal("TLS: no memory");
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(
      context, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);  // 34 kB an idle connection less
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1) {
    return TlsError(StrCat("no certificate chain in ", EscapeForDisplay(certificate_file)));
  }
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return TlsError(StrCat("no private key in ", EscapeForDisplay(key_file)));
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    return TlsError("the private key is not the certificate's");
  }
  return std::shared_ptr<TlsIdentity>(new TlsIdentity(std::move(parts)));
}

struct TlsSession::Parts {
  std::unique_ptr<SSL, void (*)(SSL*)> ssl{nullptr, SSL_free};
  BIO* in = nullptr;  // both the SSL's
  BIO* out = nullptr;
};

TlsSession::TlsSession(std::shared_ptr<TlsIdentity> identity)
    : identity_(std::move(identity)), parts_(std::make_unique<Parts>()) {
  parts_->ssl.reset(SSL_new(identity_->parts_->context.get()));
  parts_->in = BIO_new(BIO_s_mem());
  parts_->out = BIO_new(BIO_s_mem());
  SSL_set_bio(parts_->ssl.get(), parts_->in, parts_->out);
  SSL_set_accept_state(parts_->ssl.get());
}

TlsSession::~TlsSession() = default;

// Handshake and reading are one: SSL_read does whichever is due.
bool TlsSession::Drain() {
  std::array<char, kRecordBytes> room;
  for (;;) {
    ERR_clear_error();
    const int n = SSL_read(parts_->ssl.get(), room.data(), static_cast<int>(room.size()));
    if (n > 0) {
      plain_.append(room.data(), static_cast<size_t>(n));
      continue;
    }
    const int error = SSL_get_error(parts_->ssl.get(), n);
    ERR_clear_error();
    return error == SSL_ERROR_WANT_READ;
  }
}

bool TlsSession::Receive(std::string_view bytes) {
  BIO_write(parts_->in, bytes.data(), static_cast<int>(bytes.size()));
  return Drain();
}

std::string TlsSession::TakePlain() {
  return std::exchange(plain_, {});
}

bool TlsSession::Send(std::string_view plain) {
  if (plain.empty()) return true;
  ERR_clear_error();
  const int n = SSL_write(parts_->ssl.get(), plain.data(), static_cast<int>(plain.size()));
  ERR_clear_error();
  return n == static_cast<int>(plain.size());
}

void TlsSession::Close() {
  SSL_shutdown(parts_->ssl.get());
  ERR_clear_error();
}

std::string TlsSession::TakeOutput() {
  return TakeAll(parts_->out);
}

}  // namespace hark

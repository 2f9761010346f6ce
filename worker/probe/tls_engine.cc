#include "worker/probe/tls_engine.h"

#include <openssl/err.h>

#include "base/bytes.h"
#include "base/strings.h"
#include "keys/certificate.h"
#include "worker/probe/limits.h"

namespace hark {
namespace {

constexpr uint8_t kAlertRecord = 0x15;
constexpr uint8_t kHandshakeRecord = 0x16;
constexpr uint8_t kFatal = 2;
constexpr uint8_t kServerHello = 2;  // RFC 8446 §4
constexpr uint8_t kCertificate = 11;
constexpr uint16_t kSupportedVersions = 43;
constexpr size_t kRandomBytes = 32;

// A ServerHello of TLS 1.3 says 1.2 in its version field and the truth in an extension.
uint16_t TrueVersion(uint16_t version, ByteReader& extensions) {
  while (extensions.ok() && !extensions.empty()) {
    const uint16_t type = extensions.U16();
    const std::string_view body = extensions.Bytes(extensions.U16());
    if (type == kSupportedVersions && body.size() == 2) return ByteReader(body).U16();
  }
  return version;
}

TlsEngine::State StateOf(int reason) {
  switch (reason) {
    case SSL_R_EXCESSIVE_MESSAGE_SIZE:
      return TlsEngine::State::kTooLong;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_UNKNOWN_SSL_VERSION:
    case SSL_R_WRONG_CIPHER_RETURNED:
    case SSL_R_UNKNOWN_CIPHER_RETURNED:
    case SSL_R_WRONG_CURVE:
    case SSL_R_WRONG_SIGNATURE_TYPE:
    case SSL_R_DH_KEY_TOO_SMALL:
      return TlsEngine::State::kNoCommon;
    case ERR_R_MALLOC_FAILURE:
    case ERR_R_INTERNAL_ERROR:
      return TlsEngine::State::kLocalFault;
    default:
      // OpenSSL reports an alert received as 1000 plus its code.
      return reason >= SSL_AD_REASON_OFFSET ? TlsEngine::State::kAlert : TlsEngine::State::kBroken;
  }
}

}  // namespace

void TlsEngine::Start(SSL_CTX* context) {
  ERR_clear_error();
  ssl_.reset(context == nullptr ? nullptr : SSL_new(context));
  in_ = BIO_new(BIO_s_mem());
  out_ = BIO_new(BIO_s_mem());
  if (!ssl_ || in_ == nullptr || out_ == nullptr) {
    BIO_free(in_);
    BIO_free(out_);
    in_ = out_ = nullptr;
    ssl_.reset();
    state_ = State::kLocalFault;
    return;
  }
  SSL_set_bio(ssl_.get(), in_, out_);
  SSL_set_connect_state(ssl_.get());
  SSL_set_msg_callback(ssl_.get(), &TlsEngine::OnMessage);
  SSL_set_msg_callback_arg(ssl_.get(), this);
  Advance();
}

void TlsEngine::Feed(std::string_view bytes) {
  if (state_ != State::kHandshaking || !LooksLikeTls(bytes)) return;
  const size_t room = kMaxTlsBytes - received_;
  const bool too_many = bytes.size() > room;
  bytes = bytes.substr(0, room);
  received_ += bytes.size();
  ERR_clear_error();
  if (BIO_write(in_, bytes.data(), static_cast<int>(bytes.size())) !=
      static_cast<int>(bytes.size())) {
    state_ = State::kLocalFault;
    return;
  }
  Advance();
  if (too_many && state_ == State::kHandshaking) {
    state_ = State::kTooLong;
    detail_ = "too many bytes before the handshake was done";
  }
}

// The first two bytes of an answer tell TLS from everything else; OpenSSL would wait for five and
// name the error after what it guesses.
bool TlsEngine::LooksLikeTls(std::string_view bytes) {
  for (size_t i = 0; i < bytes.size() && received_ + i < 2; ++i) {
    const uint8_t byte = static_cast<uint8_t>(bytes[i]);
    const bool right =
        received_ + i == 0 ? byte == kHandshakeRecord || byte == kAlertRecord : byte == 3;
    if (right) continue;
    state_ = State::kNotTls;
    return false;
  }
  return true;
}

void TlsEngine::Advance() {
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    Complete();
  } else if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) {
    Fail();
  }
}

void TlsEngine::Complete() {
  state_ = State::kDone;
  stage_ = Stage::kDone;
  // A finished handshake proves possession in every version: by a signature over it, or (RSA key
  // exchange) by a Finished nobody else could compute.
  facts_.proof = Proof::kVerified;
  facts_.version = static_cast<uint16_t>(SSL_version(ssl_.get()));
  RecordGroup();
  SSL_shutdown(ssl_.get());
}

void TlsEngine::Fail() {
  const unsigned long error = ERR_peek_error();
  const int reason = ERR_GET_REASON(error);
  state_ = StateOf(reason);
  const char* text = ERR_reason_error_string(error);
  detail_ = text != nullptr ? text : "handshake failed";
  if (reason == SSL_R_BAD_SIGNATURE || reason == SSL_R_DIGEST_CHECK_FAILED) {
    facts_.proof = Proof::kBad;
  }
  ERR_clear_error();
}

std::string TlsEngine::TakeOutput() {
  if (!ssl_) return {};
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out_, &bytes);
  std::string out(bytes, size > 0 ? static_cast<size_t>(size) : 0);
  BIO_reset(out_);
  return out;
}

void TlsEngine::OnMessage(int is_write, int /*version*/, int content_type, const void* bytes,
                          size_t size, SSL* /*ssl*/, void* self) {
  if (is_write != 0) return;
  auto* engine = static_cast<TlsEngine*>(self);
  std::string_view message(static_cast<const char*>(bytes), size);
  if (content_type == SSL3_RT_ALERT && size == 2 && message[0] == char{kFatal}) {
    engine->facts_.alert = static_cast<uint8_t>(message[1]);
  }
  if (content_type != SSL3_RT_HANDSHAKE || size < 4) return;
  const uint8_t type = static_cast<uint8_t>(message[0]);
  message.remove_prefix(4);  // type and length
  if (type == kServerHello) engine->ReadServerHello(message);
  if (type == kCertificate) engine->ReadCertificates(message);
}

void TlsEngine::ReadServerHello(std::string_view body) {
  ByteReader reader(body);
  const uint16_t version = reader.U16();
  reader.Bytes(kRandomBytes);
  reader.Bytes(reader.U8());  // session id
  const uint16_t suite = reader.U16();
  reader.U8();  // compression
  if (!reader.ok()) return;
  ByteReader extensions(reader.Bytes(reader.U16()));
  facts_.version = TrueVersion(version, extensions);
  facts_.cipher_suite = suite;
  stage_ = Stage::kKeyExchange;
}

void TlsEngine::ReadCertificates(std::string_view body) {
  constexpr uint16_t kTls13 = 0x0304;
  const bool tls13 = facts_.version >= kTls13;
  ByteReader reader(body);
  if (tls13) reader.Bytes(reader.U8());  // request context, empty
  ByteReader list(reader.Bytes(reader.U24()));
  stage_ = Stage::kCertificate;
  while (list.ok() && !list.empty() && facts_.chain.size() < kMaxTlsChain) {
    const std::string_view certificate = list.Bytes(list.U24());
    if (tls13) list.Bytes(list.U16());  // extensions of the entry
    // Bigger ones are cut from the facts but not from the handshake, which may still succeed.
    if (list.ok() && certificate.size() <= kMaxCertificate) facts_.chain.emplace_back(certificate);
  }
}

void TlsEngine::RecordGroup() {
  const int group = SSL_get_negotiated_group(ssl_.get());
  const char* name = group == NID_undef ? nullptr : SSL_group_to_name(ssl_.get(), group);
  if (name != nullptr) {
    facts_.group = name;
    return;
  }
  EVP_PKEY* raw = nullptr;
  if (SSL_get_peer_tmp_key(ssl_.get(), &raw) != 1) return;  // RSA key exchange has none
  const EvpPkeyPtr key(raw);
  char curve[64];
  size_t length = 0;
  if (EVP_PKEY_is_a(raw, "DH") == 1) {
    facts_.group = StrCat("dh", EVP_PKEY_get_bits(raw));
  } else if (EVP_PKEY_get_group_name(raw, curve, sizeof curve, &length) == 1) {
    facts_.group.assign(curve, length);
  } else if (const char* type = EVP_PKEY_get0_type_name(raw)) {
    facts_.group = type;
  }
}

}  // namespace hark

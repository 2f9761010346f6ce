#include "worker/probe/tls_engine.h"

#include <openssl/err.h>
#include <sys/mman.h>

#include "base/bytes.h"
#include "worker/probe/limits.h"

namespace hark {
namespace {

// The first error of OpenSSL's TLS code says what ended the handshake. Certificates, signatures and
// numbers leave errors of other libraries before it, whose reasons share its numbers: 123 is both a
// bad signature and an ASN.1 header that is too long.
int TakeTlsReason() {
  for (unsigned long error = ERR_get_error(); error != 0; error = ERR_get_error()) {
    if (ERR_GET_LIB(error) == ERR_LIB_SSL) return ERR_GET_REASON(error);
  }
  return 0;
}

TlsTalk::State StateOf(int reason) {
  switch (reason) {
    case SSL_R_EXCESSIVE_MESSAGE_SIZE:
      return TlsTalk::State::kTooLong;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
    case SSL_R_UNKNOWN_SSL_VERSION:
    case SSL_R_WRONG_CIPHER_RETURNED:
    case SSL_R_UNKNOWN_CIPHER_RETURNED:
    case SSL_R_WRONG_CURVE:
    case SSL_R_WRONG_SIGNATURE_TYPE:
    case SSL_R_DH_KEY_TOO_SMALL:
      return TlsTalk::State::kNoCommon;
    case ERR_R_MALLOC_FAILURE:
    case ERR_R_INTERNAL_ERROR:
      return TlsTalk::State::kLocalFault;
    default:
      // OpenSSL reports an alert received as 1000 plus its code.
      return reason >= SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + 255
                 ? TlsTalk::State::kAlert
                 : TlsTalk::State::kBroken;
  }
}

// How many bytes at the front are records to their end; all, from one on that no record can be.
// OpenSSL would hold 16 KiB for each record that is not whole yet, we hold what has come.
size_t WholeRecords(std::string_view bytes) {
  size_t whole = 0;
  for (ByteReader reader(bytes); true; whole = bytes.size() - reader.remaining()) {
    reader.Bytes(3);  // type, version
    const size_t size = reader.U16();
    if (reader.ok() && size > kMaxTlsRecord) return bytes.size();
    reader.Bytes(size);
    if (!reader.ok()) return whole;
  }
}

// OpenSSL 3.0 holds a message buffer of 21 KiB until the handshake is done, zeroed and thereby
// resident, of which a ClientHello fills 400 bytes. With ten thousand servers that take their time
// that is most of our memory, so the whole pages behind the hello go back to the kernel, which
// gives them anew, as zeros again, when the answer needs them.
void GiveBackPagesBehindHello(const void* message, size_t size) {
  constexpr unsigned long kRead = 0x300;  // the version whose buffer we know (major and minor)
  constexpr uintptr_t kPage = 4096;
  constexpr uintptr_t kBuffer = (SSL3_RT_MAX_PLAIN_LENGTH + 3) / 3 * 4;  // BUF_MEM_grow's way
  if (OpenSSL_version_num() >> 20 != kRead || size >= kBuffer) return;
  const auto start = reinterpret_cast<uintptr_t>(message);
  const uintptr_t from = (start + size + kPage - 1) / kPage * kPage;
  const uintptr_t to = (start + kBuffer) / kPage * kPage;
  if (from < to) madvise(reinterpret_cast<void*>(from), to - from, MADV_DONTNEED);
}

}  // namespace

TlsEngine::TlsEngine(const Settings& settings) : settings_(settings) {
  facts_.legacy_pass = settings.legacy;
}

void TlsEngine::Start() {
  ERR_clear_error();
  if (!NewSsl()) {
    Fail(State::kLocalFault, "no TLS client to be had");
    return;
  }
  Advance();
}

bool TlsEngine::NewSsl() {
  ssl_.reset(settings_.context == nullptr ? nullptr : SSL_new(settings_.context));
  in_ = BIO_new(BIO_s_mem());
  out_ = BIO_new(BIO_s_mem());
  if (!ssl_ || in_ == nullptr || out_ == nullptr) {
    BIO_free(in_);
    BIO_free(out_);
    in_ = out_ = nullptr;
    ssl_.reset();
    return false;
  }
  SSL_set_bio(ssl_.get(), in_, out_);
  SSL_set_connect_state(ssl_.get());
  SSL_set_msg_callback(ssl_.get(), &TlsEngine::OnMessage);
  SSL_set_msg_callback_arg(ssl_.get(), this);
  if (settings_.stop_at_certificate) SSL_set_app_data(ssl_.get(), this);  // see TlsContexts::Get
  constexpr unsigned char kHttp[] = "\x08http/1.1";
  // 0 is success for this one alone.
  return !settings_.offer_http || SSL_set_alpn_protos(ssl_.get(), kHttp, sizeof kHttp - 1) == 0;
}

void TlsEngine::Feed(std::string_view bytes) {
  if (state_ != State::kHandshaking && state_ != State::kOpen) return;
  const std::string_view admitted = Admit(bytes);
  if (state_ == State::kNotTls) return;
  ERR_clear_error();
  pending_ += admitted;
  const size_t whole = WholeRecords(pending_);
  if (whole > 0) {
    const int size = static_cast<int>(whole);
    if (BIO_write(in_, pending_.data(), size) != size) {
      Fail(State::kLocalFault, "out of memory");
      return;
    }
    pending_ = pending_.substr(whole);
    if (state_ == State::kHandshaking) Advance();
  }
  if (admitted.size() < bytes.size() && state_ == State::kHandshaking) {
    Fail(State::kTooLong, "too many bytes before the handshake was done");
  }
}

void TlsEngine::FeedAfterword(std::string_view bytes) {
  if (state_ != State::kDone || facts_.stopped_at_certificate) return;
  if (facts_.version != TLS1_3_VERSION) return;
  pending_ += Admit(bytes);
  // A record at a time, for a ticket costs two hashes and one is enough to know.
  while (!facts_.session_ticket && pending_.size() >= SSL3_RT_HEADER_LENGTH) {
    const size_t size = SSL3_RT_HEADER_LENGTH + ByteReader(pending_.substr(3)).U16();
    if (pending_.size() < size) return;
    char unread[1024];
    BIO_write(in_, pending_.data(), static_cast<int>(size));
    pending_.erase(0, size);
    ERR_clear_error();
    while (SSL_read(ssl_.get(), unread, sizeof unread) > 0) {
    }
    ERR_clear_error();
  }
}

void TlsEngine::Advance() {
  const int result = SSL_do_handshake(ssl_.get());
  if (result == 1) {
    Complete();
    return;
  }
  const int why = SSL_get_error(ssl_.get(), result);
  if (why == SSL_ERROR_WANT_RETRY_VERIFY ||
      (settings_.stop_at_certificate && !facts_.chain.empty())) {
    StopAtCertificate();
  } else if (why != SSL_ERROR_WANT_READ) {
    TakeFault();
  }
}

void TlsEngine::Complete() {
  complete_ = true;
  // A finished handshake proves possession in every version: by a signature over it, or (RSA key
  // exchange) by a Finished nobody else could compute.
  facts_.proof = Proof::kVerified;
  facts_.version = static_cast<uint16_t>(SSL_version(ssl_.get()));
  state_ = State::kOpen;
  if (settings_.stay_open) return;
  if (!settings_.goodbye.empty()) Say(settings_.goodbye);
  if (state_ == State::kOpen) Close();
}

// Nothing is encrypted towards the server yet in any version, so the goodbye is in plain. OpenSSL
// sends none before the handshake is done; its alert about what OnMessage did is not for the
// server.
void TlsEngine::StopAtCertificate() {
  BIO_reset(out_);
  ERR_clear_error();
  complete_ = true;
  facts_.stopped_at_certificate = true;
  state_ = State::kDone;
  ByteWriter close_notify;
  close_notify.U8(SSL3_RT_ALERT);
  close_notify.U16(facts_.version > TLS1_2_VERSION ? TLS1_2_VERSION : facts_.version);
  close_notify.U16(2);
  close_notify.U8(SSL3_AL_WARNING);
  close_notify.U8(SSL_AD_CLOSE_NOTIFY);
  goodbye_ = close_notify.Take();
}

void TlsEngine::TakeFault() {
  const unsigned long first = ERR_peek_error();
  const char* text = ERR_reason_error_string(first);
  const int reason = TakeTlsReason();
  // A library that was given what no key exchange can take is an "internal error" to the code
  // above.
  const bool provoked = reason == ERR_R_INTERNAL_ERROR && ERR_GET_LIB(first) != ERR_LIB_SSL;
  Fail(provoked ? State::kBroken : StateOf(reason), text != nullptr ? text : "handshake failed");
  // TLS 1.3 takes an alert as fatal whatever level it bears (RFC 8446 §6).
  if (state_ == State::kAlert && !facts_.alert) {
    facts_.alert = static_cast<uint8_t>(reason - SSL_AD_REASON_OFFSET);
  }
  if (reason == SSL_R_BAD_SIGNATURE || reason == SSL_R_DIGEST_CHECK_FAILED) {
    facts_.proof = Proof::kBad;
  }
  ERR_clear_error();
}

void TlsEngine::Say(std::string_view text) {
  ERR_clear_error();
  if (SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) !=
      static_cast<int>(text.size())) {
    TakeFault();
  }
}

std::string TlsEngine::TakeData() {
  if (state_ != State::kOpen) return {};
  ERR_clear_error();
  char bytes[4096];
  const int size = SSL_read(ssl_.get(), bytes, sizeof bytes);
  if (size > 0) return {bytes, static_cast<size_t>(size)};
  const int why = SSL_get_error(ssl_.get(), size);
  if (why == SSL_ERROR_ZERO_RETURN) {
    Close();
  } else if (why != SSL_ERROR_WANT_READ) {
    TakeFault();
  } else if (received_ == kMaxTlsBytes) {
    Fail(State::kTooLong, "too many bytes in one connection");
  }
  return {};
}

void TlsEngine::Close() {
  state_ = State::kDone;
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

std::string TlsEngine::TakeOutput() {
  if (!ssl_) return {};
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out_, &bytes);
  std::string out(bytes, size > 0 ? static_cast<size_t>(size) : 0);
  BIO_reset(out_);
  out += goodbye_;
  goodbye_.clear();
  return out;
}

Stage TlsEngine::stage() const {
  return complete_ ? Stage::kDone : messages_.stage();
}

void TlsEngine::OnMessage(int is_write, int /*version*/, int content_type, const void* bytes,
                          size_t size, SSL* /*ssl*/, void* self) {
  if (is_write != 0) {
    const bool hello = content_type == SSL3_RT_HANDSHAKE && size > 0 &&
                       *static_cast<const uint8_t*>(bytes) == SSL3_MT_CLIENT_HELLO;
    if (hello) GiveBackPagesBehindHello(bytes, size);
    return;
  }
  auto* engine = static_cast<TlsEngine*>(self);
  std::string_view message(static_cast<const char*>(bytes), size);
  // How it answers our goodbye is no fact of the handshake.
  if (content_type == SSL3_RT_ALERT && size == 2 && engine->state_ != State::kDone) {
    engine->messages_.OnAlert(static_cast<uint8_t>(message[0]), static_cast<uint8_t>(message[1]));
  }
  if (content_type != SSL3_RT_HANDSHAKE || size < 4) return;
  const uint8_t type = static_cast<uint8_t>(message[0]);
  if (engine->state_ == State::kDone && type != SSL3_MT_NEWSESSION_TICKET) return;
  engine->messages_.OnHandshake(type, message.substr(4));  // behind type and length
  // There is no other way to make OpenSSL stop here, and parsing the chain is most of what the
  // handshake costs: a list that cannot be one ends it before the first certificate. Should the
  // write come to nothing one day, the verify callback of TlsContexts stops it right behind.
  if (type == SSL3_MT_CERTIFICATE && engine->settings_.stop_at_certificate &&
      !engine->facts_.chain.empty()) {
    static_cast<char*>(const_cast<void*>(bytes))[4] = '\x7f';
  }
}

}  // namespace hark

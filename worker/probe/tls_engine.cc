#include "worker/probe/tls_engine.h"

#include <openssl/err.h>

#include <utility>

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

// Steps of RepeatableRandom. A handshake draws at two points only: for the hello, and for its
// answer to the server's flight (or, by HelloRetryRequest, for a second hello, and then no more).
constexpr uint32_t kHelloStep = 0;
constexpr uint32_t kAnswerStep = 1;  // whatever is said later has one of its own each

constexpr char kTooMany[] = "too many bytes in one connection";
constexpr char kNotTheSame[] = "the connection could not be taken up again";

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
  Advance(kHelloStep);
}

bool TlsEngine::Draw(uint32_t step) {
  const size_t size = step == kHelloStep ? kHelloRandomBytes
                      : settings_.legacy ? kLegacyRandomBytes
                                         : kModernRandomBytes;
  return random_.Use(step, size);
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
  heard_ += admitted;
  const std::string_view fresh = std::string_view(heard_).substr(given_);
  const size_t whole = WholeRecords(fresh);
  if (whole > 0) {
    if (!Wake() || !Give(fresh.substr(0, whole))) {
      Fail(State::kLocalFault, kNotTheSame);
      return;
    }
    given_ += whole;
    if (state_ == State::kHandshaking) Advance(kAnswerStep);
  }
  if (admitted.size() < bytes.size() && state_ == State::kHandshaking) {
    Fail(State::kTooLong, "too many bytes before the handshake was done");
  }
}

bool TlsEngine::Give(std::string_view records) {
  const int size = static_cast<int>(records.size());
  return BIO_write(in_, records.data(), size) == size;
}

void TlsEngine::Rest() {
  if (!ssl_ || (state_ != State::kHandshaking && state_ != State::kOpen)) return;
  const bool idle =
      BIO_pending(out_) == 0 && BIO_pending(in_) == 0 && SSL_has_pending(ssl_.get()) == 0;
  if (!idle || rests_ == kMaxTlsRests) return;
  ++rests_;
  resting_ = true;
  ssl_.reset();
  in_ = out_ = nullptr;
  heard_.shrink_to_fit();
}

// Leads a new SSL to where the one before it was put away. What it says was said then.
bool TlsEngine::Wake() {
  if (!resting_) return ssl_ != nullptr;
  resting_ = false;
  making_up_ = true;
  const bool same = NewSsl() && RepeatHandshake() && RepeatTalk();
  making_up_ = false;
  if (ssl_) BIO_reset(out_);
  ERR_clear_error();
  return same;
}

bool TlsEngine::RepeatHandshake() {
  int result = Draw(kHelloStep) ? SSL_do_handshake(ssl_.get()) : 0;
  if (given_ > 0) {
    const bool told = Give(std::string_view(heard_).substr(0, given_)) && Draw(kAnswerStep);
    result = told ? SSL_do_handshake(ssl_.get()) : 0;
  }
  return state_ == State::kOpen ? result == 1 : result < 0 && SSL_want_read(ssl_.get());
}

bool TlsEngine::RepeatTalk() {
  if (state_ != State::kOpen) return true;
  for (size_t i = 0; i < said_.size(); ++i) {
    if (!Draw(kAnswerStep + 1 + static_cast<uint32_t>(i)) || !Write(said_[i])) return false;
  }
  char bytes[4096];
  int size = 0;
  while ((size = SSL_read(ssl_.get(), bytes, sizeof bytes)) > 0) {
  }
  return SSL_get_error(ssl_.get(), size) == SSL_ERROR_WANT_READ;
}

void TlsEngine::FeedAfterword(std::string_view bytes) {
  if (state_ != State::kDone || facts_.stopped_at_certificate) return;
  if (facts_.version != TLS1_3_VERSION) return;
  heard_ += Admit(bytes);
  // A record at a time, for a ticket costs two hashes and one is enough to know.
  while (!facts_.session_ticket && heard_.size() - given_ >= SSL3_RT_HEADER_LENGTH) {
    const std::string_view fresh = std::string_view(heard_).substr(given_);
    const size_t size = SSL3_RT_HEADER_LENGTH + ByteReader(fresh.substr(3)).U16();
    if (fresh.size() < size) return;
    given_ += size;
    if (!Give(fresh.substr(0, size))) return;
    char unread[1024];
    ERR_clear_error();
    while (SSL_read(ssl_.get(), unread, sizeof unread) > 0) {
    }
    ERR_clear_error();
  }
}

void TlsEngine::Advance(uint32_t step) {
  if (!Draw(step)) {
    Fail(State::kLocalFault, "no randomness to be had");
    return;
  }
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

bool TlsEngine::Write(std::string_view text) {
  const int size = static_cast<int>(text.size());
  return SSL_write(ssl_.get(), text.data(), size) == size;
}

void TlsEngine::Say(std::string_view text) {
  ERR_clear_error();
  if (!Wake()) {
    Fail(State::kLocalFault, kNotTheSame);
    return;
  }
  said_.emplace_back(text);
  Draw(kAnswerStep + static_cast<uint32_t>(said_.size()));
  if (!Write(text)) TakeFault();
}

std::string TlsEngine::TakeData() {
  if (state_ != State::kOpen) return {};
  ERR_clear_error();
  if (resting_) {  // no record has become whole since
    if (received_ == kMaxTlsBytes) Fail(State::kTooLong, kTooMany);
    return {};
  }
  char bytes[4096];
  const int size = SSL_read(ssl_.get(), bytes, sizeof bytes);
  if (size > 0) return {bytes, static_cast<size_t>(size)};
  const int why = SSL_get_error(ssl_.get(), size);
  if (why == SSL_ERROR_ZERO_RETURN) {
    Close();
  } else if (why != SSL_ERROR_WANT_READ) {
    TakeFault();
  } else if (received_ == kMaxTlsBytes) {
    Fail(State::kTooLong, kTooMany);
  }
  return {};
}

void TlsEngine::Close() {
  const bool awake = Wake();
  state_ = State::kDone;
  if (!awake || !Draw(kAnswerStep + 1 + static_cast<uint32_t>(said_.size()))) return;
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
  auto* engine = static_cast<TlsEngine*>(self);
  if (is_write != 0 || engine->making_up_) return;
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

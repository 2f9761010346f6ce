// phase  | on                          | say                          | next
// clear  | line                        | the dialogue's answer        | clear, or tls, or done
// tls    | records of a handshake      | handshake records            | tls
//        | handshake done, not STARTTLS| greeting, encrypted          | tls
//        | application data            | the dialogue's answers       | tls or done
//        | close_notify                | close_notify, FIN            | done
//        | anything OpenSSL refuses    | its alert, FIN               | done
//
// Bytes after the STARTTLS line in the same flight are dropped, as careful servers do (what came in
// clear must not count as said under TLS, CVE-2011-0411).

#include "tests/lab/tls_server.h"

#include <openssl/err.h>

#include "tests/lab/dialogue.h"

namespace hark::lab {
namespace {

constexpr size_t kMaxLine = 8192;  // HTTP request lines; mail needs 1,000 at most
constexpr size_t kReadChunk = 4096;
// TLS alert record, version 1.0: fatal, handshake_failure (RFC 8446 §6).
constexpr std::string_view kHandshakeFailure("\x15\x03\x01\x00\x02\x02\x28", 7);

bool StartsInTls(Protocol protocol) {
  return protocol == Protocol::kHttps || protocol == Protocol::kImaps ||
         protocol == Protocol::kPop3s || protocol == Protocol::kSmtps;
}

// One TLS connection's server end. Bytes in, bytes out.
class TlsEnd {
 public:
  enum class State { kOpen, kClosed };

  TlsEnd(const Service& service, const KeyStore::Key& key, const TlsContext& context)
      : ssl_(SSL_new(context.get())), in_(BIO_new(BIO_s_mem())), out_(BIO_new(BIO_s_mem())) {
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_min_proto_version(ssl_.get(), service.tls_min);
    SSL_set_max_proto_version(ssl_.get(), service.tls_max);
    SSL_use_certificate(ssl_.get(), key.certificate());
    SSL_use_PrivateKey(ssl_.get(), key.pkey());
    SSL_set_accept_state(ssl_.get());
  }

  bool handshaken() const { return SSL_is_init_finished(ssl_.get()) == 1; }

  // Takes what the client sent; appends what it said under TLS to `clear`.
  State Receive(std::string_view bytes, std::string* clear) {
    ERR_clear_error();
    BIO_write(in_, bytes.data(), static_cast<int>(bytes.size()));
    char buffer[kReadChunk];
    int n = 0;
    while ((n = SSL_read(ssl_.get(), buffer, sizeof buffer)) > 0) {
      clear->append(buffer, static_cast<size_t>(n));
    }
    const int error = SSL_get_error(ssl_.get(), n);
    return error == SSL_ERROR_WANT_READ ? State::kOpen : State::kClosed;
  }

  void Send(std::string_view clear) {
    if (!clear.empty()) SSL_write(ssl_.get(), clear.data(), static_cast<int>(clear.size()));
  }
  void Shutdown() {
    if (handshaken()) SSL_shutdown(ssl_.get());
  }

  // What is to go to the client.
  std::string TakeOutput() {
    std::string out(BIO_ctrl_pending(out_), '\0');
    if (!out.empty()) BIO_read(out_, out.data(), static_cast<int>(out.size()));
    return out;
  }

 private:
  std::unique_ptr<SSL, OpenSslFree<SSL_free>> ssl_;
  BIO* in_;  // both owned by ssl_
  BIO* out_;
};

class TlsService final : public Conversation {
 public:
  TlsService(const Service& service, const KeyStore::Key* key, const TlsContext& context)
      : service_(service), key_(key), context_(context), dialogue_(MakeDialogue(service)) {}

  Turn Start() override {
    if (!StartsInTls(service_.protocol)) return Turn::Say(dialogue_->Greeting());
    greet_under_tls_ = true;
    BeginTls();
    return {};
  }

  Turn OnBytes(std::string_view bytes) override { return tls_begun_ ? Tls(bytes) : Clear(bytes); }

 private:
  // Odd TLS servers never get as far as a TlsEnd.
  void BeginTls() {
    tls_begun_ = true;
    lines_.clear();
    if (key_ != nullptr && service_.behaviour != Behaviour::kTlsAlert &&
        service_.behaviour != Behaviour::kCloseInHello) {
      tls_ = std::make_unique<TlsEnd>(service_, *key_, context_);
    }
  }

  Turn Clear(std::string_view bytes) {
    Turn out;
    const Dialogue::Answer answer = Talk(bytes, false);
    out.send = answer.send;
    if (answer.finish) out.then = Turn::Then::kFinish;
    if (answer.start_tls) BeginTls();
    return out;
  }

  Turn Tls(std::string_view bytes) {
    if (tls_ == nullptr) {
      const bool alert = service_.behaviour == Behaviour::kTlsAlert;
      return Turn::Finish(std::string(alert ? kHandshakeFailure : ""));
    }
    std::string clear;
    const TlsEnd::State state = tls_->Receive(bytes, &clear);
    if (greet_under_tls_ && tls_->handshaken()) {
      greet_under_tls_ = false;
      tls_->Send(dialogue_->Greeting());
    }
    const Dialogue::Answer answer = Talk(clear, true);
    tls_->Send(answer.send);
    const bool over = answer.finish || state == TlsEnd::State::kClosed;
    if (over) tls_->Shutdown();
    Turn out;
    out.send = tls_->TakeOutput();
    if (over) out.then = Turn::Then::kFinish;
    return out;
  }

  // Feeds whole lines to the dialogue until one changes the conversation's course.
  Dialogue::Answer Talk(std::string_view bytes, bool secured) {
    lines_.append(bytes);
    Dialogue::Answer all;
    size_t begin = 0;
    for (size_t end; !all.finish && !all.start_tls; begin = end + 1) {
      end = lines_.find('\n', begin);
      if (end == std::string::npos) break;
      std::string_view line = std::string_view(lines_).substr(begin, end - begin);
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      Dialogue::Answer one = dialogue_->OnLine(line, secured);
      all.send += one.send;
      all.start_tls = one.start_tls;
      all.finish = one.finish;
    }
    lines_.erase(0, begin);
    if (lines_.size() > kMaxLine) all.finish = true;
    return all;
  }

  const Service& service_;
  const KeyStore::Key* key_;
  const TlsContext& context_;
  std::unique_ptr<Dialogue> dialogue_;
  std::unique_ptr<TlsEnd> tls_;
  std::string lines_;  // an unfinished line
  bool tls_begun_ = false;
  bool greet_under_tls_ = false;
};

}  // namespace

Result<std::unique_ptr<TlsContext>> TlsContext::Make() {
  auto out = std::make_unique<TlsContext>();
  out->context_.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* context = out->context_.get();
  // Level 0 and "ALL" are the point: the lab plays servers of 2005 as well. Debian's defaults
  // (level 2, TLS 1.2) would refuse them; anonymous and null suites stay out.
  if (context == nullptr ||
      SSL_CTX_set_cipher_list(context, "ALL:!aNULL:!eNULL:@SECLEVEL=0") != 1 ||
      SSL_CTX_set_min_proto_version(context, kTls10) != 1) {
    return Internal("OpenSSL has no TLS server for us");
  }
  SSL_CTX_set_dh_auto(context, 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  return out;
}

std::unique_ptr<Conversation> TlsConversation(const Service& service, const KeyStore::Key* key,
                                              const TlsContext& context) {
  return std::make_unique<TlsService>(service, key, context);
}

}  // namespace hark::lab

// phase  | on                          | say                          | next
// wait   | timer (greet-delay, teaser) | the (rest of the) greeting   | clear
//        | bytes                       | "protocol error", FIN        | done
// clear  | line                        | the dialogue's answer        | clear, or tls, or done
// tls    | records of a handshake      | handshake records            | tls
//        | handshake done, not STARTTLS| greeting, encrypted          | tls
//        | application data, timer     | the dialogue's answers       | tls or done
//        | close_notify                | close_notify, FIN            | done
//        | anything OpenSSL refuses    | its alert, FIN               | done
//
// Bytes after the STARTTLS line in the same flight are dropped, as careful servers do (what came in
// clear must not count as said under TLS, CVE-2011-0411).

#include "tests/lab/tls_server.h"

#include "tests/lab/dialogue.h"
#include "tests/lab/drip.h"
#include "tests/lab/tls_end.h"

namespace hark::lab {
namespace {

constexpr size_t kMaxLine = 8192;  // HTTP request lines; mail needs 1,000 at most
// TLS alert record, version 1.0: fatal, handshake_failure (RFC 8446 §6).
constexpr std::string_view kHandshakeFailure("\x15\x03\x01\x00\x02\x02\x28", 7);
// A record as long as they get, with a ServerHello of TLS 1.2 that fills it.
constexpr std::string_view kEndlessHello("\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03", 11);

class TlsService final : public Conversation {
 public:
  TlsService(const Service& service, const TlsContext& context, const Credentials& credentials,
             Counters& counters)
      : service_(service),
        context_(context),
        credentials_(credentials),
        counters_(counters),
        dialogue_(MakeDialogue(service)),
        drip_(std::string(kEndlessHello), service.pace) {}

  Turn Start() override {
    if (StartsInTls(service_.protocol)) {
      greet_under_tls_ = true;
      BeginTls();
      return {};
    }
    waiting_ =
        service_.behaviour == Behaviour::kGreetDelay || service_.behaviour == Behaviour::kTeaser;
    if (!waiting_) return Turn::Say(dialogue_->Greeting());
    const bool teaser = service_.behaviour == Behaviour::kTeaser;
    return {teaser ? dialogue_->Teaser() : "", Turn::Then::kGoOn, service_.delay};
  }

  Turn OnBytes(std::string_view bytes) override {
    if (waiting_) return Turn::Finish(dialogue_->TooEarly());
    return tls_begun_ ? Tls(bytes) : Clear(bytes);
  }

  Turn OnTimer() override {
    if (waiting_) {
      waiting_ = false;
      return Turn::Say(dialogue_->Greeting());
    }
    return tls_ == nullptr ? drip_.Next() : SayUnderTls(dialogue_->OnTimer(), false);
  }

 private:
  // Odd TLS servers never get as far as a TlsEnd.
  void BeginTls() {
    tls_begun_ = true;
    lines_.clear();
    const bool odd = service_.behaviour == Behaviour::kTlsAlert ||
                     service_.behaviour == Behaviour::kCloseInHello ||
                     service_.behaviour == Behaviour::kTarpitHello;
    if (odd || service_.keys.empty()) return;
    const TlsContext::Plan plan{&service_, &credentials_.Of(service_)};
    tls_ = service_.raw == RawTls::kNo ? OpenSslEnd(plan, context_) : RawTlsEnd(plan);
  }

  Turn Clear(std::string_view bytes) {
    Turn out;
    const Dialogue::Answer answer = Talk(bytes, false);
    out.send = answer.send;
    if (answer.finish) out.then = Turn::Then::kFinish;
    if (answer.start_tls) {
      if (service_.behaviour == Behaviour::kSmuggle) out.send += dialogue_->Smuggled();
      BeginTls();
    }
    return out;
  }

  Turn Tls(std::string_view bytes) {
    if (tls_ == nullptr) return OddHello();
    std::string clear;
    const TlsEnd::State state = tls_->Receive(bytes, &clear);
    if (tls_->handshaken() && !counted_) {
      counted_ = true;
      ++counters_.tls_handshakes;
      if (greet_under_tls_) tls_->Send(dialogue_->Greeting());
    }
    return SayUnderTls(Talk(clear, true), state == TlsEnd::State::kClosed);
  }

  Turn OddHello() {
    if (service_.behaviour == Behaviour::kTarpitHello) {
      const bool first = !counted_;
      counted_ = true;
      return first ? drip_.Next() : Turn();
    }
    const bool alert = service_.behaviour == Behaviour::kTlsAlert;
    return Turn::Finish(std::string(alert ? kHandshakeFailure : ""));
  }

  Turn SayUnderTls(const Dialogue::Answer& answer, bool closed) {
    tls_->Send(answer.send);
    const bool over = answer.finish || closed;
    if (over) tls_->Shutdown();
    Turn out;
    out.send = tls_->TakeOutput();
    out.wake_after = answer.more_after;
    if (over) out.then = Turn::Then::kFinish;
    if (service_.raw != RawTls::kNo && out.send.size() > kHandshakeFailure.size()) {
      ++counters_.raw_hellos;
    }
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
      if (service_.protocol == Protocol::kHttps && !one.send.empty()) ++counters_.http_requests;
      all.send += one.send;
      all.start_tls = one.start_tls;
      all.finish = one.finish;
      all.more_after = one.more_after;
    }
    lines_.erase(0, begin);
    if (lines_.size() > kMaxLine) all.finish = true;
    return all;
  }

  const Service& service_;
  const TlsContext& context_;
  const Credentials& credentials_;
  Counters& counters_;
  std::unique_ptr<Dialogue> dialogue_;
  std::unique_ptr<TlsEnd> tls_;
  Drip drip_;
  std::string lines_;  // an unfinished line
  bool waiting_ = false;
  bool tls_begun_ = false;
  bool greet_under_tls_ = false;
  bool counted_ = false;
};

}  // namespace

std::unique_ptr<Conversation> TlsConversation(const Service& service, const TlsContext& context,
                                              const Credentials& credentials, Counters& counters) {
  return std::make_unique<TlsService>(service, context, credentials, counters);
}

}  // namespace hark::lab

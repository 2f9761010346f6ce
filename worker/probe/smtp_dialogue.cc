// SMTP up to STARTTLS (RFC 5321, RFC 3207). We never speak before the whole greeting is there:
// servers that delay it (postscreen) treat early talkers as spammers.
//
//  state    | on (last line of reply)  | say      | next
//  greeting | 220                      | EHLO     | ehlo
//  greeting | 4xx                      | QUIT     | end: throttled
//  greeting | 5xx                      | QUIT     | end: starttls-refused
//  greeting | no SMTP reply            |          | end: not-this-protocol
//  ehlo     | 250 with STARTTLS        | STARTTLS | starttls
//  ehlo     | 250 without              | QUIT     | end: starttls-refused
//  ehlo     | 5xx                      | HELO     | helo
//  helo     | any but 4xx              | QUIT     | end: starttls-refused
//  starttls | 220                      |          | TLS
//  starttls | 454, 5xx                 | QUIT     | end: starttls-refused
//  after greeting | other 4xx          | QUIT     | end: throttled
//  after greeting | no SMTP reply      | QUIT     | end: protocol-error

#include "base/strings.h"
#include "worker/probe/conversation.h"
#include "worker/probe/mail_dialogue.h"

namespace hark {
namespace {

enum class State { kGreeting, kEhlo, kHelo, kStartTls };

// RFC 5321 §4.2: three digits, then '-' if more lines follow, a blank or nothing on the last.
bool IsReplyLine(std::string_view line) {
  if (line.size() < 3 || line[0] < '2' || line[0] > '5') return false;
  for (char c : line.substr(1, 2)) {
    if (c < '0' || c > '9') return false;
  }
  return line.size() == 3 || line[3] == ' ' || line[3] == '-';
}

class SmtpDialogue final : public MailDialogue {
 public:
  explicit SmtpDialogue(std::string_view ehlo_name) : ehlo_name_(ehlo_name) {}

  bool greeted() const override { return state_ != State::kGreeting; }

  DialogueStep OnLine(std::string_view line) override {
    if (!IsReplyLine(line)) {
      const bool first = state_ == State::kGreeting;
      return Farewell(first ? "" : "QUIT",
                      first ? Outcome::kNotThisProtocol : Outcome::kProtocolError,
                      "not an SMTP reply: " + Quote(line));
    }
    // Keywords stand alone or before parameters (RFC 5321 §4.1.1.1).
    if (state_ == State::kEhlo && line.size() > 4) {
      const std::string_view keyword = line.substr(4, line.find(' ', 4) - 4);
      if (AsciiUpper(keyword) == "STARTTLS") offers_starttls_ = true;
    }
    if (line.size() > 3 && line[3] == '-') return {};
    return OnReply(line.substr(0, 3), line);
  }

 private:
  DialogueStep OnReply(std::string_view code, std::string_view line) {
    if (code.front() == '4' && code != "454") {
      return Farewell("QUIT", Outcome::kThrottled, Quote(line));
    }
    switch (state_) {
      case State::kGreeting:
        return OnGreeting(code, line);
      case State::kEhlo:
        return OnEhlo(code, line);
      case State::kHelo:
        return Farewell("QUIT", Outcome::kStartTlsRefused, "does not know EHLO");
      case State::kStartTls:
        return code == "220" ? BeginTls()
                             : Farewell("QUIT", Outcome::kStartTlsRefused, Quote(line));
    }
    return {};
  }

  DialogueStep OnGreeting(std::string_view code, std::string_view line) {
    if (code != "220") {
      const bool later = code == "454" || SaysComeLater(line);
      return Farewell("QUIT", later ? Outcome::kThrottled : Outcome::kStartTlsRefused, Quote(line));
    }
    state_ = State::kEhlo;
    return SayAndGoOn("EHLO " + ehlo_name_);
  }

  DialogueStep OnEhlo(std::string_view code, std::string_view line) {
    if (code.front() == '5') {
      state_ = State::kHelo;
      return SayAndGoOn("HELO " + ehlo_name_);
    }
    if (code != "250" || !offers_starttls_) {
      return Farewell("QUIT", Outcome::kStartTlsRefused,
                      code == "250" ? "STARTTLS not offered" : Quote(line));
    }
    state_ = State::kStartTls;
    return SayAndGoOn("STARTTLS");
  }

  State state_ = State::kGreeting;
  bool offers_starttls_ = false;
  const std::string ehlo_name_;
};

}  // namespace

std::unique_ptr<MailDialogue> NewSmtpDialogue(std::string_view ehlo_name) {
  return std::make_unique<SmtpDialogue>(ehlo_name);
}

}  // namespace hark

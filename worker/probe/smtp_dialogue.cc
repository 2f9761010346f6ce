// SMTP up to STARTTLS (RFC 5321, RFC 3207). We never speak before the whole greeting is there:
// servers that delay it (postscreen) treat early talkers as spammers, and put a pause between a
// first "220-" line and the last to catch them.
//
//  state    | on (last line of reply)  | say      | next
//  greeting | 220                      | EHLO     | ehlo
//  greeting | 4xx, 5xx "too many"      | QUIT     | end: throttled
//  greeting | other                    | QUIT     | end: starttls-refused
//  greeting | no SMTP reply            |          | end: not-this-protocol
//  ehlo     | 250 with STARTTLS        | STARTTLS | starttls
//  ehlo     | 250 without              | QUIT     | end: starttls-refused
//  ehlo     | 5xx                      | HELO     | helo
//  ehlo     | other                    | QUIT     | end: starttls-refused
//  helo     | any but 4xx              | QUIT     | end: starttls-refused
//  ehlo, helo | 250 without, if forced | STARTTLS | starttls
//  starttls | 220                      |          | TLS
//  starttls | 454, 5xx                 | QUIT     | end: starttls-refused
//  after greeting | other 4xx, 5xx "too many" | QUIT | end: throttled
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
  SmtpDialogue(std::string_view ehlo_name, bool force) : ehlo_name_(ehlo_name), force_(force) {}

  MailPart part() const override {
    switch (state_) {
      case State::kGreeting:
        return MailPart::kGreeting;
      case State::kEhlo:
      case State::kHelo:
        return MailPart::kCapabilities;
      case State::kStartTls:
        return MailPart::kStartTls;
    }
    return MailPart::kGreeting;
  }
  std::string_view goodbye() const override { return kGoodbye; }

  DialogueStep OnLine(std::string_view line) override {
    if (!IsReplyLine(line)) {
      const bool first = state_ == State::kGreeting;
      return Farewell(first ? "" : kGoodbye,
                      first ? Outcome::kNotThisProtocol : Outcome::kProtocolError,
                      "not an SMTP reply: " + Quote(line));
    }
    // Keywords stand alone or before parameters (RFC 5321 §4.1.1.1).
    if (state_ == State::kEhlo && line.size() > 4) {
      const std::string_view keyword = line.substr(4, line.find(' ', 4) - 4);
      if (AsciiUpper(keyword) == "STARTTLS") lists_starttls_ = true;
    }
    // Refusals have their reason in any of their lines.
    if (line.front() >= '4') come_later_ = come_later_ || SaysComeLater(line);
    if (line.size() > 3 && line[3] == '-') return {};
    return OnReply(line.substr(0, 3), line);
  }

 private:
  static constexpr std::string_view kGoodbye = "QUIT";

  DialogueStep OnReply(std::string_view code, std::string_view line) {
    const bool no_tls_now = code == "454" && state_ == State::kStartTls;  // RFC 3207 §4
    const bool refuses = code.front() >= '4';
    if (refuses && (come_later_ || (code.front() == '4' && !no_tls_now))) {
      return Farewell(kGoodbye, Outcome::kThrottled, Quote(line));
    }
    come_later_ = false;
    switch (state_) {
      case State::kGreeting:
        if (code != "220") return Refused(line);
        state_ = State::kEhlo;
        return SayAndGoOn("EHLO " + ehlo_name_);
      case State::kEhlo:
        return OnEhlo(code, line);
      case State::kHelo:
        return code == "250" ? MaybeTls("does not know EHLO")
                             : Refused(StrCat("does not know EHLO; ", line));
      case State::kStartTls:
        return code == "220" ? BeginTls() : Refused(line);
    }
    return {};
  }

  DialogueStep OnEhlo(std::string_view code, std::string_view line) {
    if (code.front() == '5') {
      facts().said_helo = true;
      state_ = State::kHelo;
      return SayAndGoOn("HELO " + ehlo_name_);
    }
    if (code != "250") return Refused(line);
    facts().starttls_offered = lists_starttls_;
    return MaybeTls("STARTTLS not offered");
  }

  DialogueStep MaybeTls(std::string_view why_not) {
    if (!facts().starttls_offered && !force_) {
      return Farewell(kGoodbye, Outcome::kStartTlsRefused, std::string(why_not));
    }
    facts().starttls_forced = !facts().starttls_offered;
    state_ = State::kStartTls;
    return SayAndGoOn("STARTTLS");
  }

  static DialogueStep Refused(std::string_view line) {
    return Farewell(kGoodbye, Outcome::kStartTlsRefused, Quote(line));
  }

  State state_ = State::kGreeting;
  bool lists_starttls_ = false;
  bool come_later_ = false;  // a line of the reply going on says so
  const std::string ehlo_name_;
  const bool force_;
};

}  // namespace

std::unique_ptr<MailDialogue> NewSmtpDialogue(std::string_view ehlo_name, bool force_starttls) {
  return std::make_unique<SmtpDialogue>(ehlo_name, force_starttls);
}

}  // namespace hark

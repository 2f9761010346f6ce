// POP3 up to STLS (RFC 1939, RFC 2449, RFC 2595 §4).
//
//  state    | on                 | say  | next
//  greeting | +OK                | CAPA | capa
//  greeting | -ERR               | QUIT | end: throttled or starttls-refused
//  greeting | anything else      |      | end: not-this-protocol
//  capa     | +OK                |      | list
//  capa     | -ERR "come later"  | QUIT | end: throttled
//  capa     | other -ERR         | STLS | stls
//  list     | capability         |      | list
//  list     | "." with STLS, or forced | STLS | stls
//  list     | "." without        | QUIT | end: starttls-refused
//  stls     | +OK                |      | TLS
//  stls     | -ERR               | QUIT | end: throttled or starttls-refused
//  capa, stls | anything else    | QUIT | end: protocol-error
//
// A server that knows no CAPA has not said that it knows no STLS: CAPA is optional (RFC 2449 §5),
// and servers older than it learnt STLS first. Asking costs one line and an -ERR, so it is done
// without force; starttls_offered and starttls_forced are then both false.

#include "base/strings.h"
#include "worker/probe/conversation.h"
#include "worker/probe/mail_dialogue.h"

namespace hark {
namespace {

enum class State { kGreeting, kCapa, kList, kStls };

class Pop3Dialogue final : public MailDialogue {
 public:
  explicit Pop3Dialogue(bool force) : force_(force) {}

  MailPart part() const override {
    switch (state_) {
      case State::kGreeting:
        return MailPart::kGreeting;
      case State::kCapa:
      case State::kList:
        return MailPart::kCapabilities;
      case State::kStls:
        return MailPart::kStartTls;
    }
    return MailPart::kGreeting;
  }
  std::string_view goodbye() const override { return kGoodbye; }

  DialogueStep OnLine(std::string_view line) override {
    if (state_ == State::kList) return OnCapability(line);
    const bool ok = StartsWithIgnoreCase(line, "+OK");
    if (!ok && !StartsWithIgnoreCase(line, "-ERR")) {
      const bool first = state_ == State::kGreeting;
      return Farewell(first ? "" : kGoodbye,
                      first ? Outcome::kNotThisProtocol : Outcome::kProtocolError,
                      "not a POP3 reply: " + Quote(line));
    }
    switch (state_) {
      case State::kGreeting:
        if (!ok) return Refused(line);
        state_ = State::kCapa;
        return SayAndGoOn("CAPA");
      case State::kCapa:
        if (!ok) return SaysComeLater(line) ? Refused(line) : AskForTls();
        state_ = State::kList;
        return {};
      case State::kList:
        break;  // taken above
      case State::kStls:
        return ok ? BeginTls() : Refused(line);
    }
    return {};
  }

 private:
  static constexpr std::string_view kGoodbye = "QUIT";

  DialogueStep OnCapability(std::string_view line) {
    if (AsciiUpper(Trim(line)) == "STLS") facts().starttls_offered = true;
    if (line != ".") return {};
    if (!facts().starttls_offered) {
      if (!force_) return Farewell(kGoodbye, Outcome::kStartTlsRefused, "STLS not offered");
      facts().starttls_forced = true;
    }
    return AskForTls();
  }

  DialogueStep AskForTls() {
    state_ = State::kStls;
    return SayAndGoOn("STLS");
  }

  static DialogueStep Refused(std::string_view line) {
    return Farewell(kGoodbye, SaysComeLater(line) ? Outcome::kThrottled : Outcome::kStartTlsRefused,
                    Quote(line));
  }

  State state_ = State::kGreeting;
  const bool force_;
};

}  // namespace

std::unique_ptr<MailDialogue> NewPop3Dialogue(bool force_starttls) {
  return std::make_unique<Pop3Dialogue>(force_starttls);
}

}  // namespace hark

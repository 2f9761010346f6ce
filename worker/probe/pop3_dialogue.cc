// POP3 up to STLS (RFC 1939, RFC 2449, RFC 2595 §4).
//
//  state    | on                 | say  | next
//  greeting | +OK                | CAPA | capa
//  greeting | -ERR               | QUIT | end: throttled or starttls-refused
//  greeting | anything else      |      | end: not-this-protocol
//  capa     | +OK                |      | list
//  capa     | -ERR               | STLS | stls (CAPA is optional, STLS may be there without it)
//  list     | capability         |      | list
//  list     | "." with STLS      | STLS | stls
//  list     | "." without        | QUIT | end: starttls-refused
//  stls     | +OK                |      | TLS
//  stls     | -ERR               | QUIT | end: starttls-refused
//  capa, stls | anything else    | QUIT | end: protocol-error

#include "base/strings.h"
#include "worker/probe/conversation.h"
#include "worker/probe/mail_dialogue.h"

namespace hark {
namespace {

enum class State { kGreeting, kCapa, kList, kStls };

class Pop3Dialogue final : public MailDialogue {
 public:
  bool greeted() const override { return state_ != State::kGreeting; }

  DialogueStep OnLine(std::string_view line) override {
    if (state_ == State::kList) return OnCapability(line);
    const bool ok = StartsWithIgnoreCase(line, "+OK");
    if (!ok && !StartsWithIgnoreCase(line, "-ERR")) {
      const bool first = state_ == State::kGreeting;
      return Farewell(first ? "" : "QUIT",
                      first ? Outcome::kNotThisProtocol : Outcome::kProtocolError,
                      "not a POP3 reply: " + Quote(line));
    }
    switch (state_) {
      case State::kGreeting:
        if (!ok) return Refused(line);
        state_ = State::kCapa;
        return SayAndGoOn("CAPA");
      case State::kCapa:
        state_ = ok ? State::kList : State::kStls;
        return ok ? DialogueStep() : SayAndGoOn("STLS");
      case State::kList:
        break;  // taken above
      case State::kStls:
        return ok ? BeginTls() : Refused(line);
    }
    return {};
  }

 private:
  DialogueStep OnCapability(std::string_view line) {
    if (AsciiUpper(Trim(line)) == "STLS") offers_stls_ = true;
    if (line != ".") return {};
    if (!offers_stls_) return Farewell("QUIT", Outcome::kStartTlsRefused, "STLS not offered");
    state_ = State::kStls;
    return SayAndGoOn("STLS");
  }

  static DialogueStep Refused(std::string_view line) {
    return Farewell("QUIT", SaysComeLater(line) ? Outcome::kThrottled : Outcome::kStartTlsRefused,
                    Quote(line));
  }

  State state_ = State::kGreeting;
  bool offers_stls_ = false;
};

}  // namespace

std::unique_ptr<MailDialogue> NewPop3Dialogue() {
  return std::make_unique<Pop3Dialogue>();
}

}  // namespace hark

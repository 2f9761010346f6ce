// IMAP up to STARTTLS (RFC 9051 §6.1, §6.2.1).
//
//  state      | on                            | say           | next
//  greeting   | * OK [CAPABILITY … STARTTLS]  | a2 STARTTLS   | starttls
//  greeting   | * OK [CAPABILITY …] without   | a1 CAPABILITY | capability (lists may be shortened)
//  greeting   | * OK                          | a1 CAPABILITY | capability
//  greeting   | * PREAUTH                     | a3 LOGOUT     | end: starttls-refused
//  greeting   | * BYE                         |               | end: throttled, starttls-refused
//  greeting   | anything else                 |               | end: not-this-protocol
//  capability | * CAPABILITY …                |               | capability
//  capability | a1 OK, STARTTLS seen          | a2 STARTTLS   | starttls
//  capability | a1 otherwise                  | a3 LOGOUT     | end: starttls-refused
//  starttls   | a2 OK                         |               | TLS
//  starttls   | a2 NO, BAD                    | a3 LOGOUT     | end: starttls-refused
//  capability, starttls | * BYE               |               | end: throttled, starttls-refused
//  capability, starttls | * other             |               | the same
//  capability, starttls | anything else       | a3 LOGOUT     | end: protocol-error

#include <algorithm>

#include "base/strings.h"
#include "worker/probe/conversation.h"
#include "worker/probe/mail_dialogue.h"

namespace hark {
namespace {

enum class State { kGreeting, kCapability, kStartTls };

constexpr std::string_view kGoodbye = "a3 LOGOUT";

// The atom STARTTLS in "* CAPABILITY …" or "… [CAPABILITY …] …".
bool ListsStartTls(std::string_view line) {
  const std::string upper = AsciiUpper(line);
  const size_t from = upper.find("CAPABILITY ");
  if (from == std::string::npos) return false;
  const std::string_view rest = std::string_view(upper).substr(from);
  const std::vector<std::string_view> atoms = Split(rest.substr(0, rest.find(']')), ' ');
  return std::find(atoms.begin(), atoms.end(), "STARTTLS") != atoms.end();
}

class ImapDialogue final : public MailDialogue {
 public:
  bool greeted() const override { return state_ != State::kGreeting; }

  DialogueStep OnLine(std::string_view line) override {
    if (StartsWithIgnoreCase(line, "* BYE")) return Refused("", line);
    switch (state_) {
      case State::kGreeting:
        return OnGreeting(line);
      case State::kCapability:
        return OnCapability(line);
      case State::kStartTls:
        return OnStartTls(line);
    }
    return {};
  }

 private:
  DialogueStep OnGreeting(std::string_view line) {
    if (StartsWithIgnoreCase(line, "* PREAUTH")) return Refused(kGoodbye, line);
    if (!StartsWithIgnoreCase(line, "* OK")) {
      return Farewell("", Outcome::kNotThisProtocol, "not an IMAP greeting: " + Quote(line));
    }
    if (ListsStartTls(line)) return AskForTls();
    state_ = State::kCapability;
    return SayAndGoOn("a1 CAPABILITY");
  }

  DialogueStep OnCapability(std::string_view line) {
    if (line.starts_with("*")) {
      offers_starttls_ = offers_starttls_ || ListsStartTls(line);
      return {};
    }
    if (!StartsWithIgnoreCase(line, "a1 ")) return Confused(line);
    if (!StartsWithIgnoreCase(line, "a1 OK")) return Refused(kGoodbye, line);
    if (!offers_starttls_ && !ListsStartTls(line)) {
      return Farewell(kGoodbye, Outcome::kStartTlsRefused, "STARTTLS not offered");
    }
    return AskForTls();
  }

  DialogueStep OnStartTls(std::string_view line) {
    if (line.starts_with("*")) return {};
    if (StartsWithIgnoreCase(line, "a2 OK")) return BeginTls();
    return StartsWithIgnoreCase(line, "a2 ") ? Refused(kGoodbye, line) : Confused(line);
  }

  DialogueStep AskForTls() {
    state_ = State::kStartTls;
    return SayAndGoOn("a2 STARTTLS");
  }

  static DialogueStep Refused(std::string_view goodbye, std::string_view line) {
    const bool later = SaysComeLater(line) || ContainsIgnoreCase(line, "[UNAVAILABLE]");
    return Farewell(goodbye, later ? Outcome::kThrottled : Outcome::kStartTlsRefused, Quote(line));
  }

  static DialogueStep Confused(std::string_view line) {
    return Farewell(kGoodbye, Outcome::kProtocolError, "not an IMAP reply: " + Quote(line));
  }

  State state_ = State::kGreeting;
  bool offers_starttls_ = false;
};

}  // namespace

std::unique_ptr<MailDialogue> NewImapDialogue() {
  return std::make_unique<ImapDialogue>();
}

}  // namespace hark

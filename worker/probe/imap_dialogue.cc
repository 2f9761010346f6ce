// IMAP up to STARTTLS (RFC 9051 §6.1, §6.2.1).
//
//  state      | on                       | say           | next
//  greeting   | * OK                     | a1 CAPABILITY | capability
//  greeting   | * PREAUTH                | a3 LOGOUT     | end: starttls-refused
//  greeting   | * NO, BAD                | a3 LOGOUT     | end: throttled or starttls-refused
//  greeting   | * BYE                    |               | end: throttled or starttls-refused
//  greeting   | anything else            |               | end: not-this-protocol
//  capability | * CAPABILITY …, other *  |               | capability
//  capability | a1, STARTTLS seen or forced | a2 STARTTLS | starttls
//  capability | a1 otherwise             | a3 LOGOUT     | end: throttled or starttls-refused
//  starttls   | a2 OK                    |               | TLS
//  starttls   | a2 NO, BAD               | a3 LOGOUT     | end: throttled or starttls-refused
//  capability, starttls | * BYE          |               | end: throttled or starttls-refused
//  starttls   | * other                  |               | starttls
//  capability, starttls | anything else  | a3 LOGOUT     | end: protocol-error
//
// CAPABILITY is asked for where the greeting already lists it, too: a list in a greeting may be
// shortened. STARTTLS in either is an offer. After PREAUTH it is not allowed (§6.2.1), so it is not
// forced either.

#include <algorithm>

#include "base/strings.h"
#include "worker/probe/conversation.h"
#include "worker/probe/mail_dialogue.h"

namespace hark {
namespace {

enum class State { kGreeting, kCapability, kStartTls };

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
  explicit ImapDialogue(bool force) : force_(force) {}

  MailPart part() const override {
    switch (state_) {
      case State::kGreeting:
        return MailPart::kGreeting;
      case State::kCapability:
        return MailPart::kCapabilities;
      case State::kStartTls:
        return MailPart::kStartTls;
    }
    return MailPart::kGreeting;
  }
  std::string_view goodbye() const override { return kGoodbye; }

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
  static constexpr std::string_view kGoodbye = "a3 LOGOUT";

  DialogueStep OnGreeting(std::string_view line) {
    for (std::string_view refusal : {"* PREAUTH", "* NO", "* BAD"}) {
      if (StartsWithIgnoreCase(line, refusal)) return Refused(kGoodbye, line);
    }
    if (!StartsWithIgnoreCase(line, "* OK")) {
      return Farewell("", Outcome::kNotThisProtocol, "not an IMAP greeting: " + Quote(line));
    }
    facts().starttls_offered = ListsStartTls(line);
    state_ = State::kCapability;
    return SayAndGoOn("a1 CAPABILITY");
  }

  DialogueStep OnCapability(std::string_view line) {
    const bool answer = StartsWithIgnoreCase(line, "a1 ");
    if (!answer && !line.starts_with("*")) return Confused(line);
    if (ListsStartTls(line)) facts().starttls_offered = true;
    if (!answer) return {};
    if (!StartsWithIgnoreCase(line, "a1 OK") && (ComeLater(line) || !MayAsk())) {
      return Refused(kGoodbye, line);
    }
    if (!MayAsk()) return Farewell(kGoodbye, Outcome::kStartTlsRefused, "STARTTLS not offered");
    facts().starttls_forced = !facts().starttls_offered;
    state_ = State::kStartTls;
    return SayAndGoOn("a2 STARTTLS");
  }

  DialogueStep OnStartTls(std::string_view line) {
    if (line.starts_with("*")) return {};
    if (StartsWithIgnoreCase(line, "a2 OK")) return BeginTls();
    return StartsWithIgnoreCase(line, "a2 ") ? Refused(kGoodbye, line) : Confused(line);
  }

  bool MayAsk() const { return facts().starttls_offered || force_; }

  // RFC 5530 names them: the server, or a limit of it, is in the way for now.
  static bool ComeLater(std::string_view line) {
    return SaysComeLater(line) || ContainsIgnoreCase(line, "[UNAVAILABLE]") ||
           ContainsIgnoreCase(line, "[LIMIT]");
  }

  static DialogueStep Refused(std::string_view goodbye, std::string_view line) {
    return Farewell(goodbye, ComeLater(line) ? Outcome::kThrottled : Outcome::kStartTlsRefused,
                    Quote(line));
  }

  static DialogueStep Confused(std::string_view line) {
    return Farewell(kGoodbye, Outcome::kProtocolError, "not an IMAP reply: " + Quote(line));
  }

  State state_ = State::kGreeting;
  const bool force_;
};

}  // namespace

std::unique_ptr<MailDialogue> NewImapDialogue(bool force_starttls) {
  return std::make_unique<ImapDialogue>(force_starttls);
}

}  // namespace hark

#pragma once

// The plain words before TLS on a mail port, a line at a time. One class a protocol; who drives
// them (MailTalk) knows of lines, not of protocols.

#include <memory>
#include <string>
#include <string_view>

#include "base/outcome.h"
#include "worker/probe/probe.h"

namespace hark {

// What to do after a line.
struct DialogueStep {
  enum class Next { kMore, kTls, kEnd };
  Next next = Next::kMore;
  std::string say;  // with CR LF; with kEnd the polite goodbye
  Outcome outcome = Outcome::kOk;
  std::string detail;
};

// What the peer's next line belongs to.
enum class MailPart { kGreeting, kCapabilities, kStartTls };

class MailDialogue {
 public:
  virtual ~MailDialogue() = default;
  // One line of the peer without CR LF.
  virtual DialogueStep OnLine(std::string_view line) = 0;
  virtual MailPart part() const = 0;
  // What ends the session inside TLS, without CR LF: there the client speaks first.
  virtual std::string_view goodbye() const = 0;

  // The whole greeting is here; until then its own deadline runs and we say nothing.
  bool greeted() const { return part() != MailPart::kGreeting; }
  // kGreeting or kStartTls.
  Stage stage() const { return greeted() ? Stage::kStartTls : Stage::kGreeting; }
  // The dialogue sets what it understood; the texts are MailTalk's, smuggled_bytes is TlsProbe's.
  MailFacts& facts() { return facts_; }
  const MailFacts& facts() const { return facts_; }

 private:
  MailFacts facts_;
};

// The dialogue of a protocol with STARTTLS; nullptr for protocols that begin with TLS.
std::unique_ptr<MailDialogue> NewMailDialogue(Protocol protocol, const ProbeOptions& options);

// force_starttls: ask for TLS once where it is not offered.
std::unique_ptr<MailDialogue> NewSmtpDialogue(std::string_view ehlo_name,
                                              bool force_starttls = false);
std::unique_ptr<MailDialogue> NewPop3Dialogue(bool force_starttls = false);
std::unique_ptr<MailDialogue> NewImapDialogue(bool force_starttls = false);

// Steps that the dialogues share.
DialogueStep SayAndGoOn(std::string_view line);
DialogueStep BeginTls();
DialogueStep Farewell(std::string_view goodbye, Outcome outcome, std::string detail);

}  // namespace hark

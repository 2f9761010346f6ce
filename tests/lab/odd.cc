#include "tests/lab/odd.h"

#include "base/random.h"
#include "tests/lab/drip.h"

namespace hark::lab {
namespace {

constexpr size_t kGarbageBytes = 600;

// Says one thing and hangs up, goes on listening, or resets.
class OneLiner final : public Conversation {
 public:
  explicit OneLiner(Turn turn) : turn_(std::move(turn)) {}
  Turn Start() override { return std::move(turn_); }
  Turn OnBytes(std::string_view) override { return {}; }

 private:
  Turn turn_;
};

// A greeting that never ends, byte by byte.
class Tarpit final : public Conversation {
 public:
  explicit Tarpit(Duration pace) : drip_("", pace) {}
  Turn Start() override { return drip_.Next(); }
  Turn OnBytes(std::string_view) override { return {}; }
  Turn OnTimer() override { return drip_.Next(); }

 private:
  Drip drip_;
};

// The same line for ever (endlessh does this to SSH clients, which must allow lines before the
// identification; SMTP clients must allow a greeting of many lines).
class Lines final : public Conversation {
 public:
  Lines(std::string line, Duration pace) : line_(std::move(line)), pace_(pace) {}
  Turn Start() override { return OnTimer(); }
  Turn OnBytes(std::string_view) override { return {}; }
  Turn OnTimer() override { return {line_, Turn::Then::kGoOn, pace_}; }

 private:
  std::string line_;
  Duration pace_;
};

std::string EndlessLine(const Service& service) {
  switch (service.protocol) {
    case Protocol::kSmtp:
      return "220-please hold the line\r\n";
    case Protocol::kImap:
      return "* 1 EXISTS\r\n";
    case Protocol::kSsh:
    case Protocol::kPop3:
    case Protocol::kHttps:
    case Protocol::kImaps:
    case Protocol::kPop3s:
    case Protocol::kSmtps:
    case Protocol::kUnknown:
      return "please hold the line\r\n";
  }
  return "";
}

// The same bytes for the same port; none is printable, a digit of a status or a TLS record type.
std::string Garbage(const Service& service) {
  std::string out;
  for (size_t i = 0; i < kGarbageBytes; ++i) {
    out += static_cast<char>(0x80 | (Mix64(i ^ uint64_t{service.port} << 32) & 0x7f));
  }
  return out;
}

std::string NotNow(const Service& service) {
  switch (service.protocol) {
    case Protocol::kSsh:
      return "Not allowed at this time\r\n";
    case Protocol::kSmtp:
      return "421 4.7.0 lab.test too many connections, try again later\r\n";
    case Protocol::kPop3:
      return "-ERR [SYS/TEMP] too many connections, try again later\r\n";
    case Protocol::kImap:
      return "* BYE too many connections, try again later\r\n";
    case Protocol::kHttps:
    case Protocol::kImaps:
    case Protocol::kPop3s:
    case Protocol::kSmtps:
    case Protocol::kUnknown:
      return "";  // nothing can be said before TLS
  }
  return "";
}

}  // namespace

std::unique_ptr<Conversation> OddConversation(const Service& service) {
  switch (service.behaviour) {
    case Behaviour::kAcceptThenSilent:
      return std::make_unique<OneLiner>(Turn());
    case Behaviour::kCloseAfterAccept:
      return std::make_unique<OneLiner>(Turn::Finish());
    case Behaviour::kResetAfterAccept:
      return std::make_unique<OneLiner>(Turn{"", Turn::Then::kReset, Duration(0)});
    case Behaviour::kGarbage:
      return std::make_unique<OneLiner>(Turn::Finish(Garbage(service)));
    case Behaviour::kTarpit:
      return std::make_unique<Tarpit>(service.pace);
    case Behaviour::kThrottled:
      return std::make_unique<OneLiner>(Turn::Finish(NotNow(service)));
    case Behaviour::kTarpitLines:
      return std::make_unique<Lines>(EndlessLine(service), service.pace);
    case Behaviour::kNormal:
    case Behaviour::kRefuse:
    case Behaviour::kSilent:
    case Behaviour::kNoStartTls:
    case Behaviour::kStartTlsRefused:
    case Behaviour::kCloseInHello:
    case Behaviour::kTlsAlert:
    case Behaviour::kBadSignature:
    case Behaviour::kPenalty:
    case Behaviour::kMaxStartups:
    case Behaviour::kTarpitHello:
    case Behaviour::kSlow:
    case Behaviour::kGreetDelay:
    case Behaviour::kTeaser:
    case Behaviour::kSmuggle:
    case Behaviour::kEhloRefused:
    case Behaviour::kCapaRefused:
    case Behaviour::kHeaderBomb:
    case Behaviour::kEndlessHeaders:
    case Behaviour::kRedirect:
      return nullptr;
  }
  return nullptr;
}

}  // namespace hark::lab

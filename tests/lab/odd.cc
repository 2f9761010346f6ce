#include "tests/lab/odd.h"

#include "base/random.h"

namespace hark::lab {
namespace {

constexpr size_t kGarbageBytes = 600;
constexpr Duration kTarpitPace = std::chrono::seconds(1);

// Says one thing and hangs up, goes on listening, or resets.
class OneLiner final : public Conversation {
 public:
  explicit OneLiner(Turn turn) : turn_(std::move(turn)) {}
  Turn Start() override { return std::move(turn_); }
  Turn OnBytes(std::string_view) override { return {}; }

 private:
  Turn turn_;
};

// A greeting that never ends, one byte a second (endlessh does this to SSH clients).
class Tarpit final : public Conversation {
 public:
  Turn Start() override { return Drip(); }
  Turn OnBytes(std::string_view) override { return {}; }
  Turn OnTimer() override { return Drip(); }

 private:
  Turn Drip() {
    const char c = static_cast<char>('a' + Mix64(dripped_++) % 26);
    return {std::string(1, c), Turn::Then::kGoOn, kTarpitPace};
  }
  uint64_t dripped_ = 0;
};

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
      return std::make_unique<Tarpit>();
    case Behaviour::kThrottled:
      return std::make_unique<OneLiner>(Turn::Finish(NotNow(service)));
    case Behaviour::kNormal:
    case Behaviour::kRefuse:
    case Behaviour::kSilent:
    case Behaviour::kNoStartTls:
    case Behaviour::kStartTlsRefused:
    case Behaviour::kCloseInHello:
    case Behaviour::kTlsAlert:
    case Behaviour::kBadSignature:
      return nullptr;
  }
  return nullptr;
}

}  // namespace hark::lab

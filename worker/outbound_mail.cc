#include "worker/outbound_mail.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

#include "base/outcome.h"
#include "base/strings.h"
#include "base/time.h"
#include "worker/engine/tcp_connect.h"
#include "worker/preflight.h"

namespace hark {
namespace {

using Line = proto::Preflight;

constexpr uint16_t kMailPort = 25;
constexpr Duration kConnectTime = std::chrono::seconds(5);
// RFC 5321 §4.5.3.2 asks for minutes; a server of the operator's that takes so long is not fit to
// test with.
constexpr Duration kReplyTime = std::chrono::seconds(10);
// A reply: 100 lines of 512 bytes (§4.5.3.1.5), of which no server sends a tenth.
constexpr size_t kMostReply = 51'200;
constexpr int kReady = 220;
constexpr int kDone = 250;

struct MailReply {
  int code = 0;
  std::string text;  // all lines
};

class MailTalker {
 public:
  explicit MailTalker(UniqueFd fd) : fd_(std::move(fd)) {}

  bool Say(const std::string& line) {
    // Shorter than any socket's buffer: it is taken whole or not at all.
    const std::string bytes = line + "\r\n";
    const ssize_t n = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return n == static_cast<ssize_t>(bytes.size());
  }

  // nullopt: not one whole reply in time.
  std::optional<MailReply> Hear() {
    const MonoTime until = clock_.Now() + kReplyTime;
    MailReply reply;
    while (reply.text.size() < kMostReply) {
      const size_t end = heard_.find('\n');
      if (end == std::string::npos) {
        if (!Fetch(until)) return std::nullopt;
        continue;
      }
      const std::string line = heard_.substr(0, end + 1);
      heard_.erase(0, end + 1);
      reply.text += line;
      if (!IsReplyLine(line)) return std::nullopt;
      reply.code = std::stoi(line.substr(0, 3));
      if (line[3] != '-') return reply;
    }
    return std::nullopt;
  }

 private:
  static bool IsReplyLine(const std::string& line) {
    const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
    return line.size() >= 4 && std::all_of(line.begin(), line.begin() + 3, is_digit);
  }
  // False: the time is over, or it has hung up, or says too much.
  bool Fetch(MonoTime until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock_.Now());
    pollfd wait{fd_.get(), POLLIN, 0};
    if (left.count() <= 0 || poll(&wait, 1, static_cast<int>(left.count())) != 1) return false;
    char bytes[4096];
    const ssize_t n = recv(fd_.get(), bytes, sizeof bytes, MSG_DONTWAIT);
    if (n <= 0 || heard_.size() > kMostReply) return false;
    heard_.append(bytes, static_cast<size_t>(n));
    return true;
  }

  UniqueFd fd_;
  SystemClock clock_;
  std::string heard_;
};

class TestReport {
 public:
  void Say(const char* name, Line::Result result, const std::string& detail) {
    Line line;
    line.set_name(name);
    line.set_result(result);
    line.set_detail(detail.substr(0, kMaxPreflightDetail));
    lines_.push_back(std::move(line));
  }
  // Whether it is as wanted, and what was heard of it.
  bool Judge(const char* name, const std::optional<MailReply>& reply, int wanted,
             const std::string& prefix) {
    const bool fine = reply && reply->code == wanted;
    const std::string heard =
        reply ? EscapeForDisplay(Trim(reply->text.substr(0, reply->text.find('\n'))))
              : StrCat("no SMTP reply within ",
                       std::chrono::duration_cast<std::chrono::seconds>(kReplyTime).count(), " s");
    Say(name, fine ? Line::PASS : Line::FAIL, prefix + heard);
    return fine;
  }
  std::vector<Line> Take() { return std::move(lines_); }

 private:
  std::vector<Line> lines_;
};

ConnectAttempt Connect(const HostPort& to, const WorkerConfig& config) {
  const auto source = SourceOf(config);
  SourceBinder binder(source.ok() ? *source : Source());
  ConnectAttempt attempt = StartConnect(to.address, to.port, binder);
  if (attempt.state != ConnectState::kPending) return attempt;
  pollfd wait{attempt.fd.get(), POLLOUT, 0};
  const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(kConnectTime);
  if (poll(&wait, 1, static_cast<int>(patience.count())) != 1) {
    attempt.state = ConnectState::kFailed;
    attempt.outcome = Outcome::kSilent;
    return attempt;
  }
  ConnectAttempt finished = FinishConnect(attempt.fd.get());
  finished.fd = std::move(attempt.fd);
  return finished;
}

std::string Upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

void TestDialogue(MailTalker& talker, const std::string& ehlo_name, TestReport* report) {
  if (!report->Judge("greeting", talker.Hear(), kReady, "")) return;
  std::optional<MailReply> reply;
  if (talker.Say("EHLO " + ehlo_name)) reply = talker.Hear();
  if (!report->Judge("ehlo", reply, kDone, StrCat("as ", ehlo_name, ": "))) return;
  const bool offered = Upper(reply->text).find("STARTTLS") != std::string::npos;
  report->Say("starttls", offered ? Line::PASS : Line::WARN,
              offered ? "offered" : "not offered: no certificate would be seen there");
  // The last word before we hang up; whether it is heard makes no difference.
  talker.Say("QUIT");
}

}  // namespace

Result<HostPort> FindSelfTestHost(const std::string& text, NameResolver& resolver) {
  if (const auto address = Address::Parse(text)) return HostPort{*address, kMailPort};
  if (const auto whole = ParseHostPort(text); whole.ok()) return whole;
  const size_t colon = text.find(':');
  const std::string name = text.substr(0, colon);
  const auto port = colon == std::string::npos ? uint64_t{kMailPort}
                                               : ParseUint(text.substr(colon + 1)).value_or(0);
  const bool letters = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '.';
  });
  if (!letters || port == 0 || port > UINT16_MAX) {
    return InvalidInput("--selftest: not ADDRESS, NAME, or one of them with :PORT");
  }
  const std::vector<Address> found = resolver.AddressesOf(name);
  if (found.empty()) return InvalidInput(StrCat("--selftest: ", name, " has no address"));
  return HostPort{found.front(), static_cast<uint16_t>(port)};
}

std::vector<proto::Preflight> TestMail(const HostPort& to, const std::string& ehlo_name,
                                       const WorkerConfig& config) {
  TestReport report;
  const std::string where =
      StrCat(to.address.is_v4() ? to.address.ToString() : StrCat("[", to.address.ToString(), "]"),
             ":", to.port);
  ConnectAttempt connected = Connect(to, config);
  if (connected.state != ConnectState::kConnected) {
    const bool silent = connected.outcome == Outcome::kSilent;
    report.Say("outbound 25", Line::FAIL,
               StrCat(where, silent ? " is silent" : " cannot be reached",
                      ": many providers filter port 25 until asked"));
    return report.Take();
  }
  report.Say("outbound 25", Line::PASS, where + " answers");
  MailTalker talker(std::move(connected.fd));
  TestDialogue(talker, ehlo_name, &report);
  return report.Take();
}

}  // namespace hark

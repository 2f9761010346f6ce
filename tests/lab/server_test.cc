#include "tests/lab/server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <thread>
#include <vector>

#include "tests/lab/own_network.h"
#include "tests/lab/running_lab.h"
#include "tests/lab/socket_name.h"

namespace hark::lab {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A blocking client. Waits end after ten seconds: a failure then, never a part of the test's plan.
class Client {
 public:
  Client(const RunningLab& lab, uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval patience{10, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(lab.address());
    name.sin_port = htons(port);
    error_ = ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&name), sizeof name) == 0 ? 0 : errno;
  }

  int connect_error() const { return error_; }
  void Say(std::string_view text) { ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL); }

  // Up to the end of what the server says; `error` is 0 after a FIN.
  std::string HearAll(int* error) {
    std::string out;
    char buffer[4096];
    ssize_t n = 0;
    while ((n = ::recv(fd_.get(), buffer, sizeof buffer, 0)) > 0) {
      out.append(buffer, static_cast<size_t>(n));
    }
    *error = n == 0 ? 0 : errno;
    return out;
  }
  std::string HearSome(size_t bytes) {
    std::string out(bytes, '\0');
    const ssize_t n = ::recv(fd_.get(), out.data(), bytes, MSG_WAITALL);
    out.resize(n > 0 ? static_cast<size_t>(n) : 0);
    return out;
  }
  // Nothing to hear now, though connected.
  bool HearsNothing() {
    char c = 0;
    return ::recv(fd_.get(), &c, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
  }

 private:
  UniqueFd fd_;
  int error_ = 0;
};

constexpr char kOddHost[] =
    "host ME\n"
    "port 22022 ssh behaviour=throttled\n"
    "port 22023 ssh behaviour=garbage\n"
    "port 22024 ssh behaviour=close-after-accept\n"
    "port 22025 ssh behaviour=reset-after-accept\n"
    "port 22026 ssh behaviour=accept-then-silent\n"
    "port 22027 ssh behaviour=tarpit\n"
    "port 22028 ssh behaviour=refuse\n"
    "port 22029 smtp behaviour=throttled\n"
    "port 22030 smtp\n";

TEST(Server, SaysNotNowThoughTheClientTalksAtTheSameTime) {
  const RunningLab lab(kOddHost);
  for (const auto& [port, words] :
       {std::pair<uint16_t, const char*>{22022, "Not allowed at this"}, {22029, "421 "}}) {
    Client client(lab, port);
    client.Say("SSH-2.0-eager\r\n");
    int error = 0;
    EXPECT_THAT(client.HearAll(&error), StartsWith(words));
    EXPECT_EQ(error, 0);
  }
}

TEST(Server, HangsUpOrResetsWhenAsked) {
  const RunningLab lab(kOddHost);
  int error = 0;
  EXPECT_EQ(Client(lab, 22024).HearAll(&error), "");
  EXPECT_EQ(error, 0);
  Client reset(lab, 22025);
  if (reset.connect_error() == 0) {
    reset.HearAll(&error);
    EXPECT_EQ(error, ECONNRESET);
  } else {
    EXPECT_EQ(reset.connect_error(), ECONNRESET);
  }
}

TEST(Server, SendsGarbageAndHangsUp) {
  const RunningLab lab(kOddHost);
  int error = 0;
  const std::string heard = Client(lab, 22023).HearAll(&error);
  EXPECT_EQ(heard.size(), 600U);
  EXPECT_EQ(error, 0);
}

TEST(Server, RefusesPortsAndServicesThatAreNotThere) {
  const RunningLab lab(kOddHost);
  EXPECT_EQ(Client(lab, 22028).connect_error(), ECONNREFUSED);
  EXPECT_EQ(Client(lab, 22999).connect_error(), ECONNREFUSED);
}

TEST(Server, DripsFromATarpitOneByteAtATime) {
  const RunningLab lab(kOddHost);
  Client client(lab, 22027);
  EXPECT_EQ(client.HearSome(2).size(), 2U);
  EXPECT_TRUE(client.HearsNothing());
}

TEST(Server, KeepsSilentAfterAcceptingUntilItsPatienceEnds) {
  ServerOptions options;
  options.idle = std::chrono::milliseconds(100);
  const RunningLab lab(kOddHost, options);
  Client client(lab, 22026);
  client.Say("hello?");
  int error = 0;
  EXPECT_EQ(client.HearAll(&error), "");
}

TEST(Server, ServesManyClientsAtOnce) {
  const RunningLab lab(kOddHost);
  std::vector<std::unique_ptr<Client>> clients;
  clients.reserve(200);
  for (int i = 0; i < 200; ++i) clients.push_back(std::make_unique<Client>(lab, 22030));
  for (auto& client : clients) client->Say("EHLO x\r\nQUIT\r\n");
  for (auto& client : clients) {
    int error = 0;
    EXPECT_THAT(client->HearAll(&error), HasSubstr("221 2.0.0 Bye"));
    EXPECT_EQ(error, 0);
  }
}

TEST(Server, ServesOnSeveralThreadsAtOnce) {
  ServerOptions options;
  options.threads = 4;
  const RunningLab lab(
      "host ME\nport 22030 smtp key=k\nport 22040 ssh keys=s,t\nkey t "
      "type=ecdsa-p256\n",
      options);
  std::vector<std::thread> clients;
  std::atomic<int> greeted{0};
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      for (int n = 0; n < 25; ++n) {
        int error = 0;
        Client mail(lab, 22030);
        Client ssh(lab, 22040);
        mail.Say("EHLO x\r\nQUIT\r\n");
        ssh.Say("SSH-2.0-x\r\n");
        greeted += mail.HearSome(4) == "220 " && ssh.HearSome(8) == "SSH-2.0-" ? 1 : 0;
        mail.HearAll(&error);
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(greeted, 200);
  EXPECT_EQ(lab.counters().accepted, 400U);
}

TEST(Server, ServesIpv6) {
  const UniqueFd probe(::socket(AF_INET6, SOCK_STREAM, 0));
  const KernelName any_port = ToKernel(*Address::Parse("::1"), 0);
  if (::bind(probe.get(), any_port.get(), any_port.size) != 0) GTEST_SKIP() << "no IPv6 here";
  const RunningLab lab("host ::1\nport 22041 smtp banner=six\n");
  const UniqueFd fd(::socket(AF_INET6, SOCK_STREAM, 0));
  const KernelName name = ToKernel(*Address::Parse("::1"), 22041);
  ASSERT_EQ(::connect(fd.get(), name.get(), name.size), 0);
  std::string said(9, '\0');
  ASSERT_EQ(::recv(fd.get(), said.data(), said.size(), MSG_WAITALL), 9);
  EXPECT_EQ(said, "220 six\r\n");
}

constexpr char kGuardedHost[] =
    "host ME\n"
    "port 22022 ssh keys=k behaviour=penalty noauth=16s\n"
    "port 22023 ssh keys=k behaviour=max-startups refusal=old\n";

TEST(Server, PunishesWhoLeavesWithoutALogin) {
  const RunningLab lab(kGuardedHost);
  int error = 0;
  Client first(lab, 22022);
  EXPECT_THAT(first.HearSome(8), StartsWith("SSH-2.0-"));
  first.Say("not ssh\r\n");
  first.HearAll(&error);
  Client second(lab, 22022);
  EXPECT_EQ(second.HearAll(&error), "Not allowed at this time\r\n");
  EXPECT_EQ(error, 0);
  EXPECT_EQ(lab.counters().penalties_active, 1U);
  EXPECT_EQ(lab.counters().refused_penalty, 1U);
}

TEST(Server, TakesOneClientAtATimeWhereStartupsAreOne) {
  const RunningLab lab(kGuardedHost);
  int error = 0;
  Client first(lab, 22023);
  EXPECT_THAT(first.HearSome(8), StartsWith("SSH-2.0-"));
  Client second(lab, 22023);
  EXPECT_EQ(second.HearAll(&error), "Exceeded MaxStartups\r\n");
  first.Say("not ssh\r\n");
  first.HearAll(&error);
  Client third(lab, 22023);
  EXPECT_THAT(third.HearSome(8), StartsWith("SSH-2.0-"));
}

TEST(Listeners, RefuseAddressesThatAreNotOfThisMachine) {
  Service service;
  service.port = 22031;
  service.protocol = Protocol::kSmtp;
  // 192.0.2.0/24 is for documentation (RFC 5737): nobody's address.
  const auto listeners =
      OpenListeners(ListenMode::kBound, {{Address::V4(0xc0000201), 22031, &service}}, {});
  ASSERT_FALSE(listeners.ok());
  EXPECT_EQ(listeners.status().code(), StatusCode::kInvalidInput);
  EXPECT_THAT(listeners.status().message(), HasSubstr("192.0.2.1:22031 is not an address of this"));
}

TEST(Listeners, SayWhichPortIsTaken) {
  const RunningLab lab(kOddHost);
  Service service;
  service.port = 22030;
  service.protocol = Protocol::kSmtp;
  const auto again =
      OpenListeners(ListenMode::kBound, {{Address::V4(lab.address()), 22030, &service}}, {});
  ASSERT_FALSE(again.ok());
  EXPECT_THAT(again.status().message(), HasSubstr(":22030: Address already in use"));
}

TEST(Listeners, AskForANetworkOfTheirOwnBeforeUsingWildcards) {
  if (InOwnNetwork()) GTEST_SKIP() << "this test's network is its own";
  const auto listeners = OpenListeners(ListenMode::kWildcard, {}, {});
  ASSERT_FALSE(listeners.ok());
  EXPECT_EQ(listeners.status().code(), StatusCode::kInvalidInput);
}

TEST(Filter, AcceptsOpenServicesDropsSilentOnesResetsTheRest) {
  Service open;
  Service silent;
  silent.behaviour = Behaviour::kSilent;
  const std::string rules = FilterRules({{Address::V4(0x7f100001), 25, &open},
                                         {Address::V4(0x7f100002), 22, &silent},
                                         {*Address::Parse("fd00::9"), 25, &open}});
  EXPECT_THAT(rules, HasSubstr("set open4 { type ipv4_addr . inet_service; elements = { 127.16.0.1 "
                               ". 25,\n"));
  EXPECT_THAT(rules, HasSubstr("set silent4 { type ipv4_addr . inet_service; elements = { "
                               "127.16.0.2 . 22,\n"));
  EXPECT_THAT(rules, HasSubstr("set open6 { type ipv6_addr . inet_service; elements = { fd00::9 "
                               ". 25,\n"));
  EXPECT_THAT(rules, HasSubstr("tcp dport != { 22, 25, } accept"));
}

}  // namespace
}  // namespace hark::lab

#include "worker/outbound_mail.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <future>
#include <map>

#include "base/log.h"
#include "worker/engine/engine_test_util.h"
#include "worker/preflight.h"

namespace hark {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

void WaitFor(int fd) {
  pollfd wait{fd, POLLIN, 0};
  HARK_CHECK(poll(&wait, 1, -1) == 1);
}

// Says what it was told to: first unasked, then one reply to each line that comes.
std::vector<std::string> LinesOfTest(const std::vector<std::string>& replies, std::string* heard) {
  LoopbackServer server;
  auto tested = std::async(std::launch::async, [&] {
    return TestMail({Address::V4(0x7f000001), server.port()}, "scan.example.org", {});
  });
  {
    WaitFor(server.fd());
    const UniqueFd peer = server.Accept();
    for (size_t i = 0; i < replies.size(); ++i) {
      if (i > 0) {
        WaitFor(peer.get());
        char line[512];
        const ssize_t n = recv(peer.get(), line, sizeof line, 0);
        if (n > 0) heard->append(line, static_cast<size_t>(n));
      }
      send(peer.get(), replies[i].data(), replies[i].size(), MSG_NOSIGNAL);
    }
  }
  std::vector<std::string> lines;
  for (const proto::Preflight& line : tested.get()) {
    EXPECT_LE(line.detail().size(), kMaxPreflightDetail);
    lines.push_back(PreflightLine(line));
  }
  return lines;
}

TEST(SelfTest, OfAMailServerSaysOneLineForEachStep) {
  std::string heard;
  EXPECT_THAT(LinesOfTest({"220-mx\r\n220 mx ESMTP\r\n", "250-mx\r\n250 starttls\r\n"}, &heard),
              ElementsAre(StartsWith("PASS outbound 25: 127.0.0.1:"), "PASS greeting: 220-mx",
                          "PASS ehlo: as scan.example.org: 250-mx", "PASS starttls: offered"));
  EXPECT_EQ(heard, "EHLO scan.example.org\r\n");
}

TEST(SelfTest, EndsWithWhatFails) {
  std::string heard;
  EXPECT_THAT(LinesOfTest({"554 go away\r\n"}, &heard),
              ElementsAre(StartsWith("PASS outbound"), "FAIL greeting: 554 go away"));
  EXPECT_THAT(LinesOfTest({"220 mx\r\n", "550 who?\r\n"}, &heard),
              ElementsAre(StartsWith("PASS"), "PASS greeting: 220 mx",
                          "FAIL ehlo: as scan.example.org: 550 who?"));
  EXPECT_THAT(LinesOfTest({"220 mx\r\n", "250 mx\r\n"}, &heard).back(),
              StartsWith("WARN starttls: not offered"));
}

TEST(SelfTest, TakesNothingHostileForAReply) {
  std::string heard;
  for (const std::string& greeting :
       {std::string("hello\r\n"), std::string("22\n"), std::string(), std::string(70'000, '2'),
        std::string("\n"), std::string("\xff\xff\xff 1\n")}) {
    EXPECT_THAT(LinesOfTest({greeting}, &heard).back(), StartsWith("FAIL greeting: no SMTP reply"));
  }
  EXPECT_THAT(LinesOfTest({"220 a\x1b[31mb" + std::string(5000, 'x') + "\n"}, &heard)[1],
              HasSubstr("a\\x1b[31mb"));
}

TEST(SelfTest, SaysThatNobodyAnswers) {
  const auto lines = TestMail({Address::V4(0x7f000001), LoopbackServer::ClosedPort()}, "x", {});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(PreflightLine(lines[0]), HasSubstr("FAIL outbound 25: 127.0.0.1:"));
}

class OneName final : public NameResolver {
 public:
  std::string NameOf(const Address&) override { return ""; }
  std::vector<Address> AddressesOf(const std::string& name) override {
    if (name != "mx.example.org") return {};
    return {*Address::Parse("192.0.2.9")};
  }
};

TEST(SelfTest, HostsAreAddressesOrNames) {
  OneName names;
  EXPECT_EQ(FindSelfTestHost("192.0.2.1", names)->port, 25);
  EXPECT_EQ(FindSelfTestHost("2001:db8::1", names)->address, *Address::Parse("2001:db8::1"));
  EXPECT_EQ(FindSelfTestHost("[2001:db8::1]:587", names)->port, 587);
  EXPECT_EQ(FindSelfTestHost("mx.example.org", names)->address, *Address::Parse("192.0.2.9"));
  EXPECT_EQ(FindSelfTestHost("mx.example.org:2525", names)->port, 2525);
  for (const char* text :
       {"", ":25", "nobody.example.org", "mx.example.org:0", "a b", "mx:99999"}) {
    EXPECT_FALSE(FindSelfTestHost(text, names).ok()) << text;
  }
}

}  // namespace
}  // namespace hark

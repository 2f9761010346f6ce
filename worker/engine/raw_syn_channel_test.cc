// The raw channel against the kernel's own TCP, in networks of the test's own. Skipped without
// root.

#include "worker/engine/raw_syn_channel.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <tuple>

#include "worker/engine/raw_privileges.h"
#include "worker/engine/raw_test_network.h"
#include "worker/engine/syn_cookie.h"

namespace hark {
namespace {

using ::testing::HasSubstr;
using Kind = SynReply::Kind;

const std::string kKey = "0123456789abcdef";
constexpr uint32_t kNear = 0x0a090001;
constexpr uint32_t kGateway = 0x0a090002;
constexpr uint32_t kFar = 0x0a100000;
constexpr int kPatienceMs = 20000;

class RawSynChannelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!net_.ok()) GTEST_SKIP() << "no network namespaces here";
  }
  std::unique_ptr<SynChannel> Open(SynOptions options = {}) {
    options.key = kKey;
    auto channel = OpenSynChannel(options);
    EXPECT_TRUE(channel.ok()) << channel.status().message();
    return channel.ok() ? std::move(*channel) : nullptr;
  }
  // The channel may make us wait for the gateway.
  static void SendAll(SynChannel& channel, std::span<const SynTarget> targets) {
    while (!targets.empty()) {
      targets = targets.subspan(channel.Send(targets));
      pollfd never{-1, 0, 0};
      if (!targets.empty()) poll(&never, 1, 1);
    }
  }
  // Until there are so many.
  static std::vector<SynReply> Hear(SynChannel& channel, size_t replies) {
    std::vector<SynReply> heard;
    while (heard.size() < replies) {
      pollfd wait{channel.receive_fd(), POLLIN, 0};
      if (poll(&wait, 1, kPatienceMs) != 1) break;
      channel.Receive(&heard);
    }
    std::sort(heard.begin(), heard.end(), [](const SynReply& a, const SynReply& b) {
      return std::tie(a.address, a.port) < std::tie(b.address, b.port);
    });
    return heard;
  }
  static void Expect(const SynReply& reply, Kind kind, uint32_t address, uint16_t port) {
    EXPECT_EQ(reply.kind, kind) << address << ' ' << port;
    EXPECT_EQ(reply.address, address);
    EXPECT_EQ(reply.port, port);
  }

  RawTestNetwork net_;
};

TEST_F(RawSynChannelTest, TellsAListenerFromAClosedPortAndFromNoHost) {
  ASSERT_TRUE(
      net_.RunFar("sysctl -qw net.ipv4.ip_forward=1 && ip route add unreachable 10.40.0.0/16 && "
                  "ip route add blackhole 10.41.0.0/16"));
  const UniqueFd listener = net_.ListenFar(25);
  const auto channel = Open();
  const uint32_t unreachable = 0x0a280007;
  const uint32_t silent = 0x0a290007;
  SendAll(*channel,
          std::vector<SynTarget>{{silent, 25}, {kFar + 7, 25}, {kFar + 7, 80}, {unreachable, 443}});
  const auto heard = Hear(*channel, 3);
  ASSERT_EQ(heard.size(), 3U);
  Expect(heard[0], Kind::kAnswered, kFar + 7, 25);
  Expect(heard[1], Kind::kRefused, kFar + 7, 80);
  Expect(heard[2], Kind::kUnreachable, unreachable, 443);
  EXPECT_EQ(channel->counts().sent, 4U);
  EXPECT_EQ(channel->counts().replies, 3U);
  EXPECT_EQ(channel->counts().strays, 0U);
  EXPECT_EQ(channel->counts().send_failures, 0U);
  EXPECT_TRUE(channel->failure().ok());
}

TEST_F(RawSynChannelTest, ReachesTheLinkAndThisMachineToo) {
  const UniqueFd far = net_.ListenFar(25);
  const UniqueFd own = RawTestNetwork::Listen(25);
  const auto channel = Open();
  SendAll(*channel, std::vector<SynTarget>{{kGateway, 25},
                                           {INADDR_LOOPBACK, 25},
                                           {kFar, 25},
                                           {kNear, 25},
                                           {kNear, 26},
                                           {kGateway, 26}});
  const auto heard = Hear(*channel, 6);
  ASSERT_EQ(heard.size(), 6U);
  Expect(heard[0], Kind::kAnswered, kNear, 25);
  Expect(heard[1], Kind::kRefused, kNear, 26);
  Expect(heard[2], Kind::kAnswered, kGateway, 25);
  Expect(heard[3], Kind::kRefused, kGateway, 26);
  Expect(heard[4], Kind::kAnswered, kFar, 25);
  Expect(heard[5], Kind::kAnswered, INADDR_LOOPBACK, 25);
  // Each is heard once, though the loopback sees what it sends.
  EXPECT_EQ(channel->counts().strays, 0U);
}

TEST_F(RawSynChannelTest, LosesNothingOfALargeSweep) {
  const auto channel = Open();
  std::vector<SynTarget> targets;
  for (uint32_t i = 0; i < 20000; ++i) targets.push_back({kFar + i, 80});
  SendAll(*channel, targets);
  const auto heard = Hear(*channel, targets.size());
  ASSERT_EQ(heard.size(), targets.size());
  for (size_t i = 0; i < heard.size(); ++i) {
    ASSERT_EQ(heard[i].address, targets[i].address);
    ASSERT_EQ(heard[i].kind, Kind::kRefused);
  }
  EXPECT_EQ(channel->counts().kernel_drops, 0U);
}

TEST_F(RawSynChannelTest, CountsWhatTheRingHadNoRoomFor) {
  const auto channel = Open();
  std::vector<SynTarget> targets;
  for (uint32_t i = 0; i < 40000; ++i) targets.push_back({kFar + i, 80});
  SendAll(*channel, targets);  // each is refused, and nobody listens
  std::vector<SynReply> heard;
  for (SynChannel::Counts now; now.replies + now.kernel_drops < targets.size();) {
    pollfd wait{channel->receive_fd(), POLLIN, 0};
    poll(&wait, 1, 10);
    channel->Receive(&heard);
    now = channel->counts();
  }
  EXPECT_GT(channel->counts().kernel_drops, 0U);
  EXPECT_EQ(channel->counts().replies + channel->counts().kernel_drops, targets.size());
  EXPECT_EQ(heard.size(), channel->counts().replies);
}

TEST_F(RawSynChannelTest, SendsFromAChosenAddressAndRange) {
  ASSERT_TRUE(RawTestNetwork::Run("ip addr add 10.9.0.77/24 dev near"));
  const UniqueFd listener = net_.ListenFar(25);
  SynOptions options;
  options.source = Address::V4(0x0a09004d);
  options.first_port = 5000;
  options.last_port = 5003;
  options.interface = "near";
  const auto channel = Open(options);
  // Only SYNs that come as told are let in.
  ASSERT_TRUE(net_.RunFar(
      "nft 'add table ip t; add chain ip t c { type filter hook input priority 0; policy drop; };"
      "add rule ip t c ip saddr 10.9.0.77 tcp sport 5000-5003 accept'"));
  SendAll(*channel, std::vector<SynTarget>{{kFar, 25}, {kFar + 1, 25}, {kGateway, 25}});
  EXPECT_EQ(Hear(*channel, 3).size(), 3U);
}

// A SYN and ACK of its own making.
std::string Forged(const SynFields& from, uint32_t acknowledges) {
  std::string packet(kSynPacketSize, '\0');
  WriteSyn(from, reinterpret_cast<uint8_t*>(packet.data()));
  const uint32_t number = htonl(acknowledges);
  std::memcpy(packet.data() + 28, &number, sizeof number);
  packet[33] = 0x12;
  return packet;
}

TEST_F(RawSynChannelTest, RefusesSixtyFiveThousandStrays) {
  SynOptions options;
  options.first_port = 5000;
  options.last_port = 5039;
  const auto channel = Open(options);
  const SynCookie cookie = SynCookies(kKey, 5000, 5039).Of(kNear, kFar, 25);
  const UniqueFd forger =
      net_.InFar([] { return UniqueFd(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW)); });
  sockaddr_in near{};
  near.sin_family = AF_INET;
  near.sin_addr.s_addr = htonl(kNear);
  std::vector<SynReply> heard;
  for (uint32_t i = 0; i <= 65536; ++i) {  // the last one is right
    const std::string packet = Forged(
        {.source = kFar, .target = kNear, .source_port = 25, .target_port = cookie.source_port},
        cookie.sequence + 1 - 65536 + i);
    ASSERT_EQ(sendto(forger.get(), packet.data(), packet.size(), 0,
                     reinterpret_cast<sockaddr*>(&near), sizeof near),
              ssize_t{kSynPacketSize});
    if (i % 1024 == 1023) channel->Receive(&heard);
  }
  EXPECT_TRUE(heard.empty());
  heard = Hear(*channel, 1);
  ASSERT_EQ(heard.size(), 1U);
  Expect(heard[0], Kind::kAnswered, kFar, 25);
  EXPECT_EQ(channel->counts().strays, 65536U);
  EXPECT_EQ(channel->counts().replies, 1U);
}

TEST_F(RawSynChannelTest, OtherTrafficIsNotSeen) {
  const UniqueFd listener = net_.ListenFar(25);
  const auto channel = Open();
  for (int i = 0; i < 100; ++i) {  // connections of the kernel's own, open and refused
    const UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(i % 2 == 0 ? 25 : 26);
    to.sin_addr.s_addr = htonl(kFar);
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), i % 2 == 0 ? 0 : -1);
  }
  std::vector<SynReply> heard;
  EXPECT_FALSE(channel->Receive(&heard));
  EXPECT_TRUE(heard.empty());
  EXPECT_EQ(channel->counts().strays, 0U);
  pollfd quiet{channel->receive_fd(), POLLIN, 0};
  EXPECT_EQ(poll(&quiet, 1, 0), 0);
}

TEST_F(RawSynChannelTest, WorksOnAnInterfaceWithoutLinkAddresses) {
  const UniqueFd tun(open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  ifreq request{};
  std::strcpy(request.ifr_name, "plain");
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (!tun.valid() || ioctl(tun.get(), TUNSETIFF, &request) != 0) GTEST_SKIP() << "no tun here";
  ASSERT_TRUE(RawTestNetwork::Run(
      "ip addr add 10.8.0.1/24 dev plain && ip link set plain up && "
      "ip route add 10.50.0.0/16 dev plain && ip route add 10.51.0.0/16 via 10.8.0.2"));
  const auto channel = Open();
  const std::vector<SynTarget> targets = {{0x0a320001, 25}, {0x0a330001, 25}};
  SendAll(*channel, targets);
  for (size_t got = 0; got < targets.size();) {
    pollfd wait{tun.get(), POLLIN, 0};
    ASSERT_EQ(poll(&wait, 1, kPatienceMs), 1);
    std::string packet(2048, '\0');
    const ssize_t n = read(tun.get(), packet.data(), packet.size());
    if (n != ssize_t{kSynPacketSize} || packet[9] != 6) continue;  // the interface's own
    uint32_t to = 0;
    uint32_t sequence = 0;
    uint16_t port = 0;
    std::memcpy(&to, packet.data() + 16, 4);
    std::memcpy(&port, packet.data() + 20, 2);
    std::memcpy(&sequence, packet.data() + 24, 4);
    EXPECT_EQ(ntohl(to), targets[got++].address);
    const std::string answer = Forged(
        {.source = ntohl(to), .target = 0x0a080001, .source_port = 25, .target_port = ntohs(port)},
        ntohl(sequence) + 1);
    ASSERT_EQ(write(tun.get(), answer.data(), answer.size()), ssize_t{kSynPacketSize});
  }
  const auto heard = Hear(*channel, 2);
  ASSERT_EQ(heard.size(), 2U);
  Expect(heard[0], Kind::kAnswered, targets[0].address, 25);
  Expect(heard[1], Kind::kAnswered, targets[1].address, 25);
}

TEST_F(RawSynChannelTest, WhatHasNoRouteFailsByItself) {
  ASSERT_TRUE(RawTestNetwork::Run("ip route add unreachable 10.60.0.0/16"));
  const UniqueFd listener = net_.ListenFar(25);
  const auto channel = Open();
  SendAll(*channel, std::vector<SynTarget>{{0x0a3c0001, 25}, {kFar, 25}, {0x0a3c0002, 25}});
  EXPECT_EQ(Hear(*channel, 1).size(), 1U);
  EXPECT_EQ(channel->counts().sent, 1U);
  EXPECT_EQ(channel->counts().send_failures, 2U);
  EXPECT_TRUE(channel->failure().ok());
}

TEST_F(RawSynChannelTest, TakesEachTargetsOwnWay) {
  ASSERT_TRUE(RawTestNetwork::Run(
      "ip link add second link near type macvlan mode bridge && ip link set second up && "
      "ip addr add 10.10.0.1/24 dev second && ip route add 10.17.0.0/16 via 10.10.0.2 && "
      "ip route add 10.18.0.0/16 via 10.9.0.3"));
  ASSERT_TRUE(net_.RunFar("ip addr add 10.10.0.2/24 dev far && ip addr add 10.9.0.3/24 dev far"));
  const auto channel = Open();
  std::vector<SynTarget> targets;
  for (uint32_t i = 0; i < 300; ++i) {  // by turns: no two in a row go together
    targets.push_back({0x0a100000 + i, 25});
    targets.push_back({0x0a110000 + i, 25});
    targets.push_back({0x0a120000 + i, 25});
    targets.push_back({INADDR_LOOPBACK + i, 25});
  }
  SendAll(*channel, targets);
  EXPECT_EQ(Hear(*channel, targets.size()).size(), targets.size());
  EXPECT_EQ(channel->counts().sent, targets.size());
}

TEST_F(RawSynChannelTest, GoesOnWhenAGatewayIsNotThere) {
  ASSERT_TRUE(RawTestNetwork::Run("ip route add 10.17.0.0/16 via 10.9.0.99"));
  const auto channel = Open();
  const SynTarget lost = {0x0a110001, 25};
  // One makes the kernel ask, the others wait with it.
  EXPECT_EQ(channel->Send(std::vector<SynTarget>{lost, lost, lost}), 1U);
  EXPECT_EQ(channel->Send(std::vector<SynTarget>{lost, lost}), 0U);
  SendAll(*channel, std::vector<SynTarget>{lost, {kFar, 25}});
  EXPECT_EQ(Hear(*channel, 1).size(), 1U);
}

TEST_F(RawSynChannelTest, MakesTheKernelAskAfterAGatewayNotHeardOfLately) {
  SendAll(*Open(), std::vector<SynTarget>{{kFar, 25}, {kFar, 25}});  // two: it is known by then
  ASSERT_TRUE(RawTestNetwork::Run("ip neigh change 10.9.0.2 dev near nud stale"));
  const auto channel = Open();
  SendAll(*channel, std::vector<SynTarget>{{kFar, 25}, {kFar + 1, 25}});
  EXPECT_EQ(Hear(*channel, 2).size(), 2U);
  EXPECT_TRUE(RawTestNetwork::Run("! ip neigh show 10.9.0.2 | grep -q STALE"));
}

TEST_F(RawSynChannelTest, FindsItsWayAgainOnceTheInterfaceIsBack) {
  const auto channel = Open();
  SendAll(*channel, std::vector<SynTarget>{{kFar, 25}});
  EXPECT_EQ(Hear(*channel, 1).size(), 1U);
  ASSERT_TRUE(RawTestNetwork::Run("ip link set near down"));
  SendAll(*channel, std::vector<SynTarget>{{kFar, 25}});
  EXPECT_EQ(channel->counts().send_failures, 1U);
  ASSERT_TRUE(RawTestNetwork::Run("ip link set near up && ip route add default via 10.9.0.2"));
  std::vector<SynReply> heard;
  while (heard.empty()) {  // the test's time-out is the limit
    SendAll(*channel, std::vector<SynTarget>{{kFar, 25}});
    pollfd wait{channel->receive_fd(), POLLIN, 0};
    poll(&wait, 1, 20);
    channel->Receive(&heard);
  }
  EXPECT_TRUE(channel->failure().ok());
}

TEST_F(RawSynChannelTest, NeedsNoPrivilegeOnceItIsOpen) {
  const UniqueFd listener = net_.ListenFar(25);
  // Capabilities are a thread's, and this one does not get them back.
  std::thread([&] {
    const auto channel = Open();
    EXPECT_TRUE(MayOpenRawSockets());
    const Status dropped = DropRawPrivileges();
    EXPECT_TRUE(dropped.ok()) << dropped.message();
    EXPECT_TRUE(DropRawPrivileges().ok());
    EXPECT_FALSE(MayOpenRawSockets());
    EXPECT_LT(socket(AF_INET, SOCK_RAW, IPPROTO_RAW), 0);
    SendAll(*channel, std::vector<SynTarget>{{kFar, 25}, {kGateway, 25}, {kNear, 1}});
    EXPECT_EQ(Hear(*channel, 3).size(), 3U);
    const auto again = OpenSynChannel({.key = kKey});
    EXPECT_EQ(again.status().code(), StatusCode::kInvalidInput);
    EXPECT_THAT(again.status().message(), HasSubstr("CAP_NET_RAW"));
  }).join();
  EXPECT_TRUE(MayOpenRawSockets());
}

TEST_F(RawSynChannelTest, NeedsNothingButNetRawToOpen) {
  std::thread([&] {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct only[2] = {{1U << CAP_NET_RAW, 1U << CAP_NET_RAW, 0}, {}};
    ASSERT_EQ(syscall(SYS_capset, &header, only), 0);
    SynOptions options;
    options.source = Address::V4(kNear);
    options.interface = "near";
    const auto channel = Open(options);
    ASSERT_NE(channel, nullptr);
    SendAll(*channel, std::vector<SynTarget>{{kFar, 25}, {kGateway, 25}});
    EXPECT_EQ(Hear(*channel, 2).size(), 2U);
  }).join();
}

TEST_F(RawSynChannelTest, TwoChannelsTakeDifferentPorts) {
  const UniqueFd listener = net_.ListenFar(25);
  const auto one = Open();
  const auto two = Open();
  SendAll(*one, std::vector<SynTarget>{{kFar, 25}});
  SendAll(*two, std::vector<SynTarget>{{kFar, 25}});
  EXPECT_EQ(Hear(*one, 1).size(), 1U);
  EXPECT_EQ(Hear(*two, 1).size(), 1U);
  EXPECT_EQ(one->counts().strays + two->counts().strays, 0U);
}

TEST_F(RawSynChannelTest, SaysWhatTheOperatorCanMend) {
  const UniqueFd taken = RawTestNetwork::Listen(5002);
  const auto error_of = [](SynOptions options) {
    options.key = kKey;
    const auto channel = OpenSynChannel(options);
    EXPECT_EQ(channel.status().code(), StatusCode::kInvalidInput);
    return channel.status().message();
  };
  EXPECT_THAT(error_of({.first_port = 5000, .last_port = 5010}), HasSubstr("5002 is taken"));
  EXPECT_THAT(error_of({.first_port = 5000, .last_port = 6000}), HasSubstr("more than 256"));
  EXPECT_THAT(error_of({.first_port = 6, .last_port = 5}), HasSubstr("not a range"));
  EXPECT_THAT(error_of({.interface = "eth99"}), HasSubstr("eth99"));
  EXPECT_THAT(error_of({.source = Address::V4(0x0a090005)}), HasSubstr("10.9.0.5"));
  EXPECT_THAT(error_of({.source = Address::Parse("::1")}), HasSubstr("IPv4"));
}

}  // namespace
}  // namespace hark

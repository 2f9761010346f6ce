#include "worker/engine/source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "worker/engine/engine_test_util.h"
#include "worker/engine/tcp_connect.h"

namespace hark {
namespace {

using Ports = SourceBinder::Ports;
const Address kHome = Address::V4(0x7f000001);
const Address kHome6 = *Address::Parse("::1");

// Where a connection to the server comes from; 0 when there is none.
uint16_t ConnectFrom(LoopbackServer& server, const Address& to, SourceBinder& source,
                     std::vector<UniqueFd>* kept) {
  ConnectAttempt attempt = StartConnect(to, server.port(), source);
  if (attempt.state != ConnectState::kConnected) return 0;
  uint16_t from = 0;
  kept->push_back(server.Accept(&from));
  kept->push_back(std::move(attempt.fd));
  return from;
}

class SourcePortsTest : public ::testing::TestWithParam<Ports> {
 protected:
  void SetUp() override {
    if (GetParam() == Ports::kKernel && SourceBinder(Range(1)).ports() != Ports::kKernel) {
      GTEST_SKIP() << "this kernel has no IP_LOCAL_PORT_RANGE, or keeps these ports from it";
    }
  }
  // Each way has ports of its own: the kernel's must be among its own, those in turn are best not.
  static uint16_t First() { return GetParam() == Ports::kKernel ? 42000 : 21000; }
  static Source Range(uint16_t count) {
    return {.first_port = First(), .last_port = static_cast<uint16_t>(First() + count - 1)};
  }
};

TEST_P(SourcePortsTest, ConnectionsComeFromTheRange) {
  LoopbackServer server;
  LoopbackServer server6(kHome6, 64);
  SourceBinder source(Range(50), GetParam());
  std::vector<UniqueFd> kept;
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(ConnectFrom(server, kHome, source, &kept),
                ::testing::AllOf(::testing::Ge(First()), ::testing::Le(First() + 49)));
    EXPECT_THAT(ConnectFrom(server6, kHome6, source, &kept),
                ::testing::AllOf(::testing::Ge(First()), ::testing::Le(First() + 49)));
  }
}

TEST_P(SourcePortsTest, OnePortServesManyDestinationsButEachOnce) {
  LoopbackServer first;
  LoopbackServer second;
  SourceBinder source(Range(1), GetParam());
  std::vector<UniqueFd> kept;
  EXPECT_EQ(ConnectFrom(first, kHome, source, &kept), First());
  EXPECT_EQ(ConnectFrom(second, kHome, source, &kept), First());
  // The same pair of ends again: our side has no room, which says nothing about the peer.
  const ConnectAttempt again = StartConnect(kHome, first.port(), source);
  EXPECT_EQ(again.state, ConnectState::kNoRoom);
  EXPECT_EQ(again.error_number, EADDRNOTAVAIL);
  EXPECT_EQ(again.outcome, Outcome::kLocalError);
}

INSTANTIATE_TEST_SUITE_P(Ways, SourcePortsTest, ::testing::Values(Ports::kKernel, Ports::kInTurn),
                         [](const auto& way) {
                           return way.param == Ports::kKernel ? "Kernel" : "InTurn";
                         });

TEST(SourceTest, PortsTheKernelWouldNotTakeGoInTurn) {
  EXPECT_EQ(SourceBinder(Source()).ports(), Ports::kAny);
  EXPECT_EQ(SourceBinder({.first_port = 2000, .last_port = 2100}).ports(), Ports::kInTurn);
}

TEST(SourceTest, EachFamilyHasItsOwnAddress) {
  LoopbackServer server;
  LoopbackServer server6(kHome6, 64);
  SourceBinder source({.v4 = Address::V4(0x7f000009)});
  std::vector<UniqueFd> kept;
  EXPECT_NE(ConnectFrom(server, kHome, source, &kept), 0);
  EXPECT_NE(ConnectFrom(server6, kHome6, source, &kept), 0);
  sockaddr_in peer{};
  socklen_t size = sizeof peer;
  ASSERT_EQ(getpeername(kept[0].get(), reinterpret_cast<sockaddr*>(&peer), &size), 0);
  EXPECT_EQ(ntohl(peer.sin_addr.s_addr), 0x7f000009U);
}

TEST(SourceTest, AnAddressOfAnotherMachineIsRefusedAtOnce) {
  EXPECT_TRUE(CheckSource({.v4 = kHome, .v6 = kHome6}).ok());
  EXPECT_EQ(CheckSource({.v4 = Address::V4(0x08080808)}).code(), StatusCode::kInvalidInput);
  EXPECT_EQ(CheckSource({.v6 = *Address::Parse("2001:db8::1")}).code(), StatusCode::kInvalidInput);
}

}  // namespace
}  // namespace hark

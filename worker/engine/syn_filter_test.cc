#include "worker/engine/syn_filter.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

#include "base/random.h"
#include "base/strings.h"
#include "base/unique_fd.h"
#include "worker/engine/syn_packet.h"

namespace hark {
namespace {

// The kernel's own interpreter, over datagrams of a socket pair instead of packets: no privileges.
class KernelFilter {
 public:
  explicit KernelFilter(std::vector<sock_filter> code) {
    int pair[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    in_ = UniqueFd(pair[0]);
    out_ = UniqueFd(pair[1]);
    const sock_fprog program{static_cast<uint16_t>(code.size()), code.data()};
    EXPECT_EQ(setsockopt(out_.get(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), 0);
  }

  // How many bytes get through.
  size_t Keeps(const std::string& packet) {
    // A datagram the filter refuses is EPERM to its sender.
    if (send(in_.get(), packet.data(), packet.size(), 0) < 0) {
      EXPECT_EQ(errno, EPERM);
      return 0;
    }
    std::string got(2048, '\0');
    const ssize_t n = recv(out_.get(), got.data(), got.size(), 0);
    return n > 0 ? static_cast<size_t>(n) : 0;
  }

 private:
  UniqueFd in_;
  UniqueFd out_;
};

std::string Bytes16(uint16_t v) {
  return {static_cast<char>(v >> 8), static_cast<char>(v)};
}

std::string Ip(uint8_t protocol, const std::string& payload, size_t options = 0) {
  std::string ip(20 + options, '\0');
  ip[0] = static_cast<char>(0x45 + options / 4);
  ip[6] = 0x40;
  ip[9] = static_cast<char>(protocol);
  return ip + payload;
}

std::string Tcp(uint16_t from, uint16_t to, uint8_t flags) {
  std::string tcp = Bytes16(from) + Bytes16(to) + std::string(16, '\0');
  tcp[13] = static_cast<char>(flags);
  return tcp;
}

std::string Icmp(uint8_t type, const std::string& quoted) {
  return static_cast<char>(type) + std::string(7, '\0') + quoted;
}

TEST(SynFilterTest, LetsThroughWhatMayAnswerASyn) {
  KernelFilter filter(SynReplyFilter(61000, 61039));
  for (const uint16_t port : {61000, 61017, 61039}) {
    EXPECT_GT(filter.Keeps(Ip(6, Tcp(25, port, 0x12))), 0U);
    EXPECT_GT(filter.Keeps(Ip(6, Tcp(25, port, 0x14))), 0U);
    EXPECT_GT(filter.Keeps(Ip(6, Tcp(25, port, 0x12), 40)), 0U);
    for (const uint8_t type : {3, 11, 12}) {
      EXPECT_GT(filter.Keeps(Ip(1, Icmp(type, Ip(6, Tcp(port, 25, 2))))), 0U);
      EXPECT_GT(filter.Keeps(Ip(1, Icmp(type, Ip(6, Tcp(port, 25, 2), 40)), 40)), 0U);
    }
  }
}

TEST(SynFilterTest, KeepsOutEverythingElse) {
  KernelFilter filter(SynReplyFilter(61000, 61039));
  for (const uint16_t port : {60999, 61040, 25}) {
    EXPECT_EQ(filter.Keeps(Ip(6, Tcp(61000, port, 0x12))), 0U);
    EXPECT_EQ(filter.Keeps(Ip(1, Icmp(3, Ip(6, Tcp(port, 61000, 2))))), 0U);
  }
  for (const uint8_t flags : {0x00, 0x01, 0x02, 0x08, 0x10, 0x11, 0x18}) {
    EXPECT_EQ(filter.Keeps(Ip(6, Tcp(25, 61000, flags))), 0U) << int{flags};
  }
  EXPECT_EQ(filter.Keeps(Ip(17, Tcp(25, 61000, 0x12))), 0U);
  EXPECT_EQ(filter.Keeps(Ip(1, Icmp(0, Ip(6, Tcp(61000, 25, 2))))), 0U);
  EXPECT_EQ(filter.Keeps(Ip(1, Icmp(3, Ip(17, Tcp(61000, 25, 2))))), 0U);
  std::string fragment = Ip(6, Tcp(25, 61000, 0x12));
  fragment[7] = 1;
  EXPECT_EQ(filter.Keeps(fragment), 0U);
  EXPECT_EQ(filter.Keeps(Ip(6, "")), 0U);
  EXPECT_EQ(filter.Keeps("\x45"), 0U);
}

TEST(SynFilterTest, CutsWhatIsLongerThanWeRead) {
  KernelFilter filter(SynReplyFilter(61000, 61039));
  EXPECT_EQ(filter.Keeps(Ip(6, Tcp(25, 61000, 0x12) + std::string(1000, 'x'))), kSynReplyKept);
}

// Whatever the parser takes for an answer to one of our ports, the filter lets through.
TEST(SynFilterTest, LosesNothingThatTheParserUnderstands) {
  KernelFilter filter(SynReplyFilter(61000, 61039));
  Random random(3);
  const std::vector<std::string> seeds = {
      Ip(6, Tcp(25, 61000, 0x12)), Ip(6, Tcp(25, 61039, 0x14), 8),
      Ip(1, Icmp(3, Ip(6, Tcp(61020, 25, 2)))), Ip(1, Icmp(11, Ip(6, Tcp(61020, 25, 2), 12)), 4)};
  size_t understood = 0;
  for (int i = 0; i < 50000; ++i) {
    std::string packet = seeds[random.Below(seeds.size())];
    for (uint64_t n = random.Below(4); n > 0; --n) {
      packet[random.Below(packet.size())] = static_cast<char>(random.Next());
    }
    const auto found = ParseSynReply(packet);
    const bool ours = found && found->source_port >= 61000 && found->source_port <= 61039;
    understood += ours ? 1 : 0;
    if (ours) {
      ASSERT_GT(filter.Keeps(packet), 0U) << HexEncode(packet);
    }
  }
  EXPECT_GT(understood, 10000U);
}

}  // namespace
}  // namespace hark

#include "bus/connection_guard.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>

#include "base/unique_fd.h"

namespace hark {
namespace {

// A listener of our own and what connects to it; both ends are this process's.
class ConnectionGuardTest : public testing::Test {
 protected:
  struct Pair {
    UniqueFd theirs, ours;
  };

  void SetUp() override {
    listener_ = UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
    socklen_t size = sizeof address_;
    getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address_), &size);
    ASSERT_EQ(listen(listener_.get(), 64), 0);
  }

  Pair Connect() {
    Pair pair;
    pair.theirs = UniqueFd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(pair.theirs.get(), reinterpret_cast<sockaddr*>(&address_), sizeof address_),
              0);
    pair.ours = UniqueFd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    EXPECT_TRUE(pair.ours.valid());
    return pair;
  }
  // Hung up on, that is.
  static bool IsCut(const Pair& pair) {
    char byte;
    return recv(pair.theirs.get(), &byte, 1, MSG_DONTWAIT) == 0;
  }
  static void Send(const Pair& pair, size_t bytes) {
    const std::string data(64 << 10, 'x');
    std::string sink(data.size(), '\0');
    for (size_t sent = 0; sent < bytes; sent += data.size()) {
      ASSERT_EQ(send(pair.theirs.get(), data.data(), data.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(data.size()));
      ASSERT_EQ(recv(pair.ours.get(), sink.data(), sink.size(), MSG_WAITALL),
                static_cast<ssize_t>(sink.size()));
    }
  }

  UniqueFd listener_;
  sockaddr_in address_{};
  MonoTime now_{std::chrono::hours(1)};
};

TEST_F(ConnectionGuardTest, CutsWhatSaysNothingAndLeavesWhatTalks) {
  ConnectionGuard guard({ntohs(address_.sin_port)}, 100);
  const Pair silent = Connect(), talks = Connect();
  guard.Inspect(now_);
  now_ += ConnectionGuard::kPatience;
  guard.Heard(talks.ours.get());
  guard.Inspect(now_);
  EXPECT_FALSE(IsCut(silent));
  now_ += std::chrono::milliseconds(1);
  guard.Inspect(now_);
  EXPECT_TRUE(IsCut(silent));
  EXPECT_FALSE(IsCut(talks));
  EXPECT_EQ(guard.cut(), 1U);
  now_ += ConnectionGuard::kPatience;
  guard.Inspect(now_);
  EXPECT_TRUE(IsCut(talks));
}

TEST_F(ConnectionGuardTest, CutsWhatSendsWithoutEverEndingAMessage) {
  ConnectionGuard guard({ntohs(address_.sin_port)}, 100);
  const Pair stranger = Connect(), worker = Connect();
  guard.Heard(worker.ours.get());
  guard.Inspect(now_);
  Send(stranger, ConnectionGuard::kUnheardBytes + (64 << 10));
  Send(worker, ConnectionGuard::kUnheardBytes + (64 << 10));
  guard.Inspect(now_);
  EXPECT_TRUE(IsCut(stranger));
  EXPECT_FALSE(IsCut(worker));
  guard.Heard(worker.ours.get());  // a message has ended: counted from here
  guard.Inspect(now_);
  Send(worker, ConnectionGuard::kHeardBytes);
  guard.Inspect(now_);
  EXPECT_FALSE(IsCut(worker));
  Send(worker, 64 << 10);
  guard.Inspect(now_);
  EXPECT_TRUE(IsCut(worker));
}

TEST_F(ConnectionGuardTest, CutsTheOldestOfTooManyStrangers) {
  ConnectionGuard guard({ntohs(address_.sin_port)}, 2);
  const Pair worker = Connect();
  guard.Heard(worker.ours.get());
  guard.Inspect(now_);
  const Pair first = Connect();
  guard.Inspect(now_ += std::chrono::seconds(1));
  const Pair second = Connect();
  guard.Inspect(now_ += std::chrono::seconds(1));
  const Pair third = Connect();
  guard.Inspect(now_ += std::chrono::seconds(1));
  EXPECT_TRUE(IsCut(first));
  for (const Pair* pair : {&worker, &second, &third}) EXPECT_FALSE(IsCut(*pair));
}

TEST_F(ConnectionGuardTest, LooksAtNothingButItsOwnPorts) {
  ConnectionGuard guard({1}, 0);
  const Pair other = Connect();
  guard.Inspect(now_);
  guard.Inspect(now_ + ConnectionGuard::kPatience * 2);
  EXPECT_FALSE(IsCut(other));
  EXPECT_EQ(guard.open(), 0U);
}

TEST_F(ConnectionGuardTest, ADescriptorUsedAgainIsAnotherConnection) {
  ConnectionGuard guard({ntohs(address_.sin_port)}, 100);
  Pair first = Connect();
  const int fd = first.ours.get();
  guard.Inspect(now_);
  first = Pair();
  const Pair second = Connect();
  if (second.ours.get() != fd && second.theirs.get() != fd) GTEST_SKIP() << "not used again";
  now_ += ConnectionGuard::kPatience + std::chrono::seconds(1);
  guard.Inspect(now_);
  EXPECT_FALSE(IsCut(second));
}

}  // namespace
}  // namespace hark

#pragma once

// Two networks of a test's own, joined by a veth pair. The test stands in the near one (10.9.0.1,
// default route through 10.9.0.2); the far one is 10.9.0.2 and all of 10.16.0.0/12. Needs root.

#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <future>
#include <string>
#include <thread>
#include <type_traits>

#include "base/log.h"
#include "base/strings.h"
#include "base/unique_fd.h"

namespace hark {

class RawTestNetwork {
 public:
  RawTestNetwork() : home_(OwnNetwork()) {
    if (!home_.valid() || unshare(CLONE_NEWNET) != 0) return;
    near_ = OwnNetwork();
    std::promise<pid_t> made;
    far_thread_ = std::thread([&] {
      const bool done = unshare(CLONE_NEWNET) == 0;
      far_ = OwnNetwork();
      made.set_value(done ? gettid() : 0);
      finish_.get_future().wait();  // until veth has moved to this thread's network
    });
    const pid_t far = made.get_future().get();
    ok_ = far != 0 && Run("ip link set lo up") && Join(far);
    finish_.set_value();
    far_thread_.join();
  }
  ~RawTestNetwork() {
    if (near_.valid()) HARK_CHECK(setns(home_.get(), CLONE_NEWNET) == 0);
  }

  // False: not permitted here.
  bool ok() const { return ok_; }

  static bool Run(const std::string& command) {
    return std::system(command.c_str()) ==
           0;  // NOLINT(concurrency-mt-unsafe): from one thread only
  }
  bool RunFar(const std::string& command) {
    return InFar([&] { return Run(command); });
  }
  // What is opened inside stays there.
  template <typename F>
  std::invoke_result_t<F> InFar(F&& f) {
    HARK_CHECK(setns(far_.get(), CLONE_NEWNET) == 0);
    auto result = f();
    HARK_CHECK(setns(near_.get(), CLONE_NEWNET) == 0);
    return result;
  }
  // Accepts at any address of the far network.
  UniqueFd ListenFar(uint16_t port) {
    return InFar([&] { return Listen(port); });
  }
  static UniqueFd Listen(uint16_t port) {
    UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    HARK_CHECK(bind(fd.get(), reinterpret_cast<sockaddr*>(&where), sizeof where) == 0);
    HARK_CHECK(listen(fd.get(), 1024) == 0);
    return fd;
  }

 private:
  static UniqueFd OwnNetwork() {
    return UniqueFd(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  }
  bool Join(pid_t far) {
    return Run(StrCat("ip link add near type veth peer name far netns ", far)) &&
           Run("ip addr add 10.9.0.1/24 dev near && ip link set near up") &&
           RunFar(
               "ip link set lo up && ip addr add 10.9.0.2/24 dev far && ip link set far up && "
               "ip route add local 10.16.0.0/12 dev lo") &&
           Run("ip route add default via 10.9.0.2");
  }

  UniqueFd home_;
  UniqueFd near_;
  UniqueFd far_;
  std::promise<void> finish_;
  std::thread far_thread_;
  bool ok_ = false;
};

}  // namespace hark

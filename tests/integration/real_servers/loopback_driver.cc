#include "tests/integration/real_servers/loopback_driver.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/unique_fd.h"

namespace hark {
namespace {

UniqueFd Connect(uint16_t port) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fd.Reset();
  }
  return fd;
}

void SendAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

// Waits for the peer or the deadline and tells the probe.
void Listen(int fd, Probe& probe, const Clock& clock) {
  pollfd waiting = {fd, POLLIN, 0};
  const int64_t left = ToMillis(probe.deadline() - clock.Now()) + 1;
  const int ready = poll(&waiting, 1, static_cast<int>(std::clamp<int64_t>(left, 0, 60'000)));
  const MonoTime now = clock.Now();
  if (ready == 0) {
    if (now >= probe.deadline()) probe.OnDeadline(now);
    return;
  }
  char buffer[16384];
  const ssize_t size = recv(fd, buffer, sizeof buffer, 0);
  if (size > 0) {
    probe.OnBytes({buffer, static_cast<size_t>(size)}, now);
  } else if (size == 0) {
    probe.OnEof(now);
  } else if (errno != EINTR) {
    probe.OnReset(now);
  }
}

}  // namespace

ProbeOptions LoopbackOptions() {
  ProbeOptions options;
  options.pause_min = options.pause_max = std::chrono::milliseconds(1);
  options.ehlo_name = "[127.0.0.1]";
  options.contact = "test@hark.example";
  return options;
}

PortObservation PlaySurvey(PortSurvey& survey, uint16_t port) {
  const SystemClock clock;
  while (Probe* probe = survey.Next()) {
    const UniqueFd fd = Connect(port);
    if (!fd.valid()) {
      survey.OnConnectFailed(Outcome::kRefused, clock.Now());
      continue;
    }
    probe->OnConnected(clock.Now());
    while (!probe->done()) {
      SendAll(fd.get(), probe->TakeOutput());
      Listen(fd.get(), *probe, clock);
    }
    SendAll(fd.get(), probe->TakeOutput());
    survey.OnProbeDone(clock.Now());
  }
  return survey.Finish();
}

PortObservation Survey(uint16_t port, Protocol protocol, const ProbeOptions& options) {
  SurveyFactory factory(options);
  return PlaySurvey(*factory.Make(port, protocol), port);
}

}  // namespace hark

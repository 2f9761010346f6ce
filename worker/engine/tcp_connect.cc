#include "worker/engine/tcp_connect.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "worker/engine/socket_address.h"

namespace hark {
namespace {

// The kernel repeats a SYN after 1 and 3 s; a third repeat at 7 s would come after our deadline.
constexpr int kSynRepeats = 2;

void SetOption(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof value);
}

}  // namespace

ConnectAttempt ConnectFailure(int error_number) {
  ConnectAttempt attempt;
  attempt.state = ConnectState::kFailed;
  attempt.error_number = error_number;
  switch (error_number) {
    case ECONNREFUSED:
      attempt.outcome = Outcome::kRefused;
      break;
    case ECONNRESET:  // RST after the handshake but before we looked
    case EPIPE:
      attempt.outcome = Outcome::kReset;
      break;
    case ETIMEDOUT:
      attempt.outcome = Outcome::kSilent;
      break;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
    case ENONET:
    case ENOPROTOOPT:
    case EPROTO:
      attempt.outcome = Outcome::kUnreachable;
      break;
    case EADDRNOTAVAIL:  // no local port left
    case EADDRINUSE:
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EAGAIN:
      attempt.state = ConnectState::kNoRoom;
      attempt.outcome = Outcome::kLocalError;
      break;
    default:  // EACCES, EPERM, EINVAL, EAFNOSUPPORT and what kernels may think of
      attempt.state = ConnectState::kForbidden;
      attempt.outcome = Outcome::kLocalError;
      break;
  }
  return attempt;
}

ConnectAttempt StartConnect(const Address& address, uint16_t port, SourceBinder& source) {
  UniqueFd fd(socket(address.is_v4() ? AF_INET : AF_INET6,
                     SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!fd.valid()) return ConnectFailure(errno);
  SetOption(fd.get(), IPPROTO_TCP, TCP_SYNCNT, kSynRepeats);
  // Connections are short questions and answers; waiting to fill a segment only delays them.
  SetOption(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  if (const int error = source.Bind(fd.get(), address.is_v4()); error != 0) {
    return ConnectFailure(error);
  }
  const SocketAddress to = ToSocketAddress(address, port);
  int result = connect(fd.get(), to.get(), to.size);
  if (result != 0 && errno == EINPROGRESS) {
    // A near peer has answered while we were in the kernel, and a second connect() tells: one
    // system call instead of watching, waiting and asking. The lab's sweeps live on it.
    result = connect(fd.get(), to.get(), to.size);
  }
  if (result != 0 && errno != EALREADY && errno != EINPROGRESS && errno != EISCONN) {
    // Told at once, without a packet: it is this machine that has no way out, not the peer.
    const bool no_way_out = errno == ENETUNREACH || errno == ENETDOWN || errno == ENONET;
    return ConnectFailure(no_way_out ? ENOBUFS : errno);
  }
  ConnectAttempt attempt;
  attempt.state =
      result == 0 || errno == EISCONN ? ConnectState::kConnected : ConnectState::kPending;
  attempt.fd = std::move(fd);
  return attempt;
}

ConnectAttempt FinishConnect(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) return ConnectFailure(error);
  ConnectAttempt attempt;
  sockaddr_storage peer{};
  socklen_t peer_size = sizeof peer;
  // Without a peer and without an error the handshake is still under way.
  const bool connected = getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0;
  attempt.state = connected ? ConnectState::kConnected : ConnectState::kPending;
  return attempt;
}

void ResetOnClose(int fd) {
  const linger at_once{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace hark

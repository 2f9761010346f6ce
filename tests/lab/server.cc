// A connection:
//
// state    | on                         | do                          | next
// talking  | bytes                      | ask the conversation        | talking, or flushing
//          | timer                      | ask the conversation        | talking
//          | client's FIN               | send what is left           | flushing
//          | conversation resets        | RST                         | gone
// flushing | all sent                   | FIN                         | draining
// draining | bytes                      | drop them                   | draining
//          | client's FIN               |                             | gone
// any      | error, deadline            |                             | gone
//
// Draining is there because close() with unread bytes sends RST, and an RST may overtake what was
// said last: "Not allowed at this time" would never arrive.

#include "tests/lab/server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <vector>

#include "base/log.h"

namespace hark::lab {
namespace {

constexpr size_t kReadSize = size_t{16} * 1024;  // one TLS record
constexpr size_t kMaxUnsent =
    size_t{256} * 1024;  // several times the longest answer of any service
constexpr Duration kDrainTime = std::chrono::seconds(2);
constexpr int kEvents = 512;
constexpr int kAcceptBurst = 64;  // connections taken per turn, so that talk goes on in a flood

struct Connection {
  enum class State { kTalking, kFlushing, kDraining };

  UniqueFd fd;
  std::unique_ptr<Conversation> conversation;
  State state = State::kTalking;
  std::string unsent;
  bool wants_write = false;
  MonoTime idle_end;            // moves with every byte received
  MonoTime end_of_life;         // does not
  MonoTime wake = kNever;       // the conversation's own timer
  MonoTime scheduled = kNever;  // under which it stands in the timer set
};

}  // namespace

class Server::Loop {
 public:
  Loop(const Internet& internet, Listeners listeners, const ServerOptions& options,
       const Clock& clock)
      : internet_(internet), listeners_(std::move(listeners)), options_(options), clock_(clock) {}

  Status Run(int stop_fd);

  ServerStats stats;

 private:
  using Slot = std::unique_ptr<Connection>;

  Status Watch(int fd, uint32_t events, int operation);
  void OnEvent(int fd, uint32_t events);
  void AcceptSome(int listener);
  bool MakeRoom();
  void Welcome(UniqueFd fd);
  void OnReadable(Connection& c);
  void Take(Connection& c, const Turn& turn);
  void Flush(Connection& c);
  void WatchWrites(Connection& c, bool on);
  void Schedule(Connection& c);
  void RunTimers();
  int WaitMillis() const;
  void Drop(Connection& c, bool reset);

  const Internet& internet_;
  Listeners listeners_;
  ServerOptions options_;
  const Clock& clock_;
  MonoTime now_{};
  UniqueFd epoll_;
  std::vector<bool> is_listener_;  // by descriptor
  std::vector<Slot> connections_;  // by descriptor
  std::set<std::pair<MonoTime, int>> timers_;
  std::array<char, kReadSize> buffer_{};
};

Status Server::Loop::Watch(int fd, uint32_t events, int operation) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (::epoll_ctl(epoll_.get(), operation, fd, &event) == 0) return Status::Ok();
  return ErrnoStatus("epoll_ctl", errno);
}

Status Server::Loop::Run(int stop_fd) {
  epoll_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_.valid()) return ErrnoStatus("epoll_create1", errno);
  HARK_RETURN_IF_ERROR(Watch(stop_fd, EPOLLIN, EPOLL_CTL_ADD));
  for (const UniqueFd& fd : listeners_.sockets) {
    const auto index = static_cast<size_t>(fd.get());
    if (is_listener_.size() <= index) is_listener_.resize(index + 1);
    is_listener_[index] = true;
    HARK_RETURN_IF_ERROR(Watch(fd.get(), EPOLLIN, EPOLL_CTL_ADD));
  }
  std::array<epoll_event, kEvents> events;
  while (true) {
    const int n = ::epoll_wait(epoll_.get(), events.data(), kEvents, WaitMillis());
    if (n < 0 && errno != EINTR) return ErrnoStatus("epoll_wait", errno);
    now_ = clock_.Now();
    for (int i = 0; i < n; ++i) {
      const epoll_event& event = events[static_cast<size_t>(i)];
      if (event.data.fd == stop_fd) return Status::Ok();
      OnEvent(event.data.fd, event.events);
    }
    RunTimers();
  }
}

void Server::Loop::OnEvent(int fd, uint32_t events) {
  const auto index = static_cast<size_t>(fd);
  if (index < is_listener_.size() && is_listener_[index]) {
    AcceptSome(fd);
    return;
  }
  // An earlier event of the same batch may have ended it.
  if (index >= connections_.size() || connections_[index] == nullptr) return;
  if ((events & EPOLLOUT) != 0) Flush(*connections_[index]);
  if (connections_[index] == nullptr) return;
  if ((events & ~EPOLLOUT) != 0) OnReadable(*connections_[index]);
}

void Server::Loop::AcceptSome(int listener) {
  for (int i = 0; i < kAcceptBurst; ++i) {
    UniqueFd fd(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd.valid()) {
      Welcome(std::move(fd));
      continue;
    }
    if (errno == ECONNABORTED) continue;
    if ((errno == EMFILE || errno == ENFILE) && MakeRoom()) continue;
    return;
  }
}

// Closes the connection closest to its end.
bool Server::Loop::MakeRoom() {
  if (timers_.empty()) return false;
  Drop(*connections_[static_cast<size_t>(timers_.begin()->second)], true);
  return true;
}

void Server::Loop::Welcome(UniqueFd fd) {
  sockaddr_in name{};
  socklen_t length = sizeof name;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&name), &length) != 0) return;
  auto conversation = internet_.Answer(ntohl(name.sin_addr.s_addr), ntohs(name.sin_port));
  if (conversation == nullptr) return;  // closes: the packet filter was changed under us
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto index = static_cast<size_t>(fd.get());
  if (!Watch(fd.get(), EPOLLIN | EPOLLRDHUP, EPOLL_CTL_ADD).ok()) return;
  if (connections_.size() <= index) connections_.resize(index + 1);
  Slot& slot = connections_[index];
  slot = std::make_unique<Connection>();
  slot->fd = std::move(fd);
  slot->conversation = std::move(conversation);
  slot->idle_end = now_ + options_.idle;
  slot->end_of_life = now_ + options_.lifetime;
  ++stats.accepted;
  ++stats.open;
  Take(*slot, slot->conversation->Start());
}

void Server::Loop::OnReadable(Connection& c) {
  const ssize_t n = ::recv(c.fd.get(), buffer_.data(), buffer_.size(), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n < 0 || (n == 0 && c.state == Connection::State::kDraining)) {
    Drop(c, false);
    return;
  }
  if (n == 0) {
    Take(c, Turn::Finish());
    return;
  }
  if (c.state != Connection::State::kTalking) return;
  c.idle_end = now_ + options_.idle;
  Take(c, c.conversation->OnBytes({buffer_.data(), static_cast<size_t>(n)}));
}

// Does what the conversation wants. May end the connection: c is gone then.
void Server::Loop::Take(Connection& c, const Turn& turn) {
  if (turn.then == Turn::Then::kReset) {
    Drop(c, true);
    return;
  }
  c.unsent += turn.send;
  if (c.unsent.size() > kMaxUnsent) {
    Drop(c, true);
    return;
  }
  if (turn.wake_after > Duration(0)) c.wake = now_ + turn.wake_after;
  if (turn.then == Turn::Then::kFinish) {
    c.state = Connection::State::kFlushing;
    c.wake = kNever;
  }
  Schedule(c);
  Flush(c);
}

void Server::Loop::Flush(Connection& c) {
  while (!c.unsent.empty()) {
    const ssize_t n = ::send(c.fd.get(), c.unsent.data(), c.unsent.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      WatchWrites(c, true);
      return;
    }
    if (n < 0) {
      Drop(c, false);
      return;
    }
    c.unsent.erase(0, static_cast<size_t>(n));
  }
  WatchWrites(c, false);
  if (c.state != Connection::State::kFlushing) return;
  c.state = Connection::State::kDraining;
  c.conversation.reset();
  c.end_of_life = now_ + kDrainTime;
  ::shutdown(c.fd.get(), SHUT_WR);
  Schedule(c);
}

void Server::Loop::WatchWrites(Connection& c, bool on) {
  if (c.wants_write == on) return;
  c.wants_write = on;
  // While it does not read, we do not listen: what is queued stays bounded.
  const uint32_t events = on ? EPOLLOUT : EPOLLIN | EPOLLRDHUP;
  // Callers still hold c, so a connection the kernel cannot watch is left to the timers.
  if (!Watch(c.fd.get(), events, EPOLL_CTL_MOD).ok()) {
    c.end_of_life = now_;
    Schedule(c);
  }
}

void Server::Loop::Schedule(Connection& c) {
  const MonoTime due = std::min({c.idle_end, c.end_of_life, c.wake});
  if (due == c.scheduled) return;
  timers_.erase({c.scheduled, c.fd.get()});
  timers_.insert({due, c.fd.get()});
  c.scheduled = due;
}

void Server::Loop::RunTimers() {
  while (!timers_.empty() && timers_.begin()->first <= now_) {
    Connection& c = *connections_[static_cast<size_t>(timers_.begin()->second)];
    if (c.wake <= now_ && c.state == Connection::State::kTalking) {
      c.wake = kNever;
      Take(c, c.conversation->OnTimer());
    } else {
      Drop(c, false);
    }
  }
}

int Server::Loop::WaitMillis() const {
  if (timers_.empty()) return -1;
  const Duration left = timers_.begin()->first - clock_.Now();
  return left <= Duration(0) ? 0 : static_cast<int>(ToMillis(left)) + 1;
}

void Server::Loop::Drop(Connection& c, bool reset) {
  if (reset) {
    const linger now{1, 0};
    ::setsockopt(c.fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  timers_.erase({c.scheduled, c.fd.get()});
  --stats.open;
  connections_[static_cast<size_t>(c.fd.get())].reset();
}

Server::Server(const Internet& internet, Listeners listeners, const ServerOptions& options,
               const Clock& clock)
    : loop_(std::make_unique<Loop>(internet, std::move(listeners), options, clock)) {}
Server::~Server() = default;

Status Server::Run(int stop_fd) {
  return loop_->Run(stop_fd);
}
const ServerStats& Server::stats() const {
  return loop_->stats;
}

}  // namespace hark::lab

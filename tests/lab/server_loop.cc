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

#include "tests/lab/server_loop.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "tests/lab/socket_name.h"

namespace hark::lab {
namespace {

constexpr size_t kMaxUnsent =
    size_t{4} << 20;  // several times the longest answer: a chain of 1,000 certificates
constexpr Duration kDrainTime = std::chrono::seconds(2);
constexpr int kEvents = 512;
constexpr int kAcceptBurst = 64;  // connections taken per turn, so that talk goes on in a flood

}  // namespace

Status ServerLoop::Watch(int fd, uint32_t events, int operation) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  if (::epoll_ctl(epoll_.get(), operation, fd, &event) == 0) return Status::Ok();
  return ErrnoStatus("epoll_ctl", errno);
}

Status ServerLoop::Run(int stop_fd) {
  epoll_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_.valid()) return ErrnoStatus("epoll_create1", errno);
  HARK_RETURN_IF_ERROR(Watch(stop_fd, EPOLLIN, EPOLL_CTL_ADD));
  for (const UniqueFd& fd : listeners_.sockets) {
    const auto index = static_cast<size_t>(fd.get());
    if (is_listener_.size() <= index) is_listener_.resize(index + 1);
    is_listener_[index] = true;
    // Every thread waits for every listener; exclusive, so that a client wakes one of them.
    HARK_RETURN_IF_ERROR(Watch(fd.get(), EPOLLIN | EPOLLEXCLUSIVE, EPOLL_CTL_ADD));
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

void ServerLoop::OnEvent(int fd, uint32_t events) {
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

void ServerLoop::AcceptSome(int listener) {
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
bool ServerLoop::MakeRoom() {
  if (timers_.empty()) return false;
  Drop(*connections_[static_cast<size_t>(timers_.begin()->second)], true);
  return true;
}

void ServerLoop::Welcome(UniqueFd fd) {
  const auto own = OwnEnd(fd.get());
  const auto client = ClientEnd(fd.get());
  if (!own.has_value() || !client.has_value()) return;
  auto conversation = internet_.Answer(own->address, own->port, client->address);
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
  CountOpen();
  Take(*slot, slot->conversation->Start());
}

void ServerLoop::CountOpen() {
  Counters& counters = internet_.counters();
  ++counters.accepted;
  const uint64_t open = ++counters.open;
  uint64_t most = counters.most_open;
  while (open > most && !counters.most_open.compare_exchange_weak(most, open)) {
  }
}

void ServerLoop::OnReadable(Connection& c) {
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
void ServerLoop::Take(Connection& c, const Turn& turn) {
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

void ServerLoop::Flush(Connection& c) {
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

void ServerLoop::WatchWrites(Connection& c, bool on) {
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

void ServerLoop::Schedule(Connection& c) {
  const MonoTime due = std::min({c.idle_end, c.end_of_life, c.wake});
  if (due == c.scheduled) return;
  timers_.erase({c.scheduled, c.fd.get()});
  timers_.insert({due, c.fd.get()});
  c.scheduled = due;
}

void ServerLoop::RunTimers() {
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

int ServerLoop::WaitMillis() const {
  if (timers_.empty()) return -1;
  const Duration left = timers_.begin()->first - clock_.Now();
  return left <= Duration(0) ? 0 : static_cast<int>(ToMillis(left)) + 1;
}

void ServerLoop::Drop(Connection& c, bool reset) {
  if (reset) {
    const linger now{1, 0};
    ::setsockopt(c.fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  timers_.erase({c.scheduled, c.fd.get()});
  --internet_.counters().open;
  connections_[static_cast<size_t>(c.fd.get())].reset();
}

}  // namespace hark::lab

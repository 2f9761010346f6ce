#include "worker/engine/connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace hark {
namespace {

// A TLS record at most; a bigger read would let one host hold the loop longer.
constexpr size_t kReadBytes = size_t{16} * 1024;
// More than any probe says in one go. Beyond it the peer does not read and we stop waiting for it.
constexpr size_t kMaxUnsent = size_t{256} * 1024;
// For the last words of a finished probe, e.g. QUIT.
constexpr Duration kClosingTime = std::chrono::seconds(2);
// Silence after which a probe is told to save memory: beyond nearly every round trip there is, so
// that only slow hosts cost the CPU of taking a conversation up again.
constexpr Duration kQuietAfter = std::chrono::milliseconds(250);
// Read while leaving, an afterword at most; whoever sends more has not heard our goodbye.
constexpr size_t kMaxForgotten = size_t{64} * 1024;

ConnectAttempt Success() {
  ConnectAttempt attempt;
  attempt.state = ConnectState::kConnected;
  return attempt;
}

// A peer so near that its RST is there before connect() returns. True: the probe is done.
bool ResetAtOnce(Probe& probe, MonoTime now) {
  probe.OnConnected(now);
  static_cast<void>(probe.TakeOutput());  // nobody is there to hear it
  probe.OnReset(now);
  return probe.done();
}

}  // namespace

void Connection::Start(Probe* probe, const Address& address, uint16_t port,
                       Duration connect_timeout, MonoTime now) {
  ConnectAttempt attempt = StartConnect(address, port, parts_.source);
  if (attempt.state != ConnectState::kConnected && attempt.state != ConnectState::kPending) {
    const bool talked = attempt.outcome == Outcome::kReset && ResetAtOnce(*probe, now);
    on_end_(talked ? Success() : std::move(attempt), now);
    return;
  }
  const bool connected = attempt.state == ConnectState::kConnected;
  watched_ = IoEvents{.readable = connected, .writable = !connected};
  if (!parts_.reactor.Add(attempt.fd.get(), watched_, this).ok()) {
    on_end_(ConnectFailure(ENOMEM), now);
    return;
  }
  parts_.SocketOpened();
  fd_ = std::move(attempt.fd);
  probe_ = probe;
  state_ = State::kConnecting;
  if (connected) {
    Connected(now);
  } else {
    parts_.timers.Set(this, now + connect_timeout);
  }
}

void Connection::Connected(MonoTime now) {
  state_ = State::kTalking;
  reading_ = true;
  reset_told_ = false;
  reset_seen_ = false;
  hopeless_ = false;
  goodbye_ = false;
  NoteProgress(now);
  probe_->OnConnected(now);
  Pump(now);
}

// The handshake was done and the RST came before we looked: the same as one that comes after.
void Connection::ConnectedAndReset(MonoTime now) {
  state_ = State::kTalking;
  reading_ = false;
  reset_seen_ = true;
  NoteProgress(now);
  probe_->OnConnected(now);
  static_cast<void>(probe_->TakeOutput());  // nobody is there to hear it
  TellReset(now);
  Pump(now);
}

void Connection::OnReady(IoEvents events) {
  const MonoTime now = parts_.clock.Now();
  switch (state_) {
    case State::kIdle:
      return;
    case State::kConnecting: {
      const ConnectAttempt attempt = FinishConnect(fd_.get());
      if (attempt.state == ConnectState::kPending) return;
      if (attempt.state == ConnectState::kConnected) {
        Connected(now);
      } else if (attempt.outcome == Outcome::kReset) {
        ConnectedAndReset(now);
      } else {
        End(attempt, now);
      }
      return;
    }
    case State::kTalking:
      if (events.readable || events.broken) Read(now);
      Pump(now);
      return;
    case State::kClosing:
      if (events.broken) {
        End(Success(), now);
      } else if (Send({})) {
        Finish(true, now);
      }
      return;
    case State::kLeaving:
      Drain(now);
      return;
  }
}

void Connection::Read(MonoTime now) {
  if (reading_) {
    char buffer[kReadBytes];
    const ssize_t n = recv(fd_.get(), buffer, sizeof buffer, 0);
    if (n > 0) {
      heard_ = true;
      quiet_ = now + kQuietAfter;
      probe_->OnBytes(std::string_view(buffer, static_cast<size_t>(n)), now);
      return;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    reading_ = false;
    if (n == 0 && !reset_seen_) {
      probe_->OnEof(now);
      return;
    }
  } else if (reset_told_) {
    // A broken socket is reported for ever; only the probe's deadline is left to wait for.
    parts_.reactor.Remove(fd_.get(), this);
    watched_ = {};
    return;
  }
  TellReset(now);
}

void Connection::TellReset(MonoTime now) {
  reset_told_ = true;
  unsent_.clear();
  probe_->OnReset(now);
}

void Connection::OnAlarm(MonoTime now) {
  switch (state_) {
    case State::kIdle:
      return;
    case State::kConnecting:
      End(ConnectFailure(ETIMEDOUT), now);
      return;
    case State::kTalking:
      if (now < probe_->deadline()) {
        if (now >= quiet_ && unsent_.empty()) probe_->OnQuiet();
      } else {
        hopeless_ = true;
        probe_->OnDeadline(now);
      }
      Pump(now);
      return;
    case State::kClosing:
    case State::kLeaving:
      End(Success(), now);
      return;
  }
}

void Connection::GiveUp(MonoTime now) {
  parts_.tarpits.Remove(this);
  hopeless_ = true;
  probe_->OnDeadline(now);
  if (!probe_->done()) TellReset(now);
  Pump(now);
}

void Connection::NoteProgress(MonoTime now) {
  progress_ = now;
  heard_ = false;
  quiet_ = now + kQuietAfter;
  parts_.tarpits.Remove(this);
}

// After everything that was told to the probe: what has it to say, is it done, until when?
void Connection::Pump(MonoTime now) {
  std::string fresh = probe_->TakeOutput();
  goodbye_ = !fresh.empty();
  if (goodbye_) NoteProgress(now);
  bool sent = Send(std::move(fresh));
  if (unsent_.size() > kMaxUnsent) {
    unsent_ = {};
    sent = true;
    if (!probe_->done()) probe_->OnReset(now);
  }
  if (probe_->done()) {
    Finish(sent, now);
    return;
  }
  Watch({.readable = reading_, .writable = !sent});
  parts_.timers.Set(this, NextAlarm(now));
}

// Beside the deadline, what makes the wait a long one: the peer is quiet, or slow (tarpits.h).
MonoTime Connection::NextAlarm(MonoTime now) {
  MonoTime next = probe_->deadline();
  if (now >= quiet_) quiet_ = kNever;  // told, or has something to send and is not told
  next = std::min(next, quiet_);
  if (!heard_) return next;
  const MonoTime slow = progress_ + parts_.options.tarpit_after;
  if (now < slow) return std::min(next, slow);
  parts_.tarpits.Add(this, progress_);
  return next;
}

// The probe is done; sent: with its last words too.
void Connection::Finish(bool sent, MonoTime now) {
  parts_.tarpits.Remove(this);
  if (!sent) {
    state_ = State::kClosing;
    Watch({.writable = true});
    parts_.timers.Set(this, now + kClosingTime);
    return;
  }
  if (!reading_ || hopeless_) {
    End(Success(), now);
    return;
  }
  Leave(now);
}

void Connection::Leave(MonoTime now) {
  state_ = State::kLeaving;
  left_ = kMaxForgotten;
  if (!goodbye_) {
    // It does not know that we are leaving, but what it has sent is better read than refused.
    Drain(now);
    if (state_ == State::kLeaving) End(Success(), now);
    return;
  }
  Watch({.readable = true});
  parts_.timers.Set(this, now + parts_.options.goodbye_wait);
}

void Connection::Drain(MonoTime now) {
  char buffer[kReadBytes];
  const ssize_t n = recv(fd_.get(), buffer, sizeof buffer, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  const size_t size = static_cast<size_t>(std::max<ssize_t>(n, 0));
  if (size > 0) probe_->OnAfterword({buffer, size});
  left_ -= std::min(left_, size);
  if (n <= 0 || left_ == 0) End(Success(), now);
}

bool Connection::Send(std::string fresh) {
  if (unsent_.empty()) {
    unsent_ = std::move(fresh);
  } else {
    unsent_ += fresh;
  }
  size_t sent = 0;
  while (sent < unsent_.size()) {
    const ssize_t n = send(fd_.get(), unsent_.data() + sent, unsent_.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      parts_.budget->ChargeSaid(sent, parts_.clock.Now());
      unsent_.erase(0, sent);
      return false;
    }
    if (n < 0) {
      // Nobody listens any more, but the peer's last words may still be waiting to be read: the
      // reading side tells the probe. The kernel reports an RST once, and this was it.
      reset_seen_ = errno == ECONNRESET;
      break;
    }
    sent += static_cast<size_t>(n);
  }
  parts_.budget->ChargeSaid(sent, parts_.clock.Now());
  unsent_ = {};  // thousands wait for an answer: no buffer waits with them
  return true;
}

void Connection::Watch(IoEvents wanted) {
  if (wanted.readable == watched_.readable && wanted.writable == watched_.writable) return;
  watched_ = wanted;
  parts_.reactor.Change(fd_.get(), wanted, this);
}

void Connection::Abort(MonoTime now) {
  if (state_ == State::kTalking && !probe_->done()) probe_->OnReset(now);
  Close();
}

void Connection::Reset() {
  if (state_ != State::kIdle) ResetOnClose(fd_.get());
  Close();
}

void Connection::End(const ConnectAttempt& how, MonoTime now) {
  Close();
  on_end_(how, now);
}

void Connection::Close() {
  if (state_ == State::kIdle) return;
  parts_.timers.Cancel(this);
  parts_.tarpits.Remove(this);
  parts_.reactor.Forget(this);
  fd_.Reset();
  unsent_ = {};
  parts_.SocketClosed();
  state_ = State::kIdle;
  probe_ = nullptr;
}

}  // namespace hark

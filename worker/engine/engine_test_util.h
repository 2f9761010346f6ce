#pragma once

// Small servers on loopback and scripted surveys for the engine's tests. Everything runs in the
// test's thread: the server gets its turn between two turns of the engine.

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/log.h"
#include "base/unique_fd.h"
#include "worker/engine/socket_address.h"
#include "worker/probe/probe.h"

namespace hark {

// Listens on 127.0.0.1, or another address of this machine, at a port of the kernel's choice.
class LoopbackServer {
 public:
  explicit LoopbackServer(int backlog = 64, uint32_t address = INADDR_LOOPBACK)
      : LoopbackServer(Address::V4(address), backlog) {}
  LoopbackServer(const Address& address, int backlog) {
    fd_ = UniqueFd(socket(address.is_v4() ? AF_INET : AF_INET6,
                          SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    SocketAddress where = ToSocketAddress(address, 0);
    HARK_CHECK(bind(fd_.get(), where.get(), where.size) == 0);
    HARK_CHECK(listen(fd_.get(), backlog) == 0);
    auto* const raw = reinterpret_cast<sockaddr*>(&where.storage);
    HARK_CHECK(getsockname(fd_.get(), raw, &where.size) == 0);
    port_ = PortOf(where);
  }

  int fd() const { return fd_.get(); }
  uint16_t port() const { return port_; }
  // A port nobody listens on: taken, then given back.
  static uint16_t ClosedPort() { return LoopbackServer().port(); }

  // The next connection, if one is there. from: the port it comes from.
  UniqueFd Accept(uint16_t* from = nullptr) {
    SocketAddress caller;
    caller.size = sizeof caller.storage;
    UniqueFd peer(accept4(fd_.get(), reinterpret_cast<sockaddr*>(&caller.storage), &caller.size,
                          SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (peer.valid()) ++accepted_;
    if (peer.valid() && from != nullptr) *from = PortOf(caller);
    return peer;
  }
  int accepted() const { return accepted_; }

 private:
  static uint16_t PortOf(const SocketAddress& address) {
    return ntohs(address.storage.ss_family == AF_INET
                     ? reinterpret_cast<const sockaddr_in&>(address.storage).sin_port
                     : reinterpret_cast<const sockaddr_in6&>(address.storage).sin6_port);
  }

  UniqueFd fd_;
  uint16_t port_ = 0;
  int accepted_ = 0;
};

inline void Say(const UniqueFd& fd, const std::string& text) {
  HARK_CHECK(send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
             static_cast<ssize_t>(text.size()));
}

inline std::string Hear(const UniqueFd& fd) {
  char buffer[4096];
  const ssize_t n = recv(fd.get(), buffer, sizeof buffer, 0);
  return n > 0 ? std::string(buffer, static_cast<size_t>(n)) : std::string();
}

// close() with a reset instead of an orderly end.
inline void Slam(UniqueFd fd) {
  const linger now{1, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

// Says `words` when connected and is done when it has read a line, or is told the end.
class ScriptedProbe final : public Probe {
 public:
  ScriptedProbe(std::string words, Duration patience, bool tells_quiet,
                std::vector<std::string>* heard)
      : words_(std::move(words)), patience_(patience), tells_quiet_(tells_quiet), heard_(heard) {}

  void OnConnected(MonoTime now) override {
    output_ = words_;
    deadline_ = now + patience_;
    heard_->push_back("connected");
  }
  void OnBytes(std::string_view bytes, MonoTime) override {
    line_ += bytes;
    if (line_.find('\n') != std::string::npos) Finish(line_);
  }
  void OnEof(MonoTime) override { Finish("eof"); }
  void OnReset(MonoTime) override { Finish("reset"); }
  void OnDeadline(MonoTime) override { Finish("deadline"); }
  void OnQuiet() override {
    if (tells_quiet_) heard_->push_back("quiet");
  }
  std::string TakeOutput() override { return std::exchange(output_, ""); }
  MonoTime deadline() const override { return deadline_; }
  bool done() const override { return done_; }
  void OnAfterword(std::string_view bytes) override {
    heard_->push_back("afterword " + std::string(bytes));
  }

 private:
  void Finish(const std::string& how) {
    heard_->push_back(how);
    output_ += "bye\n";
    done_ = true;
  }

  std::string words_;
  Duration patience_;
  bool tells_quiet_;
  std::vector<std::string>* heard_;
  std::string output_;
  std::string line_;
  MonoTime deadline_ = kNever;
  bool done_ = false;
};

struct SurveyScript {
  int conversations = 1;
  std::string words = "hello\n";
  Duration patience = std::chrono::seconds(5);
  Duration pause{0};
  bool tells_quiet = false;
};

// Asks `conversations` times; everything that happens is written into `heard`.
class ScriptedSurvey final : public PortSurvey {
 public:
  ScriptedSurvey(uint16_t port, SurveyScript script, std::vector<std::string>* heard)
      : script_(std::move(script)), heard_(heard) {
    observation_.port = port;
    observation_.outcome = Outcome::kOk;
    observation_.stage = Stage::kDone;
  }

  Probe* Next() override {
    if (failed_ || asked_ == script_.conversations) return nullptr;
    ++asked_;
    probe_ = std::make_unique<ScriptedProbe>(script_.words, script_.patience, script_.tells_quiet,
                                             heard_);
    return probe_.get();
  }
  void OnConnectFailed(Outcome outcome, MonoTime) override {
    failed_ = true;
    observation_.outcome = outcome;
    observation_.stage = Stage::kConnect;
  }
  void OnProbeDone(MonoTime) override {
    probe_.reset();
    ++observation_.connections;
  }
  Duration PauseBeforeNext() const override {
    return asked_ < script_.conversations && !failed_ ? script_.pause : Duration(0);
  }
  PortObservation Finish() override { return std::move(observation_); }

 private:
  SurveyScript script_;
  std::vector<std::string>* heard_;
  std::unique_ptr<ScriptedProbe> probe_;
  PortObservation observation_;
  int asked_ = 0;
  bool failed_ = false;
};

}  // namespace hark

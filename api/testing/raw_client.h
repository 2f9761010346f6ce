#pragma once

// An HTTP client that may say anything: a socket to 127.0.0.1, and the little reading that tests
// need. Reads give up after kPatience; a test that waits for it fails.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "base/unique_fd.h"

namespace hark {

struct RawAnswer {
  int status = 0;                             // 0 = none came
  std::map<std::string, std::string> fields;  // by lower-case name
  std::string body;                           // chunks put together
  bool whole = false;                         // it came to its end
};

class RawClient {
 public:
  static constexpr int kPatienceSeconds = 20;

  explicit RawClient(uint16_t port, int receive_buffer = 0)
      : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) {
      setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    timeval patience{kPatienceSeconds, 0};
    setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  }

  bool connected() const { return connected_; }
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }
  // The next answer; of HEAD (head_only) and of statuses that have none, no body is waited for.
  RawAnswer Receive(bool head_only = false) {
    RawAnswer out;
    size_t end;
    while ((end = held_.find("\r\n\r\n")) == std::string::npos) {
      if (!More()) return out;
    }
    ReadHead(held_.substr(0, end), out);
    held_.erase(0, end + 4);
    if (head_only || out.status == 304 || out.status == 204) {
      out.whole = true;
    } else if (out.fields["transfer-encoding"] == "chunked") {
      ReadChunks(out);
    } else if (out.fields.contains("content-length")) {
      const size_t wanted = ParseUint(out.fields["content-length"]).value_or(0);
      while (held_.size() < wanted && More()) {
      }
      out.whole = held_.size() >= wanted;
      out.body = held_.substr(0, wanted);
      held_.erase(0, wanted);
    } else {
      while (More()) {
      }
      out.body = std::exchange(held_, {});
      out.whole = closed_ && !reset_;
    }
    return out;
  }
  RawAnswer Get(std::string_view target, std::string_view fields = "") {
    Send(StrCat("GET ", target, " HTTP/1.1\r\nHost: localhost\r\n", fields, "\r\n"));
    return Receive();
  }
  // Something has come that was not read yet.
  bool HasInput() const {
    pollfd wish{fd_.get(), POLLIN, 0};
    return !held_.empty() || poll(&wish, 1, 0) == 1;
  }
  // The server ended the connection; what it still said is lost.
  bool EndsNow() {
    while (More()) {
    }
    return closed_;
  }
  bool was_reset() const { return reset_; }

 private:
  bool More() {
    char room[65536];
    const ssize_t n = recv(fd_.get(), room, sizeof room, 0);
    if (n > 0) held_.append(room, static_cast<size_t>(n));
    if (n == 0) closed_ = true;
    if (n < 0 && errno == ECONNRESET) closed_ = reset_ = true;
    return n > 0;
  }
  static void ReadHead(const std::string& head, RawAnswer& out) {
    bool first = true;
    for (std::string_view line : Split(head, '\n')) {
      line = Trim(line);
      if (std::exchange(first, false)) {
        out.status = static_cast<int>(ParseUint(line.substr(9, 3)).value_or(0));
        continue;
      }
      const size_t colon = line.find(':');
      if (colon == std::string_view::npos) continue;
      out.fields[AsciiLower(line.substr(0, colon))] = Trim(line.substr(colon + 1));
    }
  }
  void ReadChunks(RawAnswer& out) {
    for (;;) {
      size_t end;
      while ((end = held_.find("\r\n")) == std::string::npos) {
        if (!More()) return;
      }
      const size_t size = std::strtoul(held_.c_str(), nullptr, 16);
      while (held_.size() < end + 2 + size + 2) {
        if (!More()) return;
      }
      out.body += held_.substr(end + 2, size);
      held_.erase(0, end + 2 + size + 2);
      if (size == 0) break;
    }
    out.whole = true;
  }

  UniqueFd fd_;
  bool connected_ = false;
  std::string held_;
  bool closed_ = false;
  bool reset_ = false;
};

}  // namespace hark

#pragma once

// The line protocols around TLS, server side: just enough SMTP (RFC 5321, 3207), POP3 (RFC 1939,
// 2449, 2595), IMAP (RFC 9051) and HTTP/1.1 for a client to ask for TLS, look at what is offered
// and say goodbye.

#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "tests/lab/service.h"

namespace hark::lab {

class Dialogue {
 public:
  struct Answer {
    std::string send;
    bool start_tls = false;  // after `send`
    bool finish = false;
    Duration more_after{0};  // > 0: OnTimer has more to say then
  };

  virtual ~Dialogue() = default;
  virtual std::string Greeting() const = 0;            // "" where the client speaks first
  virtual std::string Teaser() const { return ""; }    // the greeting's first line, teaser only
  virtual std::string TooEarly() const { return ""; }  // to who talks before the greeting
  virtual std::string Smuggled() const { return ""; }  // in clear, behind the go-ahead to TLS
  virtual Answer OnTimer() { return {}; }
  // line: without CR LF. secured: TLS is already on.
  virtual Answer OnLine(std::string_view line, bool secured) = 0;
};

// The service outlives the dialogue. nullptr for SSH.
std::unique_ptr<Dialogue> MakeDialogue(const Service& service);
std::unique_ptr<Dialogue> HttpDialogue(const Service& service);

// The service's own text, or the protocol's default.
std::string BannerOr(const Service& service, std::string_view text);

}  // namespace hark::lab

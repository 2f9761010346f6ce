#pragma once

// The line protocols around TLS, server side: just enough SMTP (RFC 5321, 3207), POP3 (RFC 1939,
// 2449, 2595), IMAP (RFC 9051) and HTTP/1.1 for a client to ask for TLS, look at what is offered
// and say goodbye.

#include <memory>
#include <string>
#include <string_view>

#include "tests/lab/scenario.h"

namespace hark::lab {

class Dialogue {
 public:
  struct Answer {
    std::string send;
    bool start_tls = false;  // after `send`
    bool finish = false;
  };

  virtual ~Dialogue() = default;
  virtual std::string Greeting() const = 0;  // "" where the client speaks first
  // line: without CR LF. secured: TLS is already on.
  virtual Answer OnLine(std::string_view line, bool secured) = 0;
};

// The service outlives the dialogue. nullptr for SSH.
std::unique_ptr<Dialogue> MakeDialogue(const Service& service);

}  // namespace hark::lab

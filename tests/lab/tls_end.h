#pragma once

// One TLS connection's server end: bytes in, bytes out.

#include <memory>
#include <string>
#include <string_view>

#include "tests/lab/tls_context.h"

namespace hark::lab {

class TlsEnd {
 public:
  enum class State { kOpen, kClosed };

  virtual ~TlsEnd() = default;
  virtual bool handshaken() const = 0;
  // Takes what the client sent; appends what it said under TLS to `clear`.
  virtual State Receive(std::string_view bytes, std::string* clear) = 0;
  virtual void Send(std::string_view clear) = 0;
  virtual void Shutdown() = 0;
  virtual std::string TakeOutput() = 0;  // what is to go to the client
};

// OpenSSL's. The context outlives it, and all the plan names.
std::unique_ptr<TlsEnd> OpenSslEnd(const TlsContext::Plan& plan, const TlsContext& context);

// By hand, for services with RawTls (RFC 6101, RFC 2246, RFC 5246): the hello is answered with
// ServerHello, Certificate and ServerHelloDone; what follows is ignored until an alert.
std::unique_ptr<TlsEnd> RawTlsEnd(const TlsContext::Plan& plan);

}  // namespace hark::lab

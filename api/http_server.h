#pragma once

// The HTTP server of the API: HTTP/1.0 and 1.1, with or without TLS, on loops of Asio, a thread
// each; look-ups are answered there, everything long in the threads of the patient lane
// (docs/decisions/0060-http-library.md).

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "api/http.h"
#include "api/http_desk.h"
#include "api/http_limits.h"
#include "base/status.h"

namespace hark {

struct HttpServerOptions {
  std::vector<std::string> listen = {"127.0.0.1:8500"};  // port 0 = a free one
  uint32_t threads = 0;                                  // 0 = one a processor, at most 4
  uint32_t patient_threads = 2;
  std::string tls_certificate, tls_key;  // PEM files; "" = no TLS
  HttpDeskOptions desk;                  // with the limits
};

// kInvalidInput, in one line, where strangers could ask: anybody on this machine may do everything
// without keys; from elsewhere it takes keys, and TLS here or at a proxy.
Status CheckExposure(const HttpServerOptions& options);

class HttpServer {
 public:
  // Returns when it listens. kInvalidInput: an address that is none or not this machine's, files
  // of TLS. kUnavailable: the address is taken. Block the signals that are wanted elsewhere before.
  static Result<std::unique_ptr<HttpServer>> Start(HttpServerOptions options, HttpRouter router);
  // Ends all connections; waits for the part of an answer that a thread is making.
  ~HttpServer();

  // Where it listens: "http://127.0.0.1:8500".
  std::vector<std::string> Urls() const;
  uint16_t port() const;  // of the first
  size_t connections() const;
  // New connections get what is in the files of TLS now. On failure they get what was there.
  Status ReloadTls();

 private:
  struct Parts;
  explicit HttpServer(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace hark

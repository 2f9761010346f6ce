#pragma once

// Between a request's head and the bytes of its answer: reads the target, asks the gate, finds the
// route, packs and tags the body, writes the head. No sockets; thread-safe.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/http.h"
#include "api/http_gate.h"
#include "api/http_limits.h"
#include "api/http_text.h"
#include "api/request_head.h"
#include "base/address.h"

namespace hark {

// One request from its head to its end.
struct HttpCase {
  HttpRequest request;
  HttpLane lane = HttpLane::kQuick;  // where the answer was made
  ContentCoding coding = ContentCoding::kIdentity;
  std::string if_none_match;
  std::string origin;  // that may read the answer, "" = none said, or not allowed
  bool http_1_0 = false;
  bool keep_alive = true;
  MonoTime began;
  AuditEvent audit;
};

// What goes over the wire.
struct WireAnswer {
  std::string head;
  std::string body;    // as framed
  BodySource stream;   // if set: what follows, framed and packed
  bool close = false;  // the connection ends with it
};

struct HttpDeskOptions {
  HttpLimits limits;
  HttpGate* gate = nullptr;    // nullptr: everybody is admin
  AuditSink* audit = nullptr;  // nullptr: nobody is told
  bool behind_proxy = false;   // the client is who X-Forwarded-For names last
  // Names under which the server may be asked besides addresses and "localhost"; looked at when
  // no key was asked for. Otherwise a page of a stranger, whose name leads here, could read
  // everything with its visitor's browser.
  std::vector<std::string> hosts;
  std::vector<std::string> cors_origins;
};

class HttpDesk {
 public:
  // All outlive it. Routes are not added any more.
  HttpDesk(const HttpRouter& router, HttpDeskOptions options);

  // What is to be answered without asking a route, or nullopt, and `out` may be asked with.
  std::optional<HttpResponse> Open(const RequestHead& head, const Address& peer, MonoTime now,
                                   HttpCase& out) const;
  std::optional<HttpResponse> Ask(HttpCase& open) const;
  // Nothing that holds others up: it may be dressed in an I/O thread.
  bool IsQuick(const HttpResponse& response) const;
  WireAnswer Dress(HttpCase& open, HttpResponse response) const;
  // For what could not be read, and to end a connection with.
  WireAnswer DressRefusal(const HttpResponse& response) const;
  void Close(HttpCase& open, MonoTime now) const;

 private:
  std::optional<HttpResponse> Preflight(const RequestHead& head, const HttpCase& open) const;
  std::optional<HttpResponse> PassGate(const RequestHead& head, MonoTime now, HttpCase& out) const;
  bool KnowsHost(std::string_view host) const;
  std::string CommonFields() const;

  const HttpRouter& router_;
  HttpDeskOptions options_;
};

// The phrase of RFC 9110 section 15 for a status of ours.
std::string_view StatusPhrase(int status);

}  // namespace hark

#pragma once

// Who may ask, and how often: what the server needs of API keys (api/api_keys.h) to let a request
// in or not.

#include <cstdint>
#include <optional>
#include <string>

#include "api/http.h"
#include "api/http_text.h"
#include "base/time.h"

namespace hark {

struct GateVerdict {
  enum class Kind : uint8_t { kWelcome, kUnknown, kTooOften };
  Kind kind = Kind::kWelcome;
  std::string user;  // the key's name, of kTooOften too; "" = it was asked for none
  ApiRole role = ApiRole::kAdmin;
  int64_t retry_after_s = 0;  // of kTooOften
};

class HttpGate {
 public:
  virtual ~HttpGate() = default;
  // Takes a token of the key. Thread-safe; some microseconds.
  virtual GateVerdict Judge(const std::optional<Credentials>& credentials, MonoTime now) = 0;
  // Nobody is welcome without a key.
  virtual bool asks_for_keys() const = 0;
};

// One answered request, for the audit log.
struct AuditEvent {
  int64_t unix_ms = 0;
  std::string user;
  std::string client;  // address
  std::string method;
  std::string target;  // as sent
  int status = 0;      // 0 = cut off before there was one
  uint64_t body_bytes = 0;
  int64_t duration_us = 0;
};

class AuditSink {
 public:
  virtual ~AuditSink() = default;
  // Never blocks and never fails; thread-safe.
  virtual void Add(AuditEvent event) = 0;
};

}  // namespace hark

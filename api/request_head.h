#pragma once

// Bytes of a connection to heads of requests (RFC 9112). Pure; however the bytes are cut, the heads
// and refusals are the same.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "api/http.h"
#include "api/http_limits.h"

namespace hark {

struct RequestHead {
  std::string method;
  std::string target;  // as sent
  bool http_1_0 = false;
  bool keep_alive = true;
  bool has_body = false;                      // one is announced
  std::map<std::string, std::string> fields;  // by lower-case name; several values with ", "

  // "" = it is not there.
  std::string_view Field(std::string_view name) const;
};

class HeadReader {
 public:
  explicit HeadReader(const HttpLimits& limits) : limits_(limits) {}

  // Do not add more while a head is there to be taken.
  void Add(std::string_view bytes) { buffer_ += bytes; }
  // Nothing of a next head has come.
  bool empty() const { return buffer_.empty(); }

  struct NeedsMore {};
  // After a refusal nothing can be read any more: where the next request would begin is unknown.
  using What = std::variant<NeedsMore, RequestHead, HttpResponse>;
  What Next();

 private:
  HttpResponse TooLong() const;

  HttpLimits limits_;
  std::string buffer_;
  size_t searched_ = 0;  // of buffer_; no head ends before it
};

}  // namespace hark

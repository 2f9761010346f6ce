#pragma once

// The question GET / and the head of its answer (RFC 9112): status line and header lines, as given.
// What follows the head is not read, redirects are not followed.
//
//  state    | on                                   | next
//  more     | line of the first that is no "HTTP/" | not http
//  more     | line                                 | more
//  more     | empty line                           | whole
//  more     | byte beyond kMaxHttpHead             | too long

#include <string>
#include <string_view>

#include "worker/probe/observation.h"
#include "worker/probe/probe.h"

namespace hark {

class HttpHead {
 public:
  enum class State { kMore, kWhole, kTooLong, kNotHttp };

  // Bytes behind the head are ignored.
  void Feed(std::string_view bytes);
  State state() const { return state_; }
  bool empty() const { return size_ == 0; }
  // Marked as truncated unless whole. Leaves it empty.
  HttpFacts TakeFacts();

 private:
  void OnByte(char c);
  void OnLine();

  State state_ = State::kMore;
  HttpFacts facts_;
  std::string line_;  // with its end, as far as it has come
  size_t size_ = 0;
  bool has_status_ = false;
};

// GET / with Connection: close. `host` is the address as text, without brackets, "" leaves the
// field empty as RFC 9112 §3.2 asks where there is no name; `port` is named where it is not 443.
std::string HttpGetRequest(const ProbeOptions& options, std::string_view host, uint16_t port);

}  // namespace hark

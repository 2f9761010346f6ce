#include "api/request_head.h"

#include <algorithm>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "base/strings.h"

namespace hark {
namespace {

namespace beast = boost::beast;
using Parser = beast::http::request_parser<beast::http::empty_body>;

std::string_view View(beast::string_view text) {
  return {text.data(), text.size()};
}

HttpResponse Refusal(const beast::error_code& why) {
  if (why == beast::http::error::bad_version) {
    return JsonError(505, "only HTTP/1.0 and HTTP/1.1");
  }
  return JsonError(400, StrCat("no HTTP request: ", why.message()));
}

void AddField(std::string_view name, std::string_view value, RequestHead& head) {
  std::string& all = head.fields[AsciiLower(name)];
  if (!all.empty()) all += ", ";
  all += value;
}

// What RFC 9112 sections 3.2 and 6.3 make an error, and what no client of ours has a reason for but
// front ends and servers have understood differently: the makings of request smuggling.
const char* Ambiguity(const Parser& parser, const RequestHead& head) {
  const auto& fields = parser.get();
  if (fields.count(beast::http::field::host) > 1) return "more than one Host";
  if (!head.http_1_0 && fields.count(beast::http::field::host) == 0) return "no Host";
  if (fields.count(beast::http::field::content_length) > 1) return "more than one Content-Length";
  if (head.Field("transfer-encoding").empty()) return nullptr;
  return head.Field("content-length").empty() ? nullptr : "Content-Length and Transfer-Encoding";
}

HeadReader::What HeadOf(const Parser& parser) {
  const auto& message = parser.get();
  RequestHead head;
  head.method = View(message.method_string());
  head.target = View(message.target());
  head.http_1_0 = message.version() < 11;
  head.keep_alive = message.keep_alive();
  for (const auto& field : message) AddField(View(field.name_string()), View(field.value()), head);
  if (const char* why = Ambiguity(parser, head)) return JsonError(400, why);
  const std::string_view length = head.Field("content-length");
  head.has_body = !head.Field("transfer-encoding").empty() || !(length.empty() || length == "0");
  return head;
}

}  // namespace

std::string_view RequestHead::Field(std::string_view name) const {
  const auto found = fields.find(std::string(name));
  return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

HttpResponse HeadReader::TooLong() const {
  const bool line = buffer_.find("\r\n") > limits_.target_bytes;
  return line ? JsonError(414, "the URL is too long")
              : JsonError(431, "the request's head is too large");
}

HeadReader::What HeadReader::Next() {
  // Empty lines before a request line are left over from older clients (RFC 9112 section 2.2).
  size_t empty = 0;
  while (buffer_.compare(empty, 2, "\r\n") == 0) empty += 2;
  buffer_.erase(0, empty);
  // What cannot become a request is told at once, not when the deadline comes.
  const bool hopeless =
      !buffer_.empty() && buffer_[0] != '\r' && (buffer_[0] < 'A' || buffer_[0] > 'Z');
  if (hopeless) return JsonError(400, "no HTTP request");
  const size_t end = buffer_.find("\r\n\r\n", searched_);
  if (end == std::string::npos) {
    if (buffer_.size() > limits_.head_bytes) return TooLong();
    searched_ = buffer_.size() < 3 ? 0 : buffer_.size() - 3;
    return NeedsMore{};
  }
  if (end + 4 > limits_.head_bytes) return TooLong();
  Parser parser;
  parser.header_limit(static_cast<uint32_t>(limits_.head_bytes));
  beast::error_code error;
  parser.put(boost::asio::buffer(buffer_.data(), end + 4), error);
  if (error && error != beast::http::error::need_more) return Refusal(error);
  if (!parser.is_header_done()) return JsonError(400, "no HTTP request");
  buffer_.erase(0, end + 4);
  searched_ = 0;
  if (parser.get().target().size() > limits_.target_bytes) {
    return JsonError(414, "the URL is too long");
  }
  return HeadOf(parser);
}

}  // namespace hark

#include "worker/probe/http_head.h"

#include <utility>

#include "base/strings.h"
#include "worker/probe/limits.h"

namespace hark {
namespace {

constexpr std::string_view kMagic = "HTTP/";
constexpr uint16_t kHttpsPort = 443;

std::string_view WithoutLineEnd(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

void HttpHead::Feed(std::string_view bytes) {
  for (char c : bytes) {
    if (state_ != State::kMore) return;
    OnByte(c);
  }
}

void HttpHead::OnByte(char c) {
  if (size_ == kMaxHttpHead) {
    state_ = State::kTooLong;
    return;
  }
  ++size_;
  line_ += c;
  if (!has_status_ && line_.size() <= kMagic.size() && c != kMagic[line_.size() - 1]) {
    state_ = State::kNotHttp;
  } else if (c == '\n') {
    OnLine();
  }
}

void HttpHead::OnLine() {
  const std::string line = std::exchange(line_, {});
  const std::string_view text = WithoutLineEnd(line);
  if (!has_status_) {
    facts_.status_line = text;
    has_status_ = true;
  } else if (text.empty()) {
    state_ = State::kWhole;
  } else {
    facts_.headers += line;
  }
}

// The line that never ended counts as what it would have been.
HttpFacts HttpHead::TakeFacts() {
  facts_.truncated = state_ != State::kWhole;
  (has_status_ ? facts_.headers : facts_.status_line) += line_;
  line_.clear();
  size_ = 0;
  return std::exchange(facts_, {});
}

std::string HttpGetRequest(const ProbeOptions& options, std::string_view host, uint16_t port) {
  const bool ipv6 = host.find(':') != std::string_view::npos;
  std::string authority = ipv6 ? StrCat("[", host, "]") : std::string(host);
  if (!host.empty() && port != kHttpsPort) authority += StrCat(":", port);
  const std::string contact = options.contact.empty() ? "" : StrCat(" (+", options.contact, ")");
  return StrCat("GET / HTTP/1.1\r\nHost: ", authority, "\r\nUser-Agent: ", options.software,
                contact, "\r\nAccept: */*\r\nConnection: close\r\n\r\n");
}

}  // namespace hark

#include "worker/probe/ssh_greeting.h"

#include <algorithm>

#include "base/strings.h"
#include "worker/probe/limits.h"

namespace hark {
namespace {

// What other services say first. A server that greets like this has told us enough; waiting for an
// identification line would only end in a time-out.
constexpr std::string_view kOtherGreetings[] = {"220 ",  "220-",  "421 ",   "554 ",   "554-",
                                                "+OK",   "-ERR",  "* OK",   "* BYE",  "* PREAUTH",
                                                "HTTP/", "<html", "<!DOCT", "RFB 00", "RTSP/"};

// Text has line ends, tabs and, in decorated banners, bells and colours; nothing else below a
// blank. TLS alerts, telnet options and database greetings show themselves in their first bytes.
bool IsBinary(char c) {
  return static_cast<unsigned char>(c) < 0x20 && (c < '\a' || c > '\r') && c != '\x1b';
}

}  // namespace

size_t SshGreeting::Feed(std::string_view bytes) {
  size_t taken = 0;
  while (taken < bytes.size() && state_ == State::kReading) Take(bytes[taken++]);
  return taken;
}

void SshGreeting::Take(char c) {
  if (c == '\n') {
    EndLine();
  } else if (IsBinary(c)) {
    state_ = State::kNotSsh;
  } else {
    line_ += c;
    const bool ssh = line_.starts_with("SSH-");
    if (ssh ? line_.size() > kMaxSshIdentification : pre_bytes_ + line_.size() > kMaxSshPreBytes) {
      state_ = State::kTooLong;
    }
  }
}

void SshGreeting::EndLine() {
  if (line_.ends_with('\r')) line_.pop_back();
  if (line_.starts_with("SSH-")) {
    const bool spoken = line_.starts_with("SSH-2.0-") || line_.starts_with("SSH-1.99-");
    state_ = spoken ? State::kIdentified : State::kOldVersion;
    return;
  }
  const bool other =
      pre_lines_.empty() &&
      std::any_of(std::begin(kOtherGreetings), std::end(kOtherGreetings),
                  [&](std::string_view start) { return StartsWithIgnoreCase(line_, start); });
  pre_bytes_ += line_.size() + 1;
  pre_lines_.push_back(std::move(line_));
  line_.clear();
  if (other) {
    state_ = State::kNotSsh;
  } else if (pre_lines_.size() > kMaxSshPreLines || pre_bytes_ > kMaxSshPreBytes) {
    state_ = State::kTooLong;
    pre_lines_.resize(kMaxSshPreLines < pre_lines_.size() ? kMaxSshPreLines : pre_lines_.size());
  }
}

std::string SshGreeting::Text() const {
  return pre_lines_.empty() ? line_ : Join(pre_lines_, "\n") + "\n" + line_;
}

}  // namespace hark

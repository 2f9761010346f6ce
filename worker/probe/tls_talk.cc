#include "worker/probe/tls_talk.h"

#include "worker/probe/limits.h"

namespace hark {

// The first two bytes of an answer tell TLS from everything else; OpenSSL would wait for five and
// name the error after what it guesses.
bool TlsTalk::LooksLikeTls(std::string_view bytes) const {
  constexpr char kAlertRecord = '\x15';
  constexpr char kHandshakeRecord = '\x16';
  constexpr char kMajorVersion = '\x03';
  for (size_t i = 0; i < bytes.size() && received_ + i < 2; ++i) {
    const char c = bytes[i];
    const bool right =
        received_ + i == 0 ? c == kHandshakeRecord || c == kAlertRecord : c == kMajorVersion;
    if (!right) return false;
  }
  return true;
}

std::string_view TlsTalk::Admit(std::string_view bytes) {
  if (!LooksLikeTls(bytes)) {
    state_ = State::kNotTls;
    return {};
  }
  bytes = bytes.substr(0, kMaxTlsBytes - received_);
  received_ += bytes.size();
  return bytes;
}

}  // namespace hark

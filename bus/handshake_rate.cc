#include "bus/handshake_rate.h"

namespace hark {

bool HandshakeRate::Allow(std::string_view key, MonoTime now) {
  auto it = windows_.find(key);
  if (it == windows_.end()) it = windows_.emplace(key, Window{now + kWindow, 0}).first;
  Window& window = it->second;
  if (window.until <= now) window = {now + kWindow, 0};
  return ++window.count <= kMost;
}

}  // namespace hark

#include "api/connection_book.h"

namespace hark {
namespace {

// Whoever has an IPv6 address has a /64 of them.
std::string ClientOf(const Address& address) {
  return std::string(address.bytes().substr(0, address.is_v4() ? 4 : 8));
}

}  // namespace

bool IsLoopback(const Address& address) {
  if (address.is_v4()) return address.v4() >> 24 == 127;
  return address == *Address::Parse("::1");
}

bool ConnectionBook::Counts(const Address& client) const {
  return limits_.counts_loopback || !IsLoopback(client);
}

ConnectionBook::Entry ConnectionBook::Enter(const Address& client) {
  const std::lock_guard lock(mutex_);
  if (count() >= limits_.connections) return Entry::kFull;
  if (Counts(client)) {
    size_t& held = of_client_[ClientOf(client)];
    if (held >= limits_.connections_per_address) return Entry::kTooManyOfYours;
    ++held;
  }
  ++count_;
  return Entry::kWelcome;
}

void ConnectionBook::Leave(const Address& client) {
  const std::lock_guard lock(mutex_);
  --count_;
  if (!Counts(client)) return;
  const auto held = of_client_.find(ClientOf(client));
  if (held != of_client_.end() && --held->second == 0) of_client_.erase(held);
}

}  // namespace hark

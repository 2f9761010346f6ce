#include "base/address.h"

#include <arpa/inet.h>

#include <cstring>

namespace hark {

Address Address::V4(uint32_t number) {
  Address a;
  for (int i = 0; i < 4; ++i) a.bytes_[i] = static_cast<uint8_t>(number >> (24 - 8 * i));
  return a;
}

std::optional<Address> Address::FromBytes(std::string_view bytes) {
  if (bytes.size() != 4 && bytes.size() != 16) return std::nullopt;
  Address a;
  a.family_ = bytes.size() == 4 ? 4 : 6;
  std::memcpy(a.bytes_.data(), bytes.data(), bytes.size());
  return a;
}

std::optional<Address> Address::Parse(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN];
  if (text.empty() || text.size() >= sizeof buffer) return std::nullopt;
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  Address a;
  // glibc's inet_pton refuses leading zeros and short forms, which is what we want.
  if (inet_pton(AF_INET, buffer, a.bytes_.data()) == 1) return a;
  a.family_ = 6;
  if (inet_pton(AF_INET6, buffer, a.bytes_.data()) == 1) return a;
  return std::nullopt;
}

uint32_t Address::v4() const {
  uint32_t number = 0;
  for (int i = 0; i < 4; ++i) number = number << 8 | bytes_[i];
  return number;
}

std::string Address::SortKey() const {
  std::string key(1, static_cast<char>(family_));
  key += bytes();
  return key;
}

std::optional<Address> Address::FromSortKey(std::string_view key) {
  if (key.size() == 5 && key[0] == 4) return FromBytes(key.substr(1));
  if (key.size() == 17 && key[0] == 6) return FromBytes(key.substr(1));
  return std::nullopt;
}

std::string Address::ToString() const {
  char buffer[INET6_ADDRSTRLEN];
  inet_ntop(is_v4() ? AF_INET : AF_INET6, bytes_.data(), buffer, sizeof buffer);
  return buffer;
}

}  // namespace hark

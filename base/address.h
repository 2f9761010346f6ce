#pragma once

// An IP address, IPv4 or IPv6, as a value: hashable, totally ordered (IPv4 before IPv6, then by
// number), printed in the canonical form of RFC 5952.

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace hark {

class Address {
 public:
  Address() = default;  // 0.0.0.0

  static Address V4(uint32_t number);  // host byte order: 0x7f000001 is 127.0.0.1
  // 4 or 16 bytes in network order.
  static std::optional<Address> FromBytes(std::string_view bytes);
  // Dotted quad (four decimal parts, no leading zeros) or IPv6 text. No names, no ports.
  static std::optional<Address> Parse(std::string_view text);

  bool is_v4() const { return family_ == 4; }
  uint32_t v4() const;  // host byte order; only for IPv4
  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(bytes_.data()), is_v4() ? 4U : 16U};
  }
  // Family byte (4 or 6) then bytes(): sorts as operator<=> does. Used in the store's keys.
  std::string SortKey() const;
  static std::optional<Address> FromSortKey(std::string_view key);

  std::string ToString() const;

  auto operator<=>(const Address&) const = default;

 private:
  uint8_t family_ = 4;
  std::array<uint8_t, 16> bytes_{};
};

}  // namespace hark

template <>
struct std::hash<hark::Address> {
  size_t operator()(const hark::Address& a) const {
    return std::hash<std::string_view>()(a.bytes());
  }
};

#pragma once

// Who showed something: an address, or a name where no address is known (an onion service, a
// hashed name of a known_hosts file, a server name that passive collection saw). A value: totally
// ordered, IPv4 before IPv6 before names.

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "base/address.h"

namespace hark {

class HostId {
 public:
  static constexpr size_t kMaxName = 255;

  HostId() = default;  // 0.0.0.0
  HostId(const Address& address) : address_(address) {}

  // An address in any spelling, or a name: 1 to kMaxName printable ASCII characters without blanks.
  // Names are kept in lower case and without a trailing dot, but for the hashed ones of OpenSSH
  // ("|1|..."), which are kept as they are.
  static std::optional<HostId> Parse(std::string_view text);

  bool is_address() const { return name_.empty(); }
  const Address& address() const { return address_; }  // only if is_address()
  const std::string& name() const { return name_; }    // "" for an address
  bool is_onion() const { return name_.ends_with(".onion"); }

  // Canonical text: RFC 5952, or the name.
  std::string ToString() const { return is_address() ? address_.ToString() : name_; }

  // For the store's keys: Address::SortKey, or 'n' and the name. Sorts as operator<=> does.
  std::string SortKey() const;
  static std::optional<HostId> FromSortKey(std::string_view key);

  bool operator==(const HostId&) const = default;
  std::strong_ordering operator<=>(const HostId& other) const {
    if (is_address() != other.is_address()) {
      return is_address() ? std::strong_ordering::less : std::strong_ordering::greater;
    }
    return is_address() ? address_ <=> other.address_ : name_ <=> other.name_;
  }

 private:
  Address address_;
  std::string name_;
};

}  // namespace hark

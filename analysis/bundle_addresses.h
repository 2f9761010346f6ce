#pragma once

// Finds addresses of others in a text, however they are written. A text is read, not searched: what
// could be an address in some form is made one and looked up, so the time is that of the text.
//
//   203.0.113.5  203-0-113-5  203_0_113_5  203.000.113.005   also 5.113.0.203, the reverse
//   203.0.113.0/24  203.0.113.0-203.0.113.9  203.0.113.0-9   when an address of others is inside
//   5.113.0.203.in-addr.arpa  113.0.203.in-addr.arpa
//   cb007105  0xCB007105  cb:00:71:05, in both byte orders; 3405803781
//   2001:db8::5 in any form of RFC 4291 §2.2, with or without a prefix length, ::ffff:203.0.113.5,
//   2002:cb00:7105::; 32 hex digits; 32 nibbles with dots, reversed or not; any part of ip6.arpa

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/host_table.h"
#include "base/address.h"

namespace hark {

class BundleAddresses {
 public:
  // Every host of the table but the own ones is others', as are the addresses of `more` that are
  // not own. hosts must outlive this.
  BundleAddresses(const HostTable& hosts, std::set<Address> own, const std::set<Address>& more);

  bool IsOwn(const Address& address) const { return own_.contains(address); }
  bool IsOthers(const Address& address) const { return AnyOthers(address, address); }
  // Whether any of [first, last] is others'.
  bool AnyOthers(const Address& first, const Address& last) const;

  struct Found {
    size_t at = 0;
    const char* form = "";  // "written backwards"
  };
  // The first one of the first form in the text.
  std::optional<Found> Find(std::string_view text) const;

 private:
  const HostTable& hosts_;
  std::set<Address> own_;
  std::set<Address> more_;
};

}  // namespace hark

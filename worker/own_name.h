#pragma once

// What a worker calls itself in EHLO. RFC 5321 §4.1.1.1 asks for the client's own name, or for the
// literal of its address where it has none; a name that does not lead back to the address is what
// spam looks like. Decided once, at start, because DNS may block for seconds.
//
// Global: base/special_ranges.h.
//
//  configured | our address                      | name
//  yes        | any                              | as configured; global and the name does not lead
//             |                                  | to it: with a warning
//  no         | global, PTR name leads back      | the PTR name
//  no         | global, no such name             | the address literal
//  no         | private, loopback, …             | the address literal, no DNS asked

#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "worker/worker_config.h"

namespace hark {

class NameResolver {
 public:
  virtual ~NameResolver() = default;
  // The name of an address, "" if it has none. Not to be believed before it leads back.
  virtual std::string NameOf(const Address& address) = 0;
  // The addresses of a name, none if it has none.
  virtual std::vector<Address> AddressesOf(const std::string& name) = 0;
};

// The C library's: /etc/hosts, then DNS. Blocks.
std::unique_ptr<NameResolver> NewSystemNameResolver();

struct OwnName {
  std::string name;
  std::string warning;  // for the operator, "" = none
};

// The table above. configured: "" = none; a literal in brackets is taken as it is.
OwnName ChooseOwnName(const std::string& configured, const Address& own, NameResolver& resolver);

// RFC 5321 §4.1.3: "[192.0.2.1]", "[IPv6:2001:db8::1]".
std::string AddressLiteral(const Address& address);
// The configured source, IPv4 first, else where the routing table would send from (asked without
// sending), else 127.0.0.1.
Address OwnAddress(const Source& source);

// The address's own name, "" unless it leads back. Not global: "", and no DNS is asked.
std::string ReverseName(const Address& own, NameResolver& resolver);

// The name for this machine as configured, its warning logged.
std::string EhloNameOf(const WorkerConfig& config);

}  // namespace hark

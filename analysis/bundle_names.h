#pragma once

// What tells a host's name, of everything it showed and was found by. Strangers wrote all of it:
// what comes out is lower case, bounded in length, and any bytes.
//
//   names    what the host is called: the names it was a target by, the name in a mail greeting or
//            EHLO answer (RFC 5321 §4.2, §4.1.1.1), subject CN and SANs of its leaf certificates
//   traces   more that points at its owner: names in any other line it sent, the subject's O, OU
//            and mail address. Never shown to anybody; only looked for

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "proto/store.pb.h"

namespace hark {

struct BundleNames {
  std::set<std::string> names;
  std::set<std::string> traces;
  std::set<Address> addresses;  // written in names, greetings and SANs

  void Merge(const BundleNames& other);
};

// Longer ones are not names (RFC 1035 §2.3.4 has 255 octets) and are traces only, cut.
inline constexpr size_t kMaxBundleName = 255;

// Lower case, without blanks around it, without the root's dot.
std::string NormalBundleName(std::string_view name);

// Of host row and observation; certificates apart, since many hosts show the same one.
void AddTargetNames(const proto::HostRow& row, BundleNames& out);
void AddObservedNames(const proto::PortObservation& seen, BundleNames& out);
// Of a leaf certificate; nothing when it cannot be read.
BundleNames NamesOfCertificate(std::string_view der);

}  // namespace hark

#pragma once

// What a bundle says: the clusters that touch one asset-holder, as values in which nothing of
// anybody else is left but AS numbers and what their hosts have in common with the holder's. Who
// draws or prints from these values cannot leak what is not in them. docs/bundles.md says what
// stays, what goes and why.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/outcome.h"

namespace hark {

struct BundlePort {
  uint16_t port = 0;
  Outcome outcome = Outcome::kSilent;
  std::string version;         // "TLSv1.2", "SSH-2.0", "" unknown
  std::vector<uint32_t> keys;  // indices of BundleCluster::keys, ascending
};

struct BundleMember {
  std::string label;  // the address of an own host, else a pseudonym
  bool own = false;
  uint32_t asn = 0;  // 0 unknown
  std::vector<BundlePort> ports;
  // Only of own hosts, lower case; a stranger's bytes, escape to show.
  std::vector<std::string> names;
  uint64_t names_withheld = 0;  // that hosts of others show too, or that have others' names in them
  uint64_t names_more = 0;      // beyond kMaxNamesShown
};

struct BundleKey {
  std::string label;  // a pseudonym
  uint64_t host_ports = 0;
  uint64_t hosts = 0;
  uint64_t own_hosts = 0;
};

struct BundleCluster {
  std::string label;                  // a pseudonym
  std::vector<BundleMember> members;  // own ones by address, then the others by pseudonym
  std::vector<BundleKey> keys;        // most host_ports first, then by pseudonym
  uint64_t own_hosts = 0;
  std::map<uint32_t, uint64_t> hosts_of_as;  // 0 = unknown
};

struct Bundle {
  std::string holder;                   // BundleOwner::description()
  std::string country;                  // "" for a list
  std::string from;                     // days, "2018-04-30"
  std::string until;                    // "" while the run goes on
  std::vector<uint32_t> ports;          // that were looked at
  std::vector<std::string> scope;       // which part of the run this is, in words; none = all of it
  std::vector<BundleCluster> clusters;  // largest first, then by pseudonym
};

// A certificate may hold thousands of names; the count says how many more.
inline constexpr size_t kMaxNamesShown = 100;
// Of a thousand shared keys the first hundred are the ones to begin with; keys.csv has them all.
inline constexpr size_t kMaxKeysInTable = 100;

}  // namespace hark

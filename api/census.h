#pragma once

// What only all of the store can tell: how many hosts have what, as Passive SSH counts it. Only
// places that speak SSH count (api/ssh_presence.h). Each tally is one pass over an index; memory is
// that of its result.

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "storage/history.h"

namespace hark {

using NameCount = std::pair<std::string, uint64_t>;

struct HostTally {
  uint64_t addresses = 0;
  uint64_t onions = 0;
  // Hosts with a name that is no onion's are in neither: Passive SSH knows no such kind.
};

// Identifications and their hosts, highest count first, then by text.
struct BannerTally {
  std::vector<NameCount> banners;
};

// Algorithm lists, each list of counts highest first.
struct AlgorithmTally {
  std::vector<NameCount> hasshs;         // Passive SSH's value -> hosts; then by value
  std::vector<NameCount> server_hasshs;  // true hasshServer -> hosts
  // Name -> pairs of a host and a hassh (Passive SSH's) it was seen in; then by name, the last
  // first.
  std::vector<NameCount> compress, mac, encrypt;
};

struct KeyTally {
  struct Shared {
    std::array<char, 16> md5{};
    uint32_t hosts = 0;
  };

  std::vector<NameCount> types;  // distinct SSH keys of each, by name
  uint64_t keys = 0;             // of them all
  // Keys seen on two or more hosts, most hosts first, then by fingerprint, the highest first.
  std::vector<Shared> shared;
  // The first eight bytes of the references of keys that have a fingerprint but were never seen in
  // SSH; sorted. A stranger's SSH key that agrees with one of them would be missed: he would have
  // to find it among 2^64.
  std::vector<uint64_t> tls_only;

  bool IsTlsOnly(const Fact& key) const;
  bool IsShared(std::string_view md5) const;

  std::vector<uint32_t> shared_by_md5;  // positions in shared, by fingerprint
};

// Set by whoever wants a tally to end early: it returns kInterrupted.
using StopSign = std::atomic<bool>;

Result<HostTally> TallyHosts(const HistoryReader& history, const StopSign& stop);
Result<BannerTally> TallyBanners(const HistoryReader& history, const StopSign& stop);
Result<AlgorithmTally> TallyAlgorithms(const HistoryReader& history, const StopSign& stop);
Result<KeyTally> TallyKeys(const HistoryReader& history, const StopSign& stop);

}  // namespace hark

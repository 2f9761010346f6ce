#pragma once

// Who shares keys with whom, and on which ports: what the scripts call a host's collisions.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "analysis/clusters.h"
#include "analysis/host_table.h"
#include "base/status.h"
#include "storage/run_reader.h"

namespace hark {

struct SurveyPeer {
  uint32_t host = 0;  // number in the host table
  uint64_t mask = 0;  // of the one asked about, its ports being the local ones
};

class SurveyPeers {
 public:
  // hosts and clustering must outlive it.
  static Result<SurveyPeers> Read(const RunReader& reader, const HostTable& hosts);

  // Those that share a key with the host, ascending; at most `most` of them, but at least one of
  // each key. count: how many there are.
  std::vector<SurveyPeer> Of(uint32_t host, uint64_t most, uint64_t* count) const;

 private:
  struct Use {
    uint32_t host;
    uint16_t ports;  // by SurveyPortIndex, a bit each
  };
  uint64_t CountPeers(const std::vector<uint32_t>& groups) const;
  std::vector<uint32_t> GroupsOf(uint32_t host) const;

  std::vector<Use> uses_;                                     // key after key, hosts ascending
  std::vector<uint32_t> begins_;                              // of each key's uses, and the end
  std::vector<std::pair<uint32_t, uint32_t>> groups_of_;      // (host, key), sorted
  mutable std::map<std::vector<uint32_t>, uint64_t> counts_;  // of hosts, by set of keys
};

}  // namespace hark

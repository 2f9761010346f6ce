#pragma once

// One cluster looked at closely: what each member showed on each port, and how often each key of
// the members occurs. One pass over the run's ports; holds the members' observations only.

#include <string>
#include <vector>

#include "analysis/clusters.h"
#include "analysis/host_table.h"
#include "base/outcome.h"
#include "base/status.h"
#include "storage/run_reader.h"

namespace hark {

struct MemberPort {
  uint16_t port = 0;
  Outcome outcome = Outcome::kSilent;
  std::vector<KeyId> keys;  // ascending
  std::string version;      // "TLSv1.2", "SSH-2.0", "" unknown
  // SSH identification or first line of a mail greeting: a stranger's bytes, escape to show.
  std::string banner;
};

struct Member {
  Address address;
  uint32_t asn = 0;               // 0 unknown
  std::vector<MemberPort> ports;  // those that accepted a connection, ascending
};

struct ClusterDetail {
  std::vector<Member> members;  // in address order
  std::vector<KeyCount> keys;   // most host_ports first, then by id
};

Result<ClusterDetail> ReadClusterDetail(const RunReader& reader, const HostTable& hosts,
                                        const Clustering& clustering, uint32_t cluster);

// The same of several clusters, in their order, in one pass over the run's ports.
Result<std::vector<ClusterDetail>> ReadClusterDetails(const RunReader& reader,
                                                      const HostTable& hosts,
                                                      const Clustering& clustering,
                                                      const std::vector<uint32_t>& clusters);

// The cluster an id, or the beginning of one, names. kInvalidInput when it is none or several.
Result<uint32_t> FindCluster(const Clustering& clustering, std::string_view id);

}  // namespace hark

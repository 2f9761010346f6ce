#pragma once

// What the paper's Tables XVI and XVIII–XX say of a cluster, for every cluster of a run, in its
// definitions and in ours where they differ:
//
//   row                      | paper                     | also here
//   ASes                     | "unknown" counts as one   | known ASes, and hosts without one
//   crypto ports             | host/ports with a key     | uses: a port may show several keys
//   SSH, TLS keys            | distinct, by port         | distinct over all ports together
//   browser-trusted, W/C     | host/ports                | distinct certificates
//   most re-used             | host/ports                | hosts
//   total over clusters      | plain sums                | distinct counts (StatsTotals)
//
// TLS ports are all that are not SSH. One pass over the hosts, the ports and the key index each;
// about 200 bytes a cluster, and with a judge 50 bytes a distinct certificate of a member.
// Without a judge the columns of browser trust say "not judged".

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/clusters.h"
#include "analysis/host_table.h"
#include "analysis/leaf_judge.h"
#include "base/status.h"
#include "storage/run_reader.h"

namespace hark {

struct ClusterStats {
  std::string id;
  uint64_t hosts = 0;
  uint64_t ases = 0;  // known and distinct
  uint64_t hosts_of_unknown_as = 0;
  uint64_t paper_ases() const { return ases + (hosts_of_unknown_as > 0 ? 1 : 0); }

  uint64_t host_ports = 0;  // with a key; the sum of the next two
  uint64_t ssh_ports = 0;
  uint64_t tls_ports = 0;
  uint64_t key_uses = 0;     // (key, host, port)
  uint64_t keys = 0;         // distinct
  uint64_t ssh_keys = 0;     // distinct, seen on SSH
  uint64_t tls_keys = 0;     // distinct, seen on TLS
  uint64_t shared_keys = 0;  // distinct, on two hosts or more
  KeyCount most_reused;      // most host/ports, then smallest id

  bool judged = false;         // whether the next four say anything
  uint64_t trusted = 0;        // host/ports with a browser-trusted certificate
  uint64_t wildcard = 0;       // of these, with a wildcard in it
  uint64_t trusted_certs = 0;  // distinct
  uint64_t wildcard_certs = 0;

  int64_t first_seen_unix_ms = 0;  // the first visit to a member, 0 = not told
  int64_t last_seen_unix_ms = 0;   // the last
};

struct StatsTotals {
  ClusterStats sum;       // the paper's: what two clusters share counts twice
  ClusterStats distinct;  // each host, AS, key and certificate once
};

// In the order of clustering.clusters.
Result<std::vector<ClusterStats>> ReadClusterStats(const RunReader& reader, const HostTable& hosts,
                                                   const Clustering& clustering,
                                                   const LeafJudge& judge = {});

// Over the clusters of one run; they share no host and no key, but ASes (and, with different keys
// on their hosts, never a certificate).
// min_hosts: of these only those of that many hosts and more.
StatsTotals TotalOfRun(const Clustering& clustering, const std::vector<ClusterStats>& stats,
                       uint64_t min_hosts = 2);

// One more key, wherever it was shown: what counts its uses and looks for the most used one.
void CountKeyUse(const KeyCount& count, bool ssh, bool tls, ClusterStats& stats);

// Adds up; most_reused is the larger, times widen. Ids stay as they are.
void AddTo(ClusterStats& sum, const ClusterStats& stats);

// The first and the last time a host, or members of other clusters, were visited, widened into
// stats.
void WidenTimes(const proto::HostRow& row, ClusterStats& stats);
void WidenTimes(const ClusterStats& by, ClusterStats& stats);

}  // namespace hark

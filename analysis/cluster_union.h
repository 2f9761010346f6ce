#pragma once

// Clusters of several runs taken together, as the paper's Tables XVIII–XX do with super-clusters:
// the row of each, their plain sum, and what is there when everything is counted once. An address
// is one host in whatever runs it was seen. Holds the places and keys of the clusters' members:
// for dozens of clusters, not for all of a run (TotalOfRun has those).

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "analysis/cluster_stats.h"

namespace hark {

// What members of clusters showed, as sets: uniting two of them counts nothing twice.
struct ClusterContents {
  using Place = std::pair<Address, uint16_t>;

  std::set<Address> hosts;
  std::set<Address> with_as;
  std::set<uint32_t> asns;
  std::map<KeyId, std::set<Place>> places_of_key;
  std::set<Place> trusted;
  std::set<Place> wildcard;
  std::set<std::string> trusted_certs;  // SHA-256
  std::set<std::string> wildcard_certs;
  bool judged = false;
  ClusterStats times;  // its first and last seen

  void Unite(const ClusterContents& other);
  ClusterStats Count(std::string id) const;
};

class ClusterUnion {
 public:
  // judge: for all that is added; must outlive the union.
  explicit ClusterUnion(const LeafJudge& judge) : verdicts_(judge) {}

  // clusters: indices of clustering.clusters, each once. One pass over the run's hosts and one over
  // its ports. Nothing is added when it fails.
  Status Add(const RunReader& reader, const HostTable& hosts, const Clustering& clustering,
             const std::vector<uint32_t>& clusters);

  // In the order in which they were added.
  const std::vector<ClusterStats>& rows() const { return rows_; }
  StatsTotals Totals() const;

 private:
  Status AddPort(const Address& address, uint16_t port, const proto::PortRow& row,
                 ClusterContents& contents);

  LeafVerdicts verdicts_;
  std::vector<ClusterStats> rows_;
  ClusterContents all_;
};

}  // namespace hark

#pragma once

// How much falls when a key falls: HARK and its variants, the paper's risk argument as a sum, and
// how unevenly keys and hosts are spread. docs/analysis.md defines every number for readers.
//
// The paper: a leaked key costs C a host, and each host leaks its key with probability p; n hosts
// with keys of their own lose n·p·C, n hosts with one key n·n·p·C. So the sum of n² says what
// re-use costs, and divided by the hosts, on how many hosts more the loss falls.

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "analysis/clusters.h"
#include "analysis/key_groups.h"
#include "base/outcome.h"

namespace hark {

// Hosts of some kind, and those of them that re-use a key of that kind.
struct ReuseCount {
  uint64_t hosts = 0;
  uint64_t reusing = 0;

  double ratio() const {
    return hosts == 0 ? 0 : static_cast<double>(reusing) / static_cast<double>(hosts);
  }
};

// n things that have a size each, from their histogram: size -> how many.
struct Concentration {
  uint64_t things = 0;
  uint64_t sum = 0;  // of all sizes
  uint64_t largest = 0;
  double gini = 0;               // 0: all are equal; towards 1: one has nearly all
  double top_percent_share = 0;  // part of the sum in the largest 1 % of things, rounded up
  // The Lorenz curve from (0, 0) to (1, 1): the smallest share of things has which share of the
  // sum. A point where the size changes.
  std::vector<std::pair<double, double>> lorenz;
};

Concentration MeasureConcentration(const std::map<uint64_t, uint64_t>& things_of_size);

// The smallest size that `part` (0 to 1) of the things do not exceed: the nearest rank, no mean of
// two sizes. 0 of nothing.
uint64_t SizeQuantile(const std::map<uint64_t, uint64_t>& things_of_size, double part);

struct RiskReport {
  // A cluster that possibly is one machine with several addresses (multihomed.h): taken out, and
  // taken for one host without re-use.
  ReuseCount without_possible;
  ReuseCount possible_as_one;
  // Hosts with a key on the port or of the protocol, and those where another host has one of these
  // keys, on whatever port.
  std::map<uint16_t, ReuseCount> by_port;
  ReuseCount ssh, tls;

  uint64_t cluster_squares = 0;  // Σ over clusters of hosts²
  uint64_t key_squares = 0;      // Σ over keys of (hosts that use it)²
  uint64_t crypto = 0;           // hosts
  uint64_t lone = 0;             // of them, in no cluster
  // The paper's sums on a host: 0 without re-use, and 1 a host without re-use.
  double cluster_risk() const { return PerHost(cluster_squares); }
  double key_risk() const { return PerHost(key_squares); }
  // Hosts whose keys are connected with those of a host taken at random, itself included.
  double hosts_lost_with_one() const { return PerHost(cluster_squares + lone); }

  Concentration groups;  // clusters, and every other crypto host as a group of one
  Concentration keys;    // by hosts that use them
  std::map<uint64_t, uint64_t> keys_of_hosts;  // hosts that use it -> how many keys

 private:
  double PerHost(uint64_t sum) const {
    return crypto == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(crypto);
  }
};

// Fed with the groups of keys (key_groups.h). Two bits a host and port.
class KeyReuseCounter {
 public:
  explicit KeyReuseCounter(uint32_t hosts) : hosts_(hosts) {}

  // The places of one key.
  void Add(const std::vector<KeyPlace>& places);
  // clustering: of the same keys, what AnalyseRun tells of its clusters included.
  RiskReport Finish(const Clustering& clustering) &&;

 private:
  struct Bits {
    std::vector<bool> seen;
    std::vector<bool> reused;
  };

  Bits& BitsOf(uint16_t port);

  uint32_t hosts_;
  std::vector<std::pair<uint16_t, Bits>> ports_;  // few, so looked through
  std::map<uint64_t, uint64_t> keys_of_hosts_;
};

}  // namespace hark

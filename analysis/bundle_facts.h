#pragma once

// The clusters that touch an asset-holder as the store has them, everything in the clear: what a
// bundle is made from and what must not be in it. Two passes over the run's ports for an owner told
// by names, else one. Holds the selected members only; each certificate is read once.

#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "analysis/bundle_fingerprints.h"
#include "analysis/bundle_names.h"
#include "analysis/bundle_owner.h"
#include "analysis/clusters.h"
#include "analysis/host_table.h"
#include "base/outcome.h"
#include "base/status.h"
#include "storage/run_reader.h"

namespace hark {

struct BundlePortFacts {
  uint16_t port = 0;
  Outcome outcome = Outcome::kSilent;
  std::string version;
  std::vector<KeyId> keys;
};

struct BundleMemberFacts {
  Address address;
  uint32_t asn = 0;
  bool own = false;
  std::vector<BundlePortFacts> ports;  // ascending
  BundleNames shown;                   // but for its certificates'
  std::vector<const BundleNames*> certificates;
};

struct BundleClusterFacts {
  std::string id;
  std::vector<BundleMemberFacts> members;  // in address order
};

struct BundleFacts {
  std::vector<BundleClusterFacts> clusters;  // largest first
  BundleFingerprints fingerprints;           // of every key and leaf of the members
  // By SHA-256; the members point at them, and they do not move.
  std::unordered_map<std::string, std::unique_ptr<BundleNames>> certificates;
};

// Clusters with at least one own host. None is no error.
Result<BundleFacts> ReadBundleFacts(const RunReader& reader, const HostTable& hosts,
                                    const Clustering& clustering, const BundleOwner& owner);

}  // namespace hark

#pragma once

// Runs as surveys leave them, written straight into a store: the paper's distribution of cluster
// sizes, hosts per port, key types, and real certificates under a root made for it. For benches and
// trials of the analysis; of one description always the same hosts, keys and clusters.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "storage/store.h"

namespace hark::bench {

struct AnalysisStore {
  std::string run = "IE-20180316";
  std::string country = "IE";
  uint64_t listeners = 24'774;
  uint64_t out_of_country = 1'233;
  uint64_t crypto = 18'268;
  // Hosts with a key on each port; no more than crypto.
  std::map<uint16_t, uint64_t> ports = {{22, 6902},   {25, 9901},  {110, 6008}, {143, 6547},
                                        {443, 12861}, {587, 5370}, {993, 6858}};
  // Clusters by size; the members are among the crypto hosts.
  std::map<uint64_t, uint64_t> sizes;
  // Of hosts in clusters, in percent: those that have a key of their own on some port, too.
  uint32_t own_key_pct = 40;
  // Distinct certificates to make; more keys than that are stored without one. Each takes up to a
  // millisecond.
  uint64_t max_certificates = 100'000;
  int64_t grabbed_unix = 1'600'000'000;
};

// sizes as the paper's run has them (analysis/paper_runs_fixture.h): "IE-20180316".
AnalysisStore PaperStore(const std::string& run);

// Writes the run, finished, with its ledger. Gives the root that 45 % of the certificates chain to,
// through an intermediate; 35 % are self-signed, the rest of a CA nobody trusts. PEM. Whoever signs
// does so with RSA 2048, as nearly everybody did then.
Result<std::string> WriteAnalysisStore(const AnalysisStore& what, Store* store);

}  // namespace hark::bench

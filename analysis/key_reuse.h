#pragma once

// What one further pass over the key index tells of a run, once its clusters are known.

#include "analysis/risk.h"
#include "analysis/ssh_reuse.h"
#include "analysis/two_host.h"

namespace hark {

struct KeyReuse {
  SshReuse ssh;              // Table XI
  TwoHostClusters two_host;  // the most frequent clusters by what joins them
  RiskReport risk;
};

// clustering: what AnalyseRun tells of its clusters included.
Result<KeyReuse> MeasureKeyReuse(const RunReader& reader, const HostTable& hosts,
                                 const Clustering& clustering);

}  // namespace hark

#pragma once

// What super-clusters consist of: one pass over the runs' key indexes and hosts, and with judges
// one over their ports. 8 bytes for each (host, port) of a linked cluster.

#include <span>

#include "analysis/super_clusters.h"

namespace hark {

// Fills in members, sums, distinct counts and linking keys; nodes and links are there.
Status CountMembers(std::span<const ComparedRun* const> runs, const CrossLinks& links,
                    std::span<const LeafJudge> judges, SuperClusters& out);

}  // namespace hark

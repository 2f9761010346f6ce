#pragma once

// Clusters of a run for people and programs. docs/formats/report.md describes the JSON.

#include <string>

#include "analysis/cluster_detail.h"
#include "analysis/report.h"
#include "analysis/report_tables.h"

namespace hark {

// Clusters of min_size members and more, largest first.
Table ClustersTable(const RunAnalysis& analysis, uint64_t min_size);
// An array of {id, size, members[], asns[], keys[]}.
std::string ClustersAsJson(const RunAnalysis& analysis, uint64_t min_size);
// id,size,asns,keys,members; lists inside a field separated by blanks.
std::string ClustersAsCsv(const RunAnalysis& analysis, uint64_t min_size);

// Which part of the run what follows is of: a line and an empty one; for LaTeX a comment. "" for
// all of it, and where a format has no place for it (CSV, JSON).
std::string ScopeHeading(const std::string& run, const std::vector<std::string>& scope,
                         const std::string& format);

// Its keys with their multiplicities; a line a member and port.
Table ClusterKeysTable(const ClusterDetail& detail);
Table ClusterMembersTable(const ClusterDetail& detail);

std::string ClusterAsText(const Cluster& cluster, const ClusterDetail& detail, bool colour);
std::string ClusterAsJson(const Cluster& cluster, const ClusterDetail& detail);

}  // namespace hark

#pragma once

// Tables of what clusters are made of: the paper's Table XI, the clusters of two hosts, and the
// rows of its Tables XVI and XVIII–XX.

#include <string>
#include <vector>

#include "analysis/cluster_stats.h"
#include "analysis/report_tables.h"

namespace hark {

// Table XI: the SSH key re-used most, and the one of a cluster without TLS.
Table SshReuseTable(const RunReport& report);
// Clusters of two hosts by the ports that join them; the most frequent ones and a line for the
// rest.
Table TwoHostTable(const RunReport& report);
// What ReportTables shows of these; an empty one is left out.
void AddStatsTables(const RunReport& report, std::vector<Table>& tables);

// A row a cluster. causes: a word for each, or empty; totals: nullptr for none.
Table ClusterStatsTable(const std::vector<ClusterStats>& stats,
                        const std::vector<std::string>& causes, const StatsTotals* totals);

// "2018-04-30T08:00:00Z", "" for 0.
std::string SeenText(int64_t unix_ms);

}  // namespace hark

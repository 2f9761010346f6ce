#pragma once

// TLS hygiene as tables, still values.

#include <vector>

#include "analysis/report_tables.h"
#include "analysis/run_facts.h"

namespace hark {

// ASes listed of each end; the JSON has all.
inline constexpr size_t kHygieneAsesShown = 20;
// Software and models with fewer hosts are left out, as they were of the index of 2026.
inline constexpr uint64_t kMinSoftwareHosts = 10;
inline constexpr uint64_t kMinModelHosts = 5;

// Hosts by flag, those with RC4 and those in clusters apart.
Table HygieneTable(const RunFacts& facts);
// Hosts by number of flags, and mean scores, of the same groups.
Table HygieneScoresTable(const RunFacts& facts);
// Whether hosts with RC4, and members of clusters, are kept worse than others.
Table HygieneComparedTable(const RunFacts& facts);
// Mail software and who runs it, by the greeting.
Table HygieneSoftwareTable(const RunFacts& facts);
// ASes by mean score; clusters by flags in all.
Table HygieneAsesTable(const RunFacts& facts);
Table HygieneClustersTable(const RunFacts& facts);

// All of the above that have a row.
std::vector<Table> HygieneTables(const RunFacts& facts);

}  // namespace hark

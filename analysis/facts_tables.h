#pragma once

// RunFacts as tables, still values.

#include <string>
#include <vector>

#include "analysis/report_tables.h"
#include "analysis/run_facts.h"

namespace hark {

// ASes listed of each end; the JSON has all.
inline constexpr size_t kHygieneAsesShown = 20;

// By what certificates were judged, in a sentence for below a table.
std::string TrustNote(const TrustBasis& trust);

// Within their dates or not, by who vouches for them.
Table CertClassesTable(const RunFacts& facts);
// Key types and lengths, TLS and SSH.
Table KeyKindsTable(const RunFacts& facts);
// The paper's Table XIII in three units.
Table PortTrustTable(const RunFacts& facts);
// The paper's Table XIV: suites the policy calls bad, in clusters.
Table SuitesTable(const RunFacts& facts);
// Flags, scores, and ASes by mean score.
Table HygieneTable(const RunFacts& facts);
Table HygieneScoresTable(const RunFacts& facts);
Table HygieneAsesTable(const RunFacts& facts);

// All of the above, in this order.
std::vector<Table> FactsTables(const RunFacts& facts);

}  // namespace hark

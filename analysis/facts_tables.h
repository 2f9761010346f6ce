#pragma once

// RunFacts as tables, still values.

#include <string>
#include <vector>

#include "analysis/report_tables.h"
#include "analysis/run_facts.h"

namespace hark {

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
// HARK by algorithm and length.
Table HarkKindsTable(const RunFacts& facts);

// All of the above and those of hygiene_tables.h.
std::vector<Table> FactsTables(const RunFacts& facts);

}  // namespace hark

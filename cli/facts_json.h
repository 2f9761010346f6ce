#pragma once

// RunFacts for programs: docs/formats/report.md describes every member.

#include <nlohmann/json.hpp>

#include "analysis/run_facts.h"

namespace hark {

// {judged, source, roots, at}
nlohmann::ordered_json TrustJson(const TrustBasis& trust);

// At the end of the report's object.
void AddFactsJson(const RunFacts& facts, nlohmann::ordered_json* out);
void AddHarkKindsJson(const KindReuse& reuse, nlohmann::ordered_json* out);

}  // namespace hark

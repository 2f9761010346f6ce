#pragma once

// TLS hygiene as the report's JSON has it.

#include <nlohmann/json.hpp>

#include "analysis/run_facts.h"

namespace hark {

nlohmann::ordered_json HygieneJson(const RunFacts& facts);

}  // namespace hark

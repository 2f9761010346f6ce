#pragma once

#include <nlohmann/json_fwd.hpp>

#include "analysis/report.h"

namespace hark {

// The members `hark_variants` and `risk` of a report; docs/formats/report.md describes them.
nlohmann::ordered_json HarkVariantsJson(const RiskReport& risk);
nlohmann::ordered_json RiskJson(const RunReport& report);

}  // namespace hark

#pragma once

// Targets named by where they are: --country, --region, --city and --asn.

#include <string>
#include <vector>

#include "base/range_set.h"
#include "base/status.h"
#include "cli/plan_flags.h"
#include "coordinator/geo.h"

namespace hark {

// Does one of the flags stand in the command?
bool AsksGeo(const PlanWishes& wishes);

// Whether they go together. Makes codes of the countries' names ("Ireland,ee,IE" becomes "IE,EE"),
// and the country of a region the run's.
Status CheckGeoTargets(PlanWishes& wishes);

// The codes of a run each, after the check; one "" where the targets are of no country or of any.
std::vector<std::string> CountriesOf(const PlanWishes& wishes);

// country: one of the wishes', or "". kInvalidInput when the geo data have none of it; says what
// they have.
Result<RangeSet> GeoTargets(const PlanWishes& wishes, const std::string& country,
                            const GeoTable& geo);

// For people: "country IE, region D, city Dublin, AS64496".
std::string GeoTargetsText(const PlanWishes& wishes, const std::string& country);

}  // namespace hark

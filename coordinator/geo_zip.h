#pragma once

// MaxMind's CSV downloads: a zip of one Blocks file a family, whose networks name places by number,
// and a Locations file, which says what the numbers mean. AS downloads have no Locations.

#include "base/status.h"
#include "coordinator/geo_builder.h"
#include "coordinator/geo_file.h"

namespace hark {

Result<bool> IsZip(const GeoFile& file);

// source: gets kind, date and description from the names inside.
Status ReadGeoZip(const GeoFile& file, GeoBuilder& builder, proto::GeoSource& source);

}  // namespace hark

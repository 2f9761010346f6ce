#pragma once

// The text kinds of geo data (coordinator/geo_load.h has the table). Each reader takes the lines
// from the first significant one on, and gives what it learns of the file itself.

#include "base/status.h"
#include "coordinator/geo_builder.h"
#include "coordinator/geo_lines.h"

namespace hark {

// Finds out the kind from the first line that is no header, and reads all of it. source: gets kind,
// date and attribution, as far as the text tells.
Status ReadGeoText(GeoLines& lines, GeoBuilder& builder, proto::GeoSource& source);

// `lines` stands before its first line, which is that of `first`.
// prefix,country[,asn]; '#' begins a comment anywhere.
Status ReadGeoPrefixes(GeoLines& lines, std::string_view first, GeoBuilder& builder);
// start,end and then a country, an AS and its name, both, or country and place.
Status ReadGeoRanges(GeoLines& lines, std::string_view first, GeoBuilder& builder);
// RIR statistics exchange format, extended: registry|cc|type|start|value|date|status[|…].
Status ReadDelegated(GeoLines& lines, std::string_view first, GeoBuilder& builder,
                     proto::GeoSource& source);

}  // namespace hark

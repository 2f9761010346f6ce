#pragma once

// Every kind of geo data hark reads, told apart by content and never by name. One reader a kind:
//
//   kind           is                                         told by
//   mmdb           MaxMind DB format 2.0                      the marker before its metadata
//   geolite2-csv   zip of GeoLite2 Blocks and Locations       "PK" and the names in it
//   rir-delegated  RIR statistics exchange, extended format   lines of fields between '|'
//   ranges         start,end,country or AS; CSV or TSV        two addresses or numbers first
//   prefixes       prefix,country,asn: our own                a prefix, range or address first
//
// Text may be compressed with gzip. A file is data of others: everything in it is checked, and work
// and memory are bounded by its size and the limits beside each reader.

#include "base/status.h"
#include "coordinator/geo.h"
#include "coordinator/geo_file.h"

namespace hark {

// kInvalidInput says what is wrong, and where. The table's one source is described whole.
Result<GeoTable> LoadGeoFile(const GeoFile& file);

}  // namespace hark

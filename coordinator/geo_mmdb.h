#pragma once

// Any database in MaxMind DB format (GeoLite2, DB-IP, IPinfo, iptoasn, geo-whois-asn-country …):
// every network in it, by walking its search tree through libmaxminddb, and what its record says.
//
// The tree of an IPv6 database holds IPv4 at ::/96. Other branches may lead into that same subtree
// (::ffff:0:0/96, 2002::/16, 2001::/32): they are aliases and no further networks. A node reached a
// second time in any other way is a damaged file.

#include "base/status.h"
#include "coordinator/geo_builder.h"
#include "coordinator/geo_file.h"

namespace hark {

Result<bool> IsMmdb(const GeoFile& file);

// source: gets kind, date, description.
Status ReadMmdb(const GeoFile& file, GeoBuilder& builder, proto::GeoSource& source);

}  // namespace hark

#pragma once

// Internal to storage/: the hosts of a run inside a set of addresses, without reading the others.

#include "base/address_set.h"
#include "storage/rocks.h"
#include "storage/store.h"

namespace hark {

Status VisitHostsIn(const Rocks& rocks, uint32_t run, const AddressSet& where,
                    const Store::HostVisitor& visit);

}  // namespace hark

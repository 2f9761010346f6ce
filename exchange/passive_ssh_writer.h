#pragma once

// The scan records of Passive SSH, as its scanner prints and its ingester takes them: one JSON
// object a line for every visit to an SSH port of an address or an onion.

#include <string>

#include "exchange/shown_port.h"

namespace hark {

// shown: one visit. "" for what is no visit to such a port.
std::string PassiveSshRecord(const ShownPort& shown);

}  // namespace hark

#pragma once

// What can be long of what `hark compare RUN1 RUN2` found: a row a thing (docs/formats/compare.md).

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "analysis/report_tables.h"
#include "analysis/run_comparison.h"

namespace hark {

// How much of what can be long is in the tables.
struct ListSizes {
  size_t rows = SIZE_MAX;             // of each list; what is left out is said below it
  size_t hosts_of_a_kind = SIZE_MAX;  // of the list of hosts, of each kind of event
  bool links = false;                 // every link between two clusters, a row each
};

// Links (if asked for), complex groups, splits and merges, hosts, rotations and moves; of the
// latter five those that are not empty.
std::vector<Table> ComparisonLists(const RunComparison& comparison, const ListSizes& sizes);

// "192.0.2.7:443", "[2001:db8::7]:443".
std::string AddressAndPort(const Address& address, uint16_t port);

}  // namespace hark

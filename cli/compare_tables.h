#pragma once

// What `hark compare RUN1 RUN2` found, as tables (docs/formats/compare.md).

#include <cstdint>
#include <string>
#include <string_view>
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

std::vector<Table> ComparisonTables(const RunComparison& comparison, const ListSizes& sizes);

// "IE-20171130 to IE-20180316".
std::string ComparisonHeadline(const RunComparison& comparison);

// "192.0.2.7:443", "[2001:db8::7]:443".
std::string AddressAndPort(const Address& address, uint16_t port);

// "disappeared" or "appeared" for a cluster without link, else the fate's name.
std::string_view CategoryName(ClusterFate fate, bool of_before);

}  // namespace hark

#pragma once

// Several runs beside one another, as the paper prints its twelve: values, no rendering. Each run's
// numbers are what its own report says; what is added here are rows, columns and totals. A total is
// a plain sum: an address or key of two runs counts in both.

#include <vector>

#include "analysis/report_tables.h"

namespace hark {

// Runs in the order given, none is empty. In this order:
//   measures_paper  Tables III and IV, a column a run; measures_hark likewise, in our definitions
//   runs_sweep      Table V, a row a run, as all that follow
//   runs_ports      Table VI: hosts with a key by port
//   runs_tls        Tables VII and VIII, a row a run and port; runs_tls_total: Table IX
//   runs_ssh        Table X
//   runs_ssh_reuse  Table XI
//   runs_multihomed Table XII
//   runs_two_host   clusters of two hosts
//   runs_sizes      how many clusters of which size, a column a run
// and every other table of the reports, with the run as its first column.
std::vector<Table> SideBySideTables(const std::vector<const RunReport*>& runs);

}  // namespace hark

#pragma once

// Which versions of TLS and SSH the hosts of several runs speak, a row a run.

#include <vector>

#include "analysis/report_tables.h"

namespace hark {

// The paper's Tables VII and VIII (runs_tls, a row a run and port) and IX (runs_tls_total).
void AddTlsVersions(const std::vector<const RunReport*>& runs, std::vector<Table>& out);
// Table X (runs_ssh).
Table SshVersionsTable(const std::vector<const RunReport*>& runs);

}  // namespace hark

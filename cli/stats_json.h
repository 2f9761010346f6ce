#pragma once

// What clusters are made of, for programs: docs/formats/report.md describes the members.

#include <nlohmann/json.hpp>

#include "analysis/cluster_stats.h"
#include "analysis/key_reuse.h"

namespace hark {

// "ssh_reuse" and "two_host", added at the end of a report.
void AddKeyReuse(nlohmann::ordered_json& out, const KeyReuse& reuse);

// A row of Tables XVI and XVIII–XX.
nlohmann::ordered_json ClusterStatsJson(const ClusterStats& stats);

}  // namespace hark

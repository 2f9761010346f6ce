#pragma once

// What hark db tells, as text and as JSON. Pure.

#include <string>

#include "cli/render_text.h"
#include "storage/backup.h"
#include "storage/check.h"
#include "storage/prune.h"
#include "storage/stats.h"

namespace hark {

std::string StatsAsText(const StoreStats& stats, const TextStyle& style);
std::string StatsAsJson(const StoreStats& stats);
std::string CheckAsText(const CheckReport& report, bool repair);
std::string CheckAsJson(const CheckReport& report, bool repair);
std::string BackupAsText(const StoreBackup& backup);
std::string PruneAsText(const PruneDone& done);

}  // namespace hark

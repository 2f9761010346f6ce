#pragma once

// `hark import --redis=ADDRESS:PORT[,DB]`: a Passive SSH's database as a source beside files.

#include <functional>
#include <string>

#include "base/status.h"
#include "exchange/import_progress.h"
#include "exchange/reject_file.h"
#include "storage/store.h"

namespace hark {

// Where an import of the same server stopped is gone on from; one that was finished is begun anew,
// since the database lives. Adds to *total. kInterrupted if goes_on wanted no more.
Status ImportRedis(const std::string& place, Store& store, RejectFile& rejects,
                   const std::function<bool()>& goes_on, ImportCounts* total);

}  // namespace hark

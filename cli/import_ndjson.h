#pragma once

// hark import of hark's own NDJSON: a run as the run it was, history as history (docs/export.md).

#include <string>
#include <vector>

#include "base/status.h"
#include "cli/signals.h"
#include "exchange/reject_file.h"
#include "storage/store.h"

namespace hark {

// Are these files hark NDJSON? By --from, or with "auto" by the first line; kInvalidInput if some
// are and some are not.
Result<bool> AreHarkNdjson(const std::vector<std::string>& files, const std::string& from);

// run: another name for the run; "" = the file's. Gives what to tell of it. A run that is done
// enters the history, too.
Result<std::string> ImportHarkNdjson(Store& store, const std::string& file, const std::string& run,
                                     RejectFile& rejects, StopSignals& signals);

}  // namespace hark

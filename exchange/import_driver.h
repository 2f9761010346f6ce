#pragma once

// One source from its first record to its last: which format it is, where an earlier import
// stopped, every record to its reader.

#include <functional>
#include <memory>
#include <string>

#include "exchange/byte_source.h"
#include "exchange/import_progress.h"
#include "exchange/importer.h"
#include "exchange/line_source.h"

namespace hark {

// The format of that name, or with "auto" the one the first lines look like. kInvalidInput names
// the formats.
Result<const ImportFormat*> ChooseImportFormat(const std::string& path, const std::string& name);

// Told now and then; false stops the import.
struct ImportStanding {
  uint64_t records = 0;     // of the source, of this import
  uint64_t bytes_read = 0;  // of the file as it lies
  uint64_t bytes = 0;       // of all of it; 0 = not known
};
using ImportGoesOn = std::function<bool(const ImportStanding&)>;

// From `from` to the end. Gives whether the end was reached; if not, it was stopped. Errors are
// those of source and sink; what the sink was given before them stands.
Result<bool> ReadSource(ByteSource& bytes, const ImportFormat& format, const ImportOptions& options,
                        const ImportProgress& from, ImportSink& sink, const ImportGoesOn& goes_on);

// A moment in the name of a survey's folder ("IE-20180316-172301"), milliseconds; 0 = none.
int64_t MomentInPath(const std::string& path);

}  // namespace hark

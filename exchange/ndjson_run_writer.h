#pragma once

// A run as hark NDJSON (exchange/ndjson_format.h, docs/export.md): everything the store has of it,
// so that reading it into another store gives the same run, its digest included.

#include <string>
#include <vector>

#include "base/status.h"
#include "exchange/text_sink.h"
#include "storage/run_reader.h"
#include "storage/store.h"

namespace hark {

struct NdjsonRunOptions {
  // What the reader was narrowed to (ScopeWords); none = it is all of the run. A part has hosts
  // and ports, but no plan, jobs, listeners or sweeps: those tell of others.
  std::vector<std::string> part;
};

// reader: of a run of this store. One pass; holds one row and the hashes written.
Status WriteRunNdjson(const Store& store, const RunReader& reader, const NdjsonRunOptions& options,
                      const TextSink& sink);

}  // namespace hark

// Any bytes as the lines of a hark NDJSON file: read into a store of their own, which must hold
// together afterwards.

#include <cstdlib>
#include <string_view>

#include "base/strings.h"
#include "exchange/ndjson_reader.h"
#include "storage/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto store = hark::Store::OpenInMemory();
  if (!store.ok()) abort();
  hark::NdjsonReader reader(**store, {},
                            [](const hark::RejectedLine&) { return hark::Status::Ok(); });
  for (const std::string_view line : hark::Split(text, '\n')) {
    const hark::Status read = reader.Line(line);
    if (read.ok()) continue;
    if (read.code() != hark::StatusCode::kInvalidInput) abort();
    return 0;
  }
  const auto summary = reader.Finish();
  if (!summary.ok() && summary.status().code() != hark::StatusCode::kInvalidInput) abort();
  const auto report = hark::CheckStore(**store, false);
  if (!report.ok()) abort();
  // What the file does not hold is missing; but no index may be wrong.
  for (const hark::CheckFinding& finding : report->findings) {
    if (finding.repairable) abort();
  }
  return 0;
}

#pragma once

// Readers of foreign formats. The driver (exchange/import_driver.h) gives them a source's records
// in order; what they make of them goes to a sink. They hold nothing of a record once Line has
// returned, except what End gives.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "exchange/imported_host.h"

namespace hark {

class LineImporter {
 public:
  virtual ~LineImporter() = default;

  // A record of the source: at most kMaxRecord bytes of anything, kRecordPadding readable bytes
  // behind them (exchange/line_source.h). What cannot be used goes to sink.Reject with a reason
  // and is never an error; errors are the sink's, passed on.
  virtual Status Line(std::string_view text, uint64_t number, ImportSink& sink) = 0;

  // A record that an earlier import, which this one goes on with, has stored. Only called for
  // formats whose later records need what earlier ones say (ImportFormat::reads_passed).
  virtual void Passed(std::string_view, uint64_t /*number*/) {}

  // The source ended well.
  virtual Status End(ImportSink&) { return Status::Ok(); }
};

struct ImportOptions {
  std::map<std::string, uint16_t> ports;  // module -> port, over the format's own
  int64_t at_unix_ms = 0;                 // of records without a time; 0 = none, they are rejected
  std::string path;                       // of the source, for what it may tell; "-" is stdin
};

struct ImportFormat {
  std::string_view name;  // of --from
  enum class Framing {
    kLines,
    kJsonObjects,  // pretty-printed, one a line, with commas or in an array
  } framing = Framing::kLines;
  bool reads_passed = false;
  // How sure the first lines make us, 0 (it is something else) to 100; the surest format wins.
  int (*guess)(const std::vector<std::string_view>& first_lines) = nullptr;
  std::unique_ptr<LineImporter> (*make)(const ImportOptions& options) = nullptr;
  // Tells of sightings, not of visits (ImportedPort::only_facts): nothing a run could be made of.
  bool only_history = false;
};

// All of them (exchange/import_formats.cc). Formats of equal guess: the first.
const std::vector<ImportFormat>& ImportFormats();
// nullptr: no such format.
const ImportFormat* FindImportFormat(std::string_view name);
// nullptr: nobody knows it.
const ImportFormat* GuessImportFormat(const std::vector<std::string_view>& first_lines);

// Reject with the record's text cut to kMaxRejectedText.
Status RejectRecord(ImportSink& sink, uint64_t line, std::string_view reason,
                    std::string_view text);

}  // namespace hark

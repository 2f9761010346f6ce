#pragma once

// For fuzz targets: whatever a source holds, each of its records is read or rejected, once, and
// what is read can be stored.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "exchange/history_sink.h"
#include "exchange/import_driver.h"

namespace hark {

class CountingSink : public ImportSink {
 public:
  Status Add(ImportedHost host) override {
    ++answers;
    if (host.unix_ms <= 0 || host.ports.empty()) std::abort();
    for (const Sighting& sighting : SightingsOf(host)) {
      if (sighting.facts.empty()) std::abort();
    }
    return Status::Ok();
  }
  Status Reject(const RejectedLine& line) override {
    ++answers;
    if (line.reason.empty() || line.text.size() > kMaxRejectedText) std::abort();
    return Status::Ok();
  }
  Status Reached(uint64_t, uint64_t) override {
    if (answers > 1) std::abort();
    answers = 0;
    return Status::Ok();
  }

  int answers = 0;
};

// Aborts if that does not hold.
inline void CheckImportOf(std::string_view format, const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto bytes = ByteSource::FromString(text);
  ImportOptions options;
  options.at_unix_ms = 1'700'000'000'000;
  CountingSink sink;
  const auto ended = ReadSource(*bytes, *FindImportFormat(format), options, {}, sink,
                                [](const ImportStanding&) { return true; });
  static_cast<void>(ended);  // the bytes may be a damaged gzip
}

}  // namespace hark

// Whatever a line of zgrab2 holds: it is read or rejected, once, and what is read can be stored.

#include <cstdlib>

#include "exchange/history_sink.h"
#include "exchange/import_driver.h"

namespace {

class CountingSink : public hark::ImportSink {
 public:
  hark::Status Add(hark::ImportedHost host) override {
    ++answers;
    if (host.unix_ms <= 0 || host.ports.empty()) std::abort();
    for (const hark::Sighting& sighting : hark::SightingsOf(host)) {
      if (sighting.facts.empty()) std::abort();
    }
    return hark::Status::Ok();
  }
  hark::Status Reject(const hark::RejectedLine& line) override {
    ++answers;
    if (line.reason.empty() || line.text.size() > hark::kMaxRejectedText) std::abort();
    return hark::Status::Ok();
  }
  hark::Status Reached(uint64_t, uint64_t) override {
    if (answers > 1) std::abort();
    answers = 0;
    return hark::Status::Ok();
  }

  int answers = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto bytes = hark::ByteSource::FromString(text);
  hark::ImportOptions options;
  options.at_unix_ms = 1'700'000'000'000;
  CountingSink sink;
  const auto ended =
      hark::ReadSource(*bytes, *hark::FindImportFormat("zgrab2"), options, {}, sink,
                       [](const hark::ImportStanding&) { return true; });
  static_cast<void>(ended);  // the bytes may be a damaged gzip
  return 0;
}

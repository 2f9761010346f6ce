#include "exchange/give_record.h"

#include <utility>

#include "base/strings.h"
#include "exchange/importer.h"

namespace hark {
namespace {

constexpr int64_t kMillis = 1000;

ImportedHost HostOf(Sighting sighting) {
  ImportedHost host;
  host.host = std::move(sighting.host);
  host.unix_ms = sighting.unix_s * kMillis;
  ImportedPort& port = host.ports.emplace_back();
  port.observation.set_port(sighting.port);
  port.only_facts = true;
  port.facts = std::move(sighting.facts);
  return host;
}

}  // namespace

Status GiveRecord(ForeignRecord record, uint64_t line, std::string_view text, ImportSink& sink) {
  for (Sighting& sighting : record.sightings) {
    HARK_RETURN_IF_ERROR(sink.Add(HostOf(std::move(sighting))));
  }
  if (record.faults.empty()) return Status::Ok();
  return RejectRecord(sink, line, Join(record.faults, "; "), text);
}

}  // namespace hark

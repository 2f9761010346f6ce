// Any line gives sightings of one fact each on real ports.

#include <cstdint>
#include <cstdlib>

#include "exchange/known_hosts.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const hark::ForeignRecord record = hark::ReadKnownHostsLine(line, 1);
  if (record.sightings.size() > 256) std::abort();
  for (const hark::Sighting& sighting : record.sightings) {
    if (sighting.port == 0 || sighting.facts.size() != 1) std::abort();
  }
  return 0;
}

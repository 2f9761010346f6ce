// Any line is a visit, a fault or nothing, within the limits; and read twice it is the same.

#include <cstdint>
#include <cstdlib>

#include "exchange/passive_ssh_record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  hark::PassiveSshRecordReader reader;
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const hark::ForeignRecord once = reader.Read(line);
  const hark::ForeignRecord twice = reader.Read(line);
  if (once.sightings.size() > 1 || once.faults != twice.faults ||
      once.sightings.size() != twice.sightings.size()) {
    std::abort();
  }
  for (const hark::Sighting& sighting : once.sightings) {
    if (sighting.port == 0 || sighting.unix_s < 0 ||
        sighting.unix_s > hark::kMaxForeignUnixSeconds || sighting.facts.size() > 66) {
      std::abort();
    }
  }
  return 0;
}

// Any lines, one after another: headers change what the later ones mean.

#include <cstdint>
#include <cstdlib>

#include "base/strings.h"
#include "exchange/zeek_record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const hark::ZeekSslReader ssl;  // its table of names takes longer than any input
  hark::ZeekLogReader reader;
  hark::ZeekCertificates certificates(4096);
  std::string fault;
  for (std::string_view line : hark::Split({reinterpret_cast<const char*>(data), size}, '\n')) {
    const std::optional<hark::ZeekEntry> entry = reader.Read(line, &fault);
    if (!entry) continue;
    certificates.Add(*entry);
    for (const hark::ForeignRecord& record :
         {hark::ReadZeekSsh(*entry), ssl.Read(*entry, certificates)}) {
      for (const hark::Sighting& sighting : record.sightings) {
        if (sighting.port == 0 || sighting.unix_s < 0 || sighting.facts.empty()) std::abort();
      }
    }
  }
  return 0;
}

// Text geo data of every kind, plain and in gzip: what coordinator/geo_fuzz_check.h asks of it.

#include "coordinator/geo_fuzz_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  hark::CheckGeoFile(data, size);
  return 0;
}

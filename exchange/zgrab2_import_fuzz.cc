// Lines of zgrab2.

#include "exchange/import_fuzz_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  hark::CheckImportOf("zgrab2", data, size);
  return 0;
}

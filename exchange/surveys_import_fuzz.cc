// Records of surveys, in any of their layouts.

#include "exchange/import_fuzz_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  hark::CheckImportOf("surveys", data, size);
  return 0;
}

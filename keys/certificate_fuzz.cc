// Reading any certificate ends, and both readings agree on its key.

#include <cstdlib>

#include "keys/certificate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view der(reinterpret_cast<const char*>(data), size);
  const auto facts = hark::ReadCertificate(der);
  const auto key = hark::KeyIdOfCertificate(der);
  if (facts.has_value() != key.has_value()) std::abort();
  if (facts && facts->key != *key) std::abort();
  return 0;
}

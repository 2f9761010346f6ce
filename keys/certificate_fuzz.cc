// Reading any certificate ends, the readings agree on its key, and what is for showing can be
// shown.

#include <algorithm>
#include <cstdlib>

#include "keys/certificate.h"

namespace {

bool IsShowable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view der(reinterpret_cast<const char*>(data), size);
  const auto facts = hark::ReadCertificate(der);
  const auto key = hark::KeyIdOfCertificate(der);
  if (facts.has_value() != key.has_value()) std::abort();
  if (facts && facts->key != *key) std::abort();
  if (!facts) return 0;
  if (facts->key_type != hark::KeyTypeOfCertificate(der)) std::abort();
  if (!IsShowable(facts->subject) || !IsShowable(facts->issuer)) std::abort();
  const size_t named =
      facts->dns_names.size() + facts->emails.size() + facts->uris.size() + facts->ips.size();
  if (named > facts->san_count) std::abort();
  return 0;
}

// Reading any certificate ends, the readings agree on its key, and what is for showing can be
// shown.

#include <algorithm>
#include <cstdlib>

#include "keys/certificate.h"
#include "keys/certificate_brief.h"

namespace {

bool IsShowable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

// What the brief reader found must be what the other one did.
void CheckBrief(const std::optional<hark::CertificateBrief>& brief,
                const hark::CertificateFacts& facts) {
  if (!brief || brief->key != facts.key) std::abort();
  if (brief->not_before_unix != 0 && brief->not_before_unix != facts.not_before_unix) std::abort();
  if (brief->not_after_unix != 0 && brief->not_after_unix != facts.not_after_unix) std::abort();
  const bool wildcard =
      facts.common_name.find('*') != std::string::npos ||
      std::any_of(facts.dns_names.begin(), facts.dns_names.end(),
                  [](const std::string& name) { return name.find('*') != std::string::npos; });
  // One list of extensions that OpenSSL refuses as a whole may still have names that can be read.
  if (wildcard && !brief->wildcard) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view der(reinterpret_cast<const char*>(data), size);
  const auto facts = hark::ReadCertificate(der);
  const auto key = hark::KeyIdOfCertificate(der);
  if (facts.has_value() != key.has_value()) std::abort();
  if (facts && facts->key != *key) std::abort();
  const auto brief = hark::ReadCertificateBrief(der);
  if (facts.has_value() != brief.has_value()) std::abort();
  if (!facts) return 0;
  CheckBrief(brief, *facts);
  if (facts->key_type != hark::KeyTypeOfCertificate(der)) std::abort();
  if (!IsShowable(facts->subject) || !IsShowable(facts->issuer)) std::abort();
  const size_t named =
      facts->dns_names.size() + facts->emails.size() + facts->uris.size() + facts->ips.size();
  if (named > facts->san_count) std::abort();
  return 0;
}

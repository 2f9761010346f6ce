// What strangers write into requests: targets, credentials and preferences.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/http_text.h"
#include "base/log.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace hark;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Result<HttpTarget> target = ParseTarget(text);
  if (target.ok()) {
    HARK_CHECK(target->path.starts_with('/'));
    HARK_CHECK(IsUtf8(target->path) && IsUtf8(target->exact_path));
    HARK_CHECK(target->path.find('\0') == std::string::npos);
    for (const auto& [name, value] : target->query) HARK_CHECK(IsUtf8(name) && IsUtf8(value));
  }
  const std::optional<std::string> decoded = PercentDecode(text);
  if (decoded) HARK_CHECK(decoded->size() <= text.size());
  (void)ChooseCoding(text);
  const std::optional<Credentials> credentials = ReadCredentials(text, text);
  if (credentials) HARK_CHECK(credentials->key.size() <= text.size());
  (void)NamesTag(text, "\"tag\"");
  HARK_CHECK(LastForwarded(text).size() <= text.size());
  (void)IsLocalHostField(text);
  return 0;
}

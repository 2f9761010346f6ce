// Any line an operator may paste: refused, or exactly what encoding its parts gives.

#include <cstdlib>

#include "base/strings.h"
#include "bus/join_token.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto token = hark::ParseJoinToken(text);
  if (token.ok() && hark::EncodeJoinToken(*token) != hark::Trim(text)) std::abort();
  return 0;
}

// Any four lists, cut at the first semicolons, have fingerprints; what the fields hold decides.

#include <cstdint>
#include <cstdlib>

#include "keys/hassh.h"

namespace {

std::string_view Field(std::string_view& rest) {
  const std::string_view field = rest.substr(0, rest.find(';'));
  rest.remove_prefix(field.size() < rest.size() ? field.size() + 1 : rest.size());
  return field;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view first = Field(rest);
  const std::string_view encryption = Field(rest);
  const std::string_view mac = Field(rest);
  const std::string server = hark::HasshServer(first, encryption, mac, rest);
  if (server.size() != 32 || server != hark::PassiveSshHassh(first, encryption, mac, rest)) {
    std::abort();
  }
  return 0;
}

// Everything a stranger may write behind /v1: fingerprints, filters, cursors, banners, environments
// and questions. Whatever the text, each is read or refused; what was read and can be written again
// is the same.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "api/environment.h"
#include "api/lookup.h"
#include "api/named_fact.h"
#include "api/v1_query.h"
#include "api/v1_software.h"
#include "base/strings.h"

namespace hark {
namespace {

void Demand(bool good) {
  if (!good) std::abort();
}

void ReadAll(const std::string& text) {
  if (const auto hash = ReadHashText(text)) {
    Demand(hash->bytes.size() == 16 || hash->bytes.size() == 32);
    Demand(ReadHashText(HexEncode(hash->bytes))->bytes == hash->bytes);
  }
  for (const char* name : {"prefix", "port", "country", "as", "since", "until", "run"}) {
    (void)ReadPlaceFilter({{name, text}});
  }
  (void)ReadPageWish({{"limit", text}, {"cursor", text}});
  if (const auto place = PlaceOfCursor(text); place.ok()) {
    Demand(*PlaceOfCursor(CursorOf(*place)) == *place);
  }
  if (const auto banner = ReadBannerText(text); banner.ok()) {
    Demand(*ReadBannerText(EscapeForDisplay(*banner)) == *banner);
  }
  (void)Environment::Parse("x", text);
  (void)ReadLookup(text);
}

}  // namespace
}  // namespace hark

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  hark::ReadAll(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}

// Any bytes: refused, or encoding what was read gives the same bytes again, and every span is found
// at both its ends.

#include <cstdlib>

#include "base/as_table.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto table = hark::AsTable::Decode(bytes);
  if (!table) return 0;
  if (table->Encode() != bytes) std::abort();
  for (const hark::AsSpan& span : table->spans()) {
    if (table->Find(span.first) != span.asn || table->Find(span.last) != span.asn) std::abort();
  }
  const auto again = hark::AsTable::Make(table->spans());
  if (!again.ok() || again->spans() != table->spans()) std::abort();
  return 0;
}

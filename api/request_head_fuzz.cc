// Bytes of a connection to heads of requests. However they are cut, what comes out is the same.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/request_head.h"
#include "base/log.h"
#include "base/strings.h"

namespace hark {
namespace {

HttpLimits SmallLimits() {
  HttpLimits limits;
  limits.head_bytes = 512;
  limits.target_bytes = 128;
  return limits;
}

// Every request and refusal, given the bytes in pieces of this size.
std::string Read(std::string_view bytes, size_t piece) {
  HeadReader reader(SmallLimits());
  std::string out;
  for (size_t at = 0; at <= bytes.size(); at += piece) {
    reader.Add(bytes.substr(at, piece));
    for (;;) {
      const HeadReader::What what = reader.Next();
      if (std::holds_alternative<HeadReader::NeedsMore>(what)) break;
      if (const auto* refusal = std::get_if<HttpResponse>(&what)) {
        return StrCat(out, refusal->status, refusal->body);
      }
      const RequestHead& head = std::get<RequestHead>(what);
      HARK_CHECK(head.target.size() <= SmallLimits().target_bytes);
      out += StrCat(head.method, " ", head.target, " ", head.keep_alive, head.has_body, "\n");
      for (const auto& [name, value] : head.fields) out += StrCat(name, "=", value, "\n");
    }
  }
  return out;
}

}  // namespace
}  // namespace hark

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // As the server reads: never much more than a head at a time.
  const std::string_view bytes(reinterpret_cast<const char*>(data), std::min<size_t>(size, 4096));
  const std::string whole = hark::Read(bytes, 400);
  HARK_CHECK(hark::Read(bytes, 1) == whole);
  HARK_CHECK(hark::Read(bytes, 7) == whole);
  return 0;
}

// Any answer to GET /: reading ends, keeps within the limit, and is the same however it is cut.

#include <cstdlib>

#include "base/strings.h"
#include "worker/probe/http_head.h"
#include "worker/probe/limits.h"
#include "worker/probe/testing/cuts.h"

namespace {

std::string Learn(std::string_view bytes, const hark::Cuts& cuts) {
  hark::HttpHead head;
  for (std::string_view piece : cuts.Cut(bytes)) head.Feed(piece);
  const auto state = static_cast<int>(head.state());
  const hark::HttpFacts facts = head.TakeFacts();
  if (facts.status_line.size() + facts.headers.size() > hark::kMaxHttpHead) std::abort();
  return hark::StrCat(state, facts.truncated, facts.status_line, "\n", facts.headers);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = Learn(bytes, hark::Cuts::Whole());
  if (Learn(bytes, hark::FineCuts(size)) != whole) std::abort();
  return 0;
}

// Any answer to the raw hello: reading ends, keeps within the limits, and is the same however it is
// cut. The parser alone, so that a core does many thousands a second.

#include <cstdlib>

#include "worker/probe/limits.h"
#include "worker/probe/testing/play.h"
#include "worker/probe/tls_raw_hello.h"

namespace {

std::string Learn(std::string_view bytes, const hark::Cuts& cuts) {
  hark::TlsRawHello hello;
  for (std::string_view piece : cuts.Cut(bytes)) hello.Feed(piece);
  if (hello.facts().chain.size() > hark::kMaxTlsChain) std::abort();
  if (hello.facts().warning_alerts.size() > hark::kMaxWarningAlerts) std::abort();
  return std::to_string(static_cast<int>(hello.state())) + hello.detail() + hello.TakeOutput() +
         hark::Describe(hello.facts());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = Learn(bytes, hark::Cuts::Whole());
  if (Learn(bytes, hark::FineCuts(size)) != whole) std::abort();
  return 0;
}

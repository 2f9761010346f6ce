// Any bytes from a TLS server: the probe ends, and ends alike however they are cut.
//
// The first byte chooses the pass, the rest is what the server sends.

#include <cstdlib>

#include "worker/probe/testing/play.h"
#include "worker/probe/tls_probe.h"

namespace {

std::string Learn(const hark::TlsContexts& contexts, hark::TlsPass pass, std::string_view bytes,
                  const hark::Cuts& cuts) {
  const hark::ProbeOptions options = hark::TestOptions();
  hark::TlsProbe probe(options, contexts, pass, nullptr);
  hark::Hear(probe, bytes, cuts);
  if (!probe.done()) std::abort();
  return hark::Describe(probe.verdict()) + hark::Describe(probe.facts());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const hark::TlsContexts contexts;  // a millisecond to make
  if (size == 0) return 0;
  const auto pass = data[0] % 2 == 0 ? hark::TlsPass::kModern : hark::TlsPass::kLegacy;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = Learn(contexts, pass, bytes, hark::Cuts::Whole());
  if (Learn(contexts, pass, bytes, hark::FineCuts(bytes.size())) != whole) std::abort();
  return 0;
}

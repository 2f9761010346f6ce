// Any bytes from a TLS server: the probe ends, and ends alike however they are cut.
//
// The first byte chooses: its lowest bit the pass, the next whether to stop at the certificate. The
// rest is what the server sends.

#include <cstdlib>

#include "worker/probe/testing/play.h"
#include "worker/probe/tls_probe.h"

namespace {

std::string Learn(const hark::TlsContexts& contexts, uint8_t choice, std::string_view bytes,
                  const hark::Cuts& cuts) {
  const auto pass = choice % 2 == 0 ? hark::TlsPass::kModern : hark::TlsPass::kLegacy;
  hark::ProbeOptions options = hark::TestOptions();
  if (choice / 2 % 2 == 1) options.handshake = hark::Handshake::kCertificate;
  hark::TlsProbe probe(options, contexts, pass, nullptr);
  hark::Hear(probe, bytes, cuts);
  if (!probe.done()) std::abort();
  return hark::Describe(probe.verdict()) + hark::Describe(probe.facts());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const hark::TlsContexts contexts;  // a millisecond to make
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = Learn(contexts, data[0], bytes, hark::Cuts::Whole());
  if (Learn(contexts, data[0], bytes, hark::FineCuts(bytes.size())) != whole) std::abort();
  return 0;
}

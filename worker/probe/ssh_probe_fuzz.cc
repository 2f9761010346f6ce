// Any bytes from a server: the probe ends, and ends alike however they are cut.
//
// The input is what the server sends; each run plays it whole and in small pieces.

#include <cstdlib>

#include "worker/probe/ssh_algorithms.h"
#include "worker/probe/ssh_probe.h"
#include "worker/probe/testing/play.h"

namespace {

std::string Learn(const hark::ProbeOptions& options, std::string_view bytes,
                  const hark::Cuts& cuts) {
  hark::SshProbe probe(options, hark::AllSshHostKeyAlgorithms());
  hark::Hear(probe, bytes, cuts);
  if (!probe.done()) std::abort();
  return hark::Describe(probe.verdict()) + hark::Describe(probe.TakeFacts());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const hark::ProbeOptions options = hark::TestOptions();
  const std::string whole = Learn(options, bytes, hark::Cuts::Whole());
  if (Learn(options, bytes, hark::FineCuts(bytes.size())) != whole) std::abort();
  return 0;
}

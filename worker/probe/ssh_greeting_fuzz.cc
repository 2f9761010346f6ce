// The lines before the packets: any cut gives the same lines and the same verdict, within bounds.

#include <cstdlib>

#include "keys/ssh_identification.h"
#include "worker/probe/limits.h"
#include "worker/probe/ssh_greeting.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  hark::SshGreeting whole, pieces;
  const size_t taken = whole.Feed(bytes);
  for (size_t i = 0; i < size; ++i) pieces.Feed(bytes.substr(i, 1));
  if (whole.state() != pieces.state() || whole.line() != pieces.line() ||
      whole.pre_lines() != pieces.pre_lines()) {
    std::abort();
  }
  if (whole.pre_lines().size() > hark::kMaxSshPreLines || taken > size) std::abort();
  const hark::SshIdentification parts = hark::SplitSshIdentification(whole.line());
  if (parts.software.size() + parts.comment.size() > whole.line().size()) std::abort();
  return 0;
}

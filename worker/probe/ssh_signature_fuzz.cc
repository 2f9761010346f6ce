// A host key and a signature, each with its length: no pair is verified that nobody signed, and
// what is kept of a signature is bounded.

#include <algorithm>
#include <cstdlib>

#include "base/bytes.h"
#include "worker/probe/limits.h"
#include "worker/probe/ssh_signature.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  hark::ByteReader in({reinterpret_cast<const char*>(data), size});
  // Checking costs a hundred times what reading does: one input in eight asks for it.
  const bool check = in.U8() % 8 == 0;
  const std::string_view key = in.Bytes(std::min<size_t>(in.U16(), in.remaining()));
  const auto checked = hark::ssh::CheckSignature(key, in.rest(), check ? "hash" : "");
  if (checked.proof != hark::Proof::kUnverified && !check) std::abort();
  if (checked.algorithm.size() > hark::kMaxSshName || checked.r.size() > hark::kMaxSshSignatureR)
    std::abort();
  if (!checked.r.empty() && checked.r.front() == '\0') std::abort();
  return 0;
}

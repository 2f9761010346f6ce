// Reading any blob ends, and what it says is consistent.

#include <cstdlib>

#include "keys/ssh_key.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view blob(reinterpret_cast<const char*>(data), size);
  const hark::SshKeyInfo info = hark::ReadSshKey(blob);
  if (!info.spki.empty() && info.id != hark::KeyIdOfSpki(info.spki)) std::abort();
  if (const auto back = hark::SshBlobOfSpki(info.spki)) {
    // A key read, written as SPKI and turned back into a blob is still the same key.
    if (hark::ReadSshKey(*back).id != info.id) std::abort();
  }
  // OpenSSL's decoder takes ten times as long as all of the above: only what may be DER goes in.
  if (blob.starts_with('\x30')) hark::SshBlobOfSpki(blob);
  return 0;
}

// A KEXINIT's payload: what is read of it is bounded, and so is what we would ask for.

#include <cstdlib>

#include "keys/hassh.h"
#include "worker/probe/limits.h"
#include "worker/probe/ssh_algorithms.h"
#include "worker/probe/ssh_wire.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto init = hark::ssh::ReadKexInit({reinterpret_cast<const char*>(data), size});
  if (!init) return 0;
  const hark::SshAgreed agreed = hark::AgreeSsh("ssh-ed25519,ssh-rsa", *init);
  if (!agreed.kex.empty() && !hark::NameListHas(init->kex_algorithms, agreed.kex)) std::abort();
  const auto families = hark::OfferedSshKeyFamilies(init->server_host_key_algorithms);
  if (families.size() > hark::kMaxSshConnections) std::abort();
  if (hark::HasshServer(init->kex_algorithms, init->encryption_server_to_client,
                        init->mac_server_to_client, init->compression_server_to_client)
          .size() != 32) {
    std::abort();
  }
  return 0;
}

#pragma once

// Scan records as Passive SSH's scanner writes them, of hosts that do not exist: each with an
// RSA-2048, a P-256 and an Ed25519 key of its own, the RSA one told twice, under two names of its
// signatures; three banners, two offers.

#include <cstdint>
#include <string>

#include "base/random.h"
#include "keys/openssl_ptr.h"

namespace hark::bench {

class PassiveSshRecords {
 public:
  explicit PassiveSshRecords(uint64_t seed);
  ~PassiveSshRecords();

  // The next host's record at that second, with its line end. Hosts go up from 100.64.0.0, and
  // their keys depend on the seed and their number only.
  std::string Next(int64_t unix_s);

 private:
  std::string Blobless(size_t bytes);
  std::string NextPoint();

  Random random_;
  uint32_t host_ = 0;
  EcGroupPtr curve_;
  EcPointPtr point_;  // the last one; each is the one before plus the generator
};

}  // namespace hark::bench

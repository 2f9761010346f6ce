#pragma once

// RSA keys by the thousand: generating one takes a tenth of a second, multiplying two primes of a
// pool nothing. All two of a pool make a key of their own; nobody may trust them with anything,
// since any two that share a prime give both away.

#include <cstdint>
#include <vector>

#include "keys/openssl_ptr.h"

namespace hark::bench {

class RsaPool {
 public:
  // Takes some seconds for the 200 primes that make 19,900 keys of 2048 bits.
  RsaPool();

  // The next key; after the last one the first again.
  EvpPkeyPtr Next();

 private:
  std::vector<BignumPtr> primes_;
  size_t p_ = 0, q_ = 0;  // of the last key, p_ < q_
};

}  // namespace hark::bench

#pragma once

// Randomness that OpenSSL draws and that can be had again: what lets a handshake that waits be put
// away as its seed and what it has heard, and be made anew when more comes (tls_engine.h).
//
// Everything made with Library() draws only from what the last Use() of its thread laid out, the
// public and the private part each from a stream of its own: ChaCha20 (RFC 8439 §2.4) keyed by a
// seed of 256 bits from OpenSSL's own generator.

#include <openssl/types.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace hark {

// Bytes of each part. A hello draws its random, its session ID and one key; what follows in the
// modern pass at most a P-384 key with its blinding, in the legacy pass a padding to 16384 bits.
inline constexpr size_t kHelloRandomBytes = 512;
inline constexpr size_t kModernRandomBytes = 1024;
inline constexpr size_t kLegacyRandomBytes = 8192;

class RepeatableRandom {
 public:
  // With a fresh seed.
  RepeatableRandom();

  // nullptr if OpenSSL could not set it up. One for the process and until its end, as OpenSSL's
  // own default is: threads that used one would outlive a shorter one. Safe from several threads.
  static OSSL_LIB_CTX* Library();

  // From now on this thread draws from the streams of `step`, at most `size` bytes of each; more is
  // OpenSSL's failure. False: it is OpenSSL's failure already.
  bool Use(uint32_t step, size_t size) const;

 private:
  static constexpr size_t kSeedBytes = 32;

  std::array<unsigned char, kSeedBytes> seed_;
  bool seeded_;
};

}  // namespace hark

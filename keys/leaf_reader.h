#pragma once

// Certificates as OpenSSL objects, read no further than judging a chain needs. OpenSSL 3.0 decodes
// a certificate's public key whenever it reads one, which takes 130 of the 150 microseconds; to
// find a leaf's chain and verify who signed it nobody needs the leaf's own. Used inside keys/ only.
//
// Threads: a LeafReader may be used by any number of threads at once.

#include <string_view>

#include "keys/openssl_ptr.h"

struct ossl_lib_ctx_st;
struct ossl_provider_st;

namespace hark {

// With its key. nullptr if OpenSSL cannot read it.
X509Ptr ReadX509(std::string_view der);

// In a library context without providers a key stays as it is encoded.
class LeafReader {
 public:
  LeafReader();
  ~LeafReader();
  LeafReader(const LeafReader&) = delete;
  LeafReader& operator=(const LeafReader&) = delete;

  // Without its key. nullptr if OpenSSL cannot read it.
  X509Ptr Read(std::string_view der) const;
  // With another key than its own: for finding its chain, not for verifying its signature.
  X509Ptr ReadForItsChain(std::string_view der) const;

 private:
  ossl_lib_ctx_st* context_;
  ossl_provider_st* nothing_;
  EvpPkeyPtr some_key_;
};

}  // namespace hark

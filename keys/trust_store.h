#pragma once

// Whether a chain of certificates ends at a root somebody trusts: what a browser would say at a
// given moment, but for the name of the host, which a survey of addresses does not know, and for
// revocation. OpenSSL's X509_verify_cert decides, for TLS server authentication.
//
// Threads: all functions may be called by any number of threads at once.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

struct x509_st;       // OpenSSL's X509
struct X509_name_st;  // and X509_NAME

namespace hark {

class TrustedRoots;

// The roots. Immutable once read.
class TrustStore {
 public:
  // PEM, as /etc/ssl/certs/ca-certificates.crt. kInvalidInput, in one line that names the file, if
  // it cannot be read, holds no certificate, or one that is none.
  static Result<std::unique_ptr<TrustStore>> Load(const std::string& path);
  static Result<std::unique_ptr<TrustStore>> FromPem(std::string_view pem, std::string_view name);
  ~TrustStore();

  size_t roots() const;
  // By the SHA-256 of the certificate, 32 bytes.
  bool Holds(std::string_view sha256) const;

 private:
  friend class ChainVerifier;
  explicit TrustStore(std::unique_ptr<TrustedRoots> roots);
  std::unique_ptr<TrustedRoots> roots_;
};

// An issuer's certificate as a server sent it, parsed once for all chains it is part of.
class IssuerCertificate {
 public:
  // nullptr when OpenSSL cannot read it: a chain is judged without it.
  static std::shared_ptr<const IssuerCertificate> Read(std::string_view der);
  ~IssuerCertificate();

 private:
  friend class ChainVerifier;
  struct Parsed;
  IssuerCertificate();
  std::unique_ptr<Parsed> parsed_;
};
using IssuerChain = std::vector<std::shared_ptr<const IssuerCertificate>>;

struct ChainVerdict {
  bool self_signed = false;  // issuer equals subject and its own key verifies it
  bool trusted = false;
  // The same is true of every moment from .. to, both included.
  int64_t from_unix = INT64_MIN;
  int64_t to_unix = INT64_MAX;
};

class ChainVerifier {
 public:
  // Largest number of certificates from leaf to root. Browsers' limits are about as large; a chain
  // cannot make us verify more signatures than this.
  static constexpr int kMaxDepth = 10;
  // Signatures on issuers that are remembered, so that those of a few hundred intermediates are not
  // verified once a leaf. At some 200 bytes; then forgotten all at once.
  static constexpr size_t kMaxRemembered = 8192;

  // store: nullptr = nothing is trusted, only self_signed is told. Must outlive the verifier.
  explicit ChainVerifier(const TrustStore* store);
  ~ChainVerifier();

  // leaf: DER, hostile. issuers: the rest of what the server sent, in any order, no nullptr.
  ChainVerdict Verify(std::string_view leaf, std::string_view leaf_sha256,
                      const IssuerChain& issuers, int64_t at_unix) const;

 private:
  struct Memory;
  ChainVerdict Judge(std::string_view leaf, std::string_view leaf_sha256,
                     const IssuerChain& issuers, int64_t at_unix) const;
  bool LeadsToRoot(const X509_name_st* issuer, const IssuerChain& issuers) const;
  // target: the leaf for which a chain is sought; leaf: the same, as it was signed.
  ChainVerdict FindChain(x509_st* target, std::string_view leaf, const IssuerChain& issuers,
                         int64_t at_unix) const;

  const TrustStore* store_;
  std::unique_ptr<Memory> memory_;
};

}  // namespace hark

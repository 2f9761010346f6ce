#pragma once

// The roots of a bundle under their names. OpenSSL takes 150 microseconds to decode one with its
// key and a bundle has 140 of them, of which a survey's chains lead to a few dozen: so a root is
// decoded when a chain first may end there. Used inside keys/ only.
//
// Threads: all functions may be called by any number of threads at once.

#include <openssl/x509_vfy.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "keys/leaf_reader.h"

namespace hark {

struct CertificateValidity {
  int64_t from = 0;
  int64_t to = -1;  // inclusive; never, when a date cannot be read
};
CertificateValidity ValidityOf(const X509* certificate);

class TrustedRoots {
 public:
  // Failures as TrustStore::FromPem has them.
  static Result<std::unique_ptr<TrustedRoots>> FromPem(std::string_view pem, std::string_view name);

  size_t size() const { return sha256_.size(); }
  bool Holds(std::string_view sha256) const { return sha256_.find(sha256) != sha256_.end(); }
  // When one begins or has just ceased to be valid, ascending.
  const std::vector<int64_t>& boundaries() const { return boundaries_; }

  // Puts every root of this name into store(); whether there is any.
  bool Admit(const X509_NAME* name) const;
  X509_STORE* store() const { return store_.get(); }

 private:
  struct Root {
    X509Ptr bare;  // without its key; owns the name
    std::string der;
    mutable bool admitted = false;  // under admitting_
  };

  TrustedRoots() = default;
  // False when it is no certificate.
  bool Add(std::string der);

  LeafReader reader_;  // outlives what it read
  std::unique_ptr<X509_STORE, OpenSslFree<X509_STORE_free>> store_;
  std::vector<Root> roots_;  // by name
  std::set<std::string, std::less<>> sha256_;
  std::vector<int64_t> boundaries_;
  mutable std::mutex admitting_;
};

}  // namespace hark

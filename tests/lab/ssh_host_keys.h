#pragma once

// What SSH services show as host keys: plain keys, host certificates (OpenSSH PROTOCOL.certkeys)
// and keys of types that nobody knows.

#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/lab/key_store.h"
#include "tests/lab/scenario.h"

namespace hark::lab {

// One host-key algorithm on offer.
struct HostKeyOffer {
  std::string algorithm;               // as in KEXINIT
  std::string blob;                    // public key or certificate, as on the wire
  std::string signs_as;                // the algorithm named in signatures
  const KeyStore::Key* key = nullptr;  // nullptr: of an invented type

  // Signature blob over the exchange hash; of invented types it proves nothing.
  std::string Sign(std::string_view hash) const;
};

// Thread-safe. A service's offers are made when first asked for and stay the same.
class SshHostKeys {
 public:
  using Offers = std::vector<HostKeyOffer>;

  // Both outlive it.
  SshHostKeys(const Scenario& scenario, const KeyStore& keys) : scenario_(scenario), keys_(keys) {}

  // Certificates first, then plain keys in the order of Service::keys, then invented ones. The
  // answer stays good as long as this object.
  const Offers& Of(const Service& service) const;

 private:
  const KeyStore::Key& KeyNamed(const std::string& name) const;
  Offers Make(const Service& service) const;
  std::string Certificate(const KeyStore::Key& key, const std::string& name,
                          const std::string& ca_name) const;

  const Scenario& scenario_;
  const KeyStore& keys_;
  mutable std::mutex mutex_;
  mutable std::unordered_map<const Service*, Offers> made_;
};

}  // namespace hark::lab

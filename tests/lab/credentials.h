#pragma once

// What TLS services show: certificates, chains and stapled OCSP responses, as their port lines ask.

#include <openssl/x509.h>

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "tests/lab/key_store.h"
#include "tests/lab/scenario.h"

namespace hark::lab {

struct X509StackFree {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_pop_free(stack, X509_free); }
};
using X509StackPtr = std::unique_ptr<STACK_OF(X509), X509StackFree>;

// One leaf, with its key and what is sent behind it.
struct Credential {
  EVP_PKEY* key = nullptr;
  X509* leaf = nullptr;  // the key's own self-signed certificate, or `made`
  X509Ptr made;
  X509StackPtr chain;  // nullptr: nothing
};

// All of one service.
struct ServiceCredentials {
  std::vector<Credential> leaves;  // in the order of Service::keys
  std::string ocsp;                // stapled response, DER; "" without
};

// Thread-safe. Certificates other than the plain self-signed ones are made when first asked for:
// a chain of 1,000 takes tenths of a second.
class Credentials {
 public:
  // Both outlive it.
  Credentials(const Scenario& scenario, const KeyStore& keys) : scenario_(scenario), keys_(keys) {}

  // The service is one of the scenario's; the answer stays good as long as this object.
  const ServiceCredentials& Of(const Service& service) const;

 private:
  ServiceCredentials Make(const Service& service) const;
  Credential MakeLeaf(const Service& service, const std::string& name) const;

  const Scenario& scenario_;
  const KeyStore& keys_;
  mutable std::mutex mutex_;
  mutable std::unordered_map<const Service*, ServiceCredentials> made_;
};

}  // namespace hark::lab

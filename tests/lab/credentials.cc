#include "tests/lab/credentials.h"

#include "base/log.h"
#include "base/strings.h"
#include "tests/lab/certificate.h"

namespace hark::lab {
namespace {

std::string AuthorityName(uint32_t i) {
  return StrCat("authority-", i);
}

// Every authority has the same key: what matters is how many there are. The last signs itself.
X509StackPtr MakeChain(uint32_t length, EVP_PKEY* authority) {
  X509StackPtr out(sk_X509_new_null());
  for (uint32_t i = 1; i <= length; ++i) {
    CertificateOrder order;
    order.name = AuthorityName(i);
    order.issuer = AuthorityName(i == length ? i : i + 1);
    order.key = order.signer = authority;
    order.authority = true;
    HARK_CHECK(sk_X509_push(out.get(), MakeCertificate(order).release()) > 0);
  }
  return out;
}

bool IsPlain(const Service& service) {
  return service.chain == 0 && service.sans == 1 && service.dates == CertificateDates::kNormal;
}

}  // namespace

const ServiceCredentials& Credentials::Of(const Service& service) const {
  const std::lock_guard lock(mutex_);
  auto it = made_.find(&service);
  if (it == made_.end()) it = made_.emplace(&service, Make(service)).first;
  return it->second;
}

ServiceCredentials Credentials::Make(const Service& service) const {
  ServiceCredentials out;
  for (const std::string& name : service.keys) out.leaves.push_back(MakeLeaf(service, name));
  if (!service.ocsp || out.leaves.empty()) return out;
  const Credential& first = out.leaves.front();
  const bool chained = first.chain != nullptr;
  out.ocsp = MakeOcspResponse(
      first.leaf, chained ? sk_X509_value(first.chain.get(), 0) : first.leaf,
      chained ? keys_.Find(kAuthorityKey, KeyType::kEcdsaP256)->pkey() : first.key);
  return out;
}

Credential Credentials::MakeLeaf(const Service& service, const std::string& name) const {
  const KeyStore::Key& key = *keys_.Find(name, scenario_.key_types.at(name));
  Credential out;
  out.key = key.pkey();
  if (IsPlain(service)) {
    out.leaf = key.certificate();
    return out;
  }
  CertificateOrder order;
  order.name = name;
  order.key = out.key;
  order.sans = service.sans;
  order.dates = service.dates;
  if (service.chain != 0) {
    order.issuer = AuthorityName(1);
    order.signer = keys_.Find(kAuthorityKey, KeyType::kEcdsaP256)->pkey();
    out.chain = MakeChain(service.chain, order.signer);
  }
  out.made = MakeCertificate(order);
  out.leaf = out.made.get();
  return out;
}

}  // namespace hark::lab

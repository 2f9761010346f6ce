#include "tests/bench/rsa_pool.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>

namespace hark::bench {
namespace {

constexpr size_t kPrimes = 200;
constexpr int kPrimeBits = 1024;
constexpr unsigned long kExponent = 65537;

using BnCtxPtr = std::unique_ptr<BN_CTX, OpenSslFree<BN_CTX_free>>;
using ParamBuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, OpenSslFree<OSSL_PARAM_BLD_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, OpenSslFree<OSSL_PARAM_free>>;

EvpPkeyPtr KeyOf(const BIGNUM* p, const BIGNUM* q) {
  const BnCtxPtr context(BN_CTX_secure_new());
  const BignumPtr n(BN_new()), e(BN_new()), d(BN_new()), less_p(BN_dup(p)), less_q(BN_dup(q)),
      phi(BN_new());
  BN_mul(n.get(), p, q, context.get());
  BN_set_word(e.get(), kExponent);
  BN_sub_word(less_p.get(), 1);
  BN_sub_word(less_q.get(), 1);
  BN_mul(phi.get(), less_p.get(), less_q.get(), context.get());
  if (BN_mod_inverse(d.get(), e.get(), phi.get(), context.get()) == nullptr) return nullptr;
  const ParamBuilderPtr builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_D, d.get());
  const ParamsPtr numbers(OSSL_PARAM_BLD_to_param(builder.get()));
  const EvpPkeyCtxPtr maker(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  EVP_PKEY_fromdata_init(maker.get());
  EVP_PKEY_fromdata(maker.get(), &key, EVP_PKEY_KEYPAIR, numbers.get());
  return EvpPkeyPtr(key);
}

}  // namespace

RsaPool::RsaPool() {
  for (size_t i = 0; i < kPrimes; ++i) {
    primes_.emplace_back(BN_new());
    // Its two highest bits are set, so that a product has 2048.
    BN_generate_prime_ex(primes_.back().get(), kPrimeBits, 0, nullptr, nullptr, nullptr);
  }
}

EvpPkeyPtr RsaPool::Next() {
  EvpPkeyPtr key;
  while (!key) {  // a prime that is 1 modulo the exponent makes none
    if (++p_ >= q_) {
      p_ = 0;
      q_ = q_ + 1 < primes_.size() ? q_ + 1 : 1;
    }
    key = KeyOf(primes_[p_].get(), primes_[q_].get());
  }
  return key;
}

}  // namespace hark::bench

#include "worker/probe/ssh_agreement.h"

#include <openssl/bn.h>
#include <openssl/err.h>

#include "base/bytes.h"
#include "keys/openssl_ptr.h"
#include "worker/probe/limits.h"

namespace hark::ssh {
namespace {

using BnCtxPtr = std::unique_ptr<BN_CTX, OpenSslFree<BN_CTX_free>>;

constexpr size_t kX25519Bytes = 32;
// Our exponents. The secret protects nothing, so the shortest that no group makes weaker than its
// hash; a full-size one would cost 16 times as much in group 16.
constexpr int kExponentBits = 256;

std::string Magnitude(const BIGNUM* number) {
  std::string out(static_cast<size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, AsUnsigned(out.data()));
  return out;
}

BignumPtr FromMagnitude(std::string_view bytes) {
  return BignumPtr(BN_bin2bn(AsUnsigned(bytes.data()), static_cast<int>(bytes.size()), nullptr));
}

class X25519 final : public Agreement {
 public:
  bool Init() {
    key_.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"));
    size_t size = value_.size();
    return key_ && EVP_PKEY_get_raw_public_key(key_.get(), AsUnsigned(value_.data()), &size) == 1;
  }

  const std::string& our_value() const override { return value_; }

  std::optional<std::string> Derive(std::string_view peer_value) override {
    if (peer_value.size() != kX25519Bytes) return std::nullopt;
    const EvpPkeyPtr peer(EVP_PKEY_new_raw_public_key(
        EVP_PKEY_X25519, nullptr, AsUnsigned(peer_value.data()), peer_value.size()));
    const EvpPkeyCtxPtr context(EVP_PKEY_CTX_new(key_.get(), nullptr));
    std::string secret(kX25519Bytes, '\0');
    size_t size = secret.size();
    // OpenSSL refuses an all-zero result, which is what points of small order give.
    if (!peer || !context || EVP_PKEY_derive_init(context.get()) != 1 ||
        EVP_PKEY_derive_set_peer_ex(context.get(), peer.get(), 0) != 1 ||
        EVP_PKEY_derive(context.get(), AsUnsigned(secret.data()), &size) != 1) {
      ERR_clear_error();
      return std::nullopt;
    }
    return secret;
  }

 private:
  EvpPkeyPtr key_;
  std::string value_ = std::string(kX25519Bytes, '\0');
};

// On EC_POINTs rather than EVP: in OpenSSL 3.0 an EVP key pair costs more than its arithmetic.
class Ecdh final : public Agreement {
 public:
  bool Init(int nid) {
    group_.reset(EC_GROUP_new_by_curve_name(nid));
    context_.reset(BN_CTX_new());
    secret_.reset(BN_new());
    if (!group_ || !context_ || !secret_) return false;
    const EcPointPtr point(EC_POINT_new(group_.get()));
    if (!point || BN_rand_range(secret_.get(), EC_GROUP_get0_order(group_.get())) != 1 ||
        BN_is_zero(secret_.get()) ||
        EC_POINT_mul(group_.get(), point.get(), secret_.get(), nullptr, nullptr, context_.get()) !=
            1) {
      return false;
    }
    value_.resize(1 + 2 * FieldBytes());
    return EC_POINT_point2oct(group_.get(), point.get(), POINT_CONVERSION_UNCOMPRESSED,
                              AsUnsigned(value_.data()), value_.size(),
                              context_.get()) == value_.size();
  }

  const std::string& our_value() const override { return value_; }

  std::optional<std::string> Derive(std::string_view peer_value) override {
    const EcPointPtr peer(EC_POINT_new(group_.get()));
    const BignumPtr x(BN_new());
    // oct2point checks the curve equation; these curves have no points of small order.
    if (!peer || !x ||
        EC_POINT_oct2point(group_.get(), peer.get(), AsUnsigned(peer_value.data()),
                           peer_value.size(), context_.get()) != 1 ||
        EC_POINT_is_at_infinity(group_.get(), peer.get()) == 1 ||
        EC_POINT_mul(group_.get(), peer.get(), nullptr, peer.get(), secret_.get(),
                     context_.get()) != 1 ||
        EC_POINT_get_affine_coordinates(group_.get(), peer.get(), x.get(), nullptr,
                                        context_.get()) != 1) {
      ERR_clear_error();
      return std::nullopt;
    }
    return Magnitude(x.get());
  }

 private:
  size_t FieldBytes() const {
    return static_cast<size_t>(EC_GROUP_get_degree(group_.get()) + 7) / 8;
  }

  EcGroupPtr group_;
  BnCtxPtr context_;
  BignumPtr secret_;
  std::string value_;
};

class FiniteField final : public Agreement {
 public:
  FiniteField(BignumPtr prime, BignumPtr generator)
      : prime_(std::move(prime)), generator_(std::move(generator)) {}

  bool Init() {
    context_.reset(BN_CTX_new());
    secret_.reset(BN_new());
    largest_.reset(prime_ ? BN_dup(prime_.get()) : nullptr);
    const BignumPtr value(BN_new());
    if (!context_ || !secret_ || !largest_ || !value || !generator_) return false;
    if (BN_sub_word(largest_.get(), 1) != 1 ||
        BN_rand(secret_.get(), kExponentBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) != 1 ||
        BN_mod_exp(value.get(), generator_.get(), secret_.get(), prime_.get(), context_.get()) !=
            1) {
      return false;
    }
    ByteWriter mpint;
    mpint.Mpint(Magnitude(value.get()));
    value_ = mpint.str().substr(4);
    return true;
  }

  const std::string& our_value() const override { return value_; }

  // RFC 4253 §8: values outside [1, p-1] must not be accepted. 1 and p-1 make the secret public
  // and are refused as well, as OpenSSH does.
  std::optional<std::string> Derive(std::string_view peer_value) override {
    if (peer_value.empty() || peer_value.size() > kMaxSshNumber) return std::nullopt;
    if ((static_cast<uint8_t>(peer_value.front()) & 0x80) != 0) return std::nullopt;
    const BignumPtr peer = FromMagnitude(peer_value);
    const BignumPtr shared(BN_new());
    if (!peer || !shared || BN_is_zero(peer.get()) || BN_is_one(peer.get()) ||
        BN_cmp(peer.get(), largest_.get()) >= 0 ||
        BN_mod_exp(shared.get(), peer.get(), secret_.get(), prime_.get(), context_.get()) != 1) {
      return std::nullopt;
    }
    return Magnitude(shared.get());
  }

 private:
  BignumPtr prime_, generator_, secret_, largest_;
  BnCtxPtr context_;
  std::string value_;
};

BignumPtr NamedPrime(int number) {
  switch (number) {
    case 1:
      return BignumPtr(BN_get_rfc2409_prime_1024(nullptr));
    case 14:
      return BignumPtr(BN_get_rfc3526_prime_2048(nullptr));
    case 16:
      return BignumPtr(BN_get_rfc3526_prime_4096(nullptr));
    case 18:
      return BignumPtr(BN_get_rfc3526_prime_8192(nullptr));
    default:
      return nullptr;
  }
}

template <typename T, typename... Args>
std::unique_ptr<Agreement> Initialised(std::unique_ptr<T> agreement, Args... args) {
  if (agreement->Init(args...)) return agreement;
  ERR_clear_error();
  return nullptr;
}

}  // namespace

std::unique_ptr<Agreement> NewX25519() {
  return Initialised(std::make_unique<X25519>());
}

std::unique_ptr<Agreement> NewEcdh(int nid) {
  return Initialised(std::make_unique<Ecdh>(), nid);
}

std::unique_ptr<Agreement> NewNamedGroup(int number) {
  return Initialised(std::make_unique<FiniteField>(NamedPrime(number), FromMagnitude("\x02")));
}

std::unique_ptr<Agreement> NewGroup(std::string_view prime, std::string_view generator) {
  if (prime.size() > kMaxSshNumber || generator.size() > prime.size()) return nullptr;
  BignumPtr p = FromMagnitude(prime);
  BignumPtr g = FromMagnitude(generator);
  const BignumPtr largest(p ? BN_dup(p.get()) : nullptr);
  if (!p || !g || !largest) return nullptr;
  // An even modulus is no prime and costs many times as much to reduce by.
  if (!BN_is_odd(p.get()) || BN_num_bits(p.get()) < kMinDhBits ||
      BN_num_bits(p.get()) > kMaxDhBits || BN_sub_word(largest.get(), 1) != 1 ||
      BN_is_zero(g.get()) || BN_is_one(g.get()) || BN_cmp(g.get(), largest.get()) >= 0) {
    return nullptr;
  }
  return Initialised(std::make_unique<FiniteField>(std::move(p), std::move(g)));
}

}  // namespace hark::ssh

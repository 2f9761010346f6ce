#include "worker/probe/ssh_hybrid.h"

#include <openssl/evp.h>

#include "keys/openssl_ptr.h"

namespace hark::ssh {
namespace {

constexpr size_t kX25519Bytes = 32;

std::string Digest(const EVP_MD* hash, std::string_view bytes) {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), AsUnsigned(digest.data()), &size, hash, nullptr) !=
      1) {
    return {};
  }
  digest.resize(size);
  return digest;
}

struct Kem {
  std::string public_key;
  size_t ciphertext;
  std::optional<std::string> (*secret)(std::string_view ciphertext);
  const EVP_MD* (*combine)();
};

class Hybrid final : public Agreement {
 public:
  Hybrid(Kem kem, std::unique_ptr<Agreement> x25519)
      : kem_(std::move(kem)),
        x25519_(std::move(x25519)),
        value_(kem_.public_key + x25519_->our_value()) {}

  const std::string& our_value() const override { return value_; }

  std::optional<std::string> Derive(std::string_view peer_value) override {
    if (peer_value.size() != kem_.ciphertext + kX25519Bytes) return std::nullopt;
    const auto encapsulated = kem_.secret(peer_value.substr(0, kem_.ciphertext));
    const auto agreed = x25519_->Derive(peer_value.substr(kem_.ciphertext));
    if (!encapsulated || !agreed) return std::nullopt;
    return Digest(kem_.combine(), *encapsulated + *agreed);
  }

 private:
  const Kem kem_;
  const std::unique_ptr<Agreement> x25519_;
  const std::string value_;
};

std::unique_ptr<Agreement> NewHybrid(Kem kem) {
  std::unique_ptr<Agreement> x25519 = NewX25519();
  if (!x25519) return nullptr;
  return std::make_unique<Hybrid>(std::move(kem), std::move(x25519));
}

}  // namespace

// FIPS 203: 384 bytes for each of three polynomials, then the seed of a matrix that nothing depends
// on here.
std::string MlKem768PublicKey() {
  return std::string(kMlKem768PublicKey, '\0');
}

// With a key of zero the ciphertext's second part is v = noise + message·(q/2), four bits a
// coefficient (FIPS 203 K-PKE.Encrypt). The secret is the first half of G(message, H(key)), as
// ML-KEM.Encaps has it.
std::optional<std::string> MlKem768Secret(std::string_view ciphertext) {
  constexpr size_t kMessage = 32;
  constexpr size_t kV = 128;
  if (ciphertext.size() != kMlKem768Ciphertext) return std::nullopt;
  const std::string_view v = ciphertext.substr(kMlKem768Ciphertext - kV);
  std::string message(kMessage, '\0');
  for (size_t i = 0; i < kMessage * 8; ++i) {
    const int coefficient = static_cast<uint8_t>(v[i / 2]) >> (i % 2 * 4) & 15;
    const bool bit = coefficient >= 4 && coefficient < 12;  // nearer to q/2 than to 0
    if (bit) message[i / 8] = static_cast<char>(message[i / 8] | 1 << i % 8);
  }
  const std::string key_hash = Digest(EVP_sha3_256(), MlKem768PublicKey());
  return Digest(EVP_sha3_512(), message + key_hash).substr(0, kMessage);
}

std::unique_ptr<Agreement> NewSntrup761X25519() {
  return NewHybrid({Sntrup761PublicKey(), kSntrup761Ciphertext, Sntrup761Secret, EVP_sha512});
}

std::unique_ptr<Agreement> NewMlKem768X25519() {
  return NewHybrid({MlKem768PublicKey(), kMlKem768Ciphertext, MlKem768Secret, EVP_sha256});
}

}  // namespace hark::ssh

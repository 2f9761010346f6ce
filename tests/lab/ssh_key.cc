// The SSH side of lab_key.h.

#include <openssl/core_names.h>
#include <openssl/dsa.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/strings.h"
#include "tests/lab/lab_key.h"

namespace hark::lab {
namespace {

constexpr std::string_view kSkEd25519Name = "sk-ssh-ed25519@openssh.com";
constexpr std::string_view kSkApplication = "ssh:";

std::string Magnitude(const BIGNUM* number) {
  std::string out(static_cast<size_t>(BN_num_bytes(number)), '\0');
  BN_bn2bin(number, reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

// One of the key's numbers, e.g. OSSL_PKEY_PARAM_RSA_N, big-endian.
std::string Number(EVP_PKEY* key, const char* name) {
  BIGNUM* number = nullptr;
  HARK_CHECK(EVP_PKEY_get_bn_param(key, name, &number) == 1);
  std::string out = Magnitude(number);
  BN_free(number);
  return out;
}

std::string EncodedPublic(EVP_PKEY* key) {
  unsigned char* bytes = nullptr;
  const size_t n = EVP_PKEY_get1_encoded_public_key(key, &bytes);
  HARK_CHECK(n > 0);
  std::string out(reinterpret_cast<char*>(bytes), n);
  OPENSSL_free(bytes);
  return out;
}

std::string RawPublic(EVP_PKEY* key) {
  std::string out(32, '\0');
  size_t n = out.size();
  HARK_CHECK(EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(out.data()), &n) ==
             1);
  return out;
}

std::string EcBlob(EVP_PKEY* key, std::string_view curve) {
  ByteWriter out;
  out.String32(std::string("ecdsa-sha2-") + std::string(curve));
  out.String32(curve);
  out.String32(EncodedPublic(key));
  return out.Take();
}

std::string BlobOf(std::string_view type, std::initializer_list<std::string> mpints) {
  ByteWriter out;
  out.String32(type);
  for (const std::string& n : mpints) out.Mpint(n);
  return out.Take();
}

// Two numbers from an ECDSA or DSA signature in DER.
template <typename Signature, auto Parse, auto Get0, auto Free>
std::pair<std::string, std::string> TwoNumbers(std::string_view der) {
  const auto* p = reinterpret_cast<const unsigned char*>(der.data());
  Signature* signature = Parse(nullptr, &p, static_cast<long>(der.size()));
  HARK_CHECK(signature != nullptr);
  const BIGNUM* r = nullptr;
  const BIGNUM* s = nullptr;
  Get0(signature, &r, &s);
  std::pair<std::string, std::string> out(Magnitude(r), Magnitude(s));
  Free(signature);
  return out;
}

const EVP_MD* DigestOf(std::string_view algorithm) {
  if (algorithm == "ssh-ed25519") return nullptr;
  if (algorithm == "ssh-rsa" || algorithm == "ssh-dss") return EVP_sha1();
  if (algorithm == "rsa-sha2-512" || algorithm == "ecdsa-sha2-nistp521") return EVP_sha512();
  if (algorithm == "ecdsa-sha2-nistp384") return EVP_sha384();
  return EVP_sha256();
}

std::string RawSignature(EVP_PKEY* key, const EVP_MD* digest, std::string_view message) {
  std::unique_ptr<EVP_MD_CTX, OpenSslFree<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  const auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
  size_t n = 0;
  HARK_CHECK(EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
             EVP_DigestSign(context.get(), nullptr, &n, bytes, message.size()) == 1);
  std::string out(n, '\0');
  HARK_CHECK(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &n, bytes,
                            message.size()) == 1);
  out.resize(n);
  return out;
}

std::string LeftPad(const std::string& magnitude, size_t n) {
  return std::string(n - magnitude.size(), '\0') + magnitude;
}

std::string Sha256(std::string_view bytes) {
  const auto raw = HexDecode(Sha256Hex(bytes));
  return raw.value_or("");
}

// What a security key signs is not the message but SHA-256(application), flags, counter and
// SHA-256(message); flags and counter stand behind the signature (PROTOCOL.u2f of OpenSSH).
std::string SkSign(EVP_PKEY* key, std::string_view message) {
  constexpr uint8_t kUserPresent = 1;
  constexpr uint32_t kCounter = 7;
  ByteWriter asserted;
  asserted.Bytes(Sha256(kSkApplication));
  asserted.U8(kUserPresent);
  asserted.U32(kCounter);
  asserted.Bytes(Sha256(message));
  ByteWriter out;
  out.String32(kSkEd25519Name);
  out.String32(RawSignature(key, nullptr, asserted.str()));
  out.U8(kUserPresent);
  out.U32(kCounter);
  return out.Take();
}

}  // namespace

std::string SshBlob(EVP_PKEY* key, KeyType type) {
  switch (type) {
    case KeyType::kEd25519: {
      ByteWriter out;
      out.String32("ssh-ed25519");
      out.String32(RawPublic(key));
      return out.Take();
    }
    case KeyType::kSkEd25519: {  // PROTOCOL.u2f of OpenSSH
      ByteWriter out;
      out.String32(kSkEd25519Name);
      out.String32(RawPublic(key));
      out.String32(kSkApplication);
      return out.Take();
    }
    case KeyType::kEcdsaP256:
      return EcBlob(key, "nistp256");
    case KeyType::kEcdsaP384:
      return EcBlob(key, "nistp384");
    case KeyType::kEcdsaP521:
      return EcBlob(key, "nistp521");
    case KeyType::kRsa1024:
    case KeyType::kRsa2048:
    case KeyType::kRsa4096:
      return BlobOf("ssh-rsa",
                    {Number(key, OSSL_PKEY_PARAM_RSA_E), Number(key, OSSL_PKEY_PARAM_RSA_N)});
    case KeyType::kDsa1024:
      return BlobOf("ssh-dss",
                    {Number(key, OSSL_PKEY_PARAM_FFC_P), Number(key, OSSL_PKEY_PARAM_FFC_Q),
                     Number(key, OSSL_PKEY_PARAM_FFC_G), Number(key, OSSL_PKEY_PARAM_PUB_KEY)});
  }
  return "";
}

std::vector<std::string> SshAlgorithms(KeyType type) {
  switch (type) {
    case KeyType::kEd25519:
      return {"ssh-ed25519"};
    case KeyType::kSkEd25519:
      return {std::string(kSkEd25519Name)};
    case KeyType::kEcdsaP256:
      return {"ecdsa-sha2-nistp256"};
    case KeyType::kEcdsaP384:
      return {"ecdsa-sha2-nistp384"};
    case KeyType::kEcdsaP521:
      return {"ecdsa-sha2-nistp521"};
    case KeyType::kRsa1024:
    case KeyType::kRsa2048:
    case KeyType::kRsa4096:
      return {"rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"};
    case KeyType::kDsa1024:
      return {"ssh-dss"};
  }
  return {};
}

std::string SshSign(EVP_PKEY* key, std::string_view algorithm, std::string_view message) {
  if (algorithm == kSkEd25519Name) return SkSign(key, message);
  std::string signature = RawSignature(key, DigestOf(algorithm), message);
  if (algorithm.substr(0, 6) == "ecdsa-") {
    const auto [r, s] =
        TwoNumbers<ECDSA_SIG, d2i_ECDSA_SIG, ECDSA_SIG_get0, ECDSA_SIG_free>(signature);
    ByteWriter numbers;
    numbers.Mpint(r);
    numbers.Mpint(s);
    signature = numbers.Take();
  } else if (algorithm == "ssh-dss") {
    const auto [r, s] = TwoNumbers<DSA_SIG, d2i_DSA_SIG, DSA_SIG_get0, DSA_SIG_free>(signature);
    signature = LeftPad(r, 20) + LeftPad(s, 20);
  }
  ByteWriter out;
  out.String32(algorithm);
  out.String32(signature);
  return out.Take();
}

}  // namespace hark::lab

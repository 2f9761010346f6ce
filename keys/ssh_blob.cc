// The way back: from an SPKI to the blob an SSH server would show for the same key, for look-ups by
// SSH fingerprint of keys first seen in certificates.

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/bytes.h"
#include "keys/openssl_ptr.h"
#include "keys/ssh_key.h"

namespace hark {
namespace {

// An unsigned parameter of the key, big-endian, padded to `width` if given; empty if it has none.
std::string Parameter(const EVP_PKEY* key, const char* name, int width = 0) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return {};
  const BignumPtr number(raw);
  if (width == 0) width = BN_num_bytes(number.get());
  std::string out(static_cast<size_t>(width), '\0');
  if (BN_bn2binpad(number.get(), AsUnsigned(out.data()), width) != width) return {};
  return out;
}

std::string RsaBlob(const EVP_PKEY* key) {
  ByteWriter out;
  out.String32("ssh-rsa");
  out.Mpint(Parameter(key, OSSL_PKEY_PARAM_RSA_E));
  out.Mpint(Parameter(key, OSSL_PKEY_PARAM_RSA_N));
  return out.Take();
}

std::string DsaBlob(const EVP_PKEY* key) {
  ByteWriter out;
  out.String32("ssh-dss");
  out.Mpint(Parameter(key, OSSL_PKEY_PARAM_FFC_P));
  out.Mpint(Parameter(key, OSSL_PKEY_PARAM_FFC_Q));
  out.Mpint(Parameter(key, OSSL_PKEY_PARAM_FFC_G));
  out.Mpint(Parameter(key, OSSL_PKEY_PARAM_PUB_KEY));
  return out.Take();
}

std::optional<std::string> EcdsaBlob(const EVP_PKEY* key) {
  char group[64];
  size_t length = 0;
  if (EVP_PKEY_get_group_name(key, group, sizeof group, &length) != 1) return std::nullopt;
  const std::string_view name(group, length);
  const int bits = name == "prime256v1" ? 256 : name == "secp384r1" ? 384 : 521;
  if (bits == 521 && name != "secp521r1") return std::nullopt;
  const int width = (bits + 7) / 8;
  const std::string curve = "nistp" + std::to_string(bits);
  ByteWriter out;
  out.String32("ecdsa-sha2-" + curve);
  out.String32(curve);
  out.String32("\x04" + Parameter(key, OSSL_PKEY_PARAM_EC_PUB_X, width) +
               Parameter(key, OSSL_PKEY_PARAM_EC_PUB_Y, width));
  return out.Take();
}

std::optional<std::string> Ed25519Blob(const EVP_PKEY* key) {
  std::string point(32, '\0');
  size_t size = point.size();
  if (EVP_PKEY_get_raw_public_key(key, AsUnsigned(point.data()), &size) != 1) return std::nullopt;
  ByteWriter out;
  out.String32("ssh-ed25519");
  out.String32(point);
  return out.Take();
}

}  // namespace

std::optional<std::string> SshBlobOfSpki(std::string_view spki_der) {
  const unsigned char* in = AsUnsigned(spki_der.data());
  const EvpPkeyPtr key(d2i_PUBKEY(nullptr, &in, static_cast<long>(spki_der.size())));
  if (!key || in != AsUnsigned(spki_der.data()) + spki_der.size()) {
    ERR_clear_error();
    return std::nullopt;
  }
  switch (EVP_PKEY_get_base_id(key.get())) {
    case EVP_PKEY_RSA:
      return RsaBlob(key.get());
    case EVP_PKEY_DSA:
      return DsaBlob(key.get());
    case EVP_PKEY_EC:
      return EcdsaBlob(key.get());
    case EVP_PKEY_ED25519:
      return Ed25519Blob(key.get());
    default:
      return std::nullopt;
  }
}

}  // namespace hark

#include "tests/lab/ssh_kex.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include "base/log.h"
#include "tests/lab/lab_key.h"

namespace hark::lab {
namespace {

using ContextPtr = std::unique_ptr<EVP_PKEY_CTX, OpenSslFree<EVP_PKEY_CTX_free>>;

constexpr std::string_view kGroup14 = "diffie-hellman-group14-sha256";
constexpr size_t kGroup14Bytes = 256;

bool IsCurve25519(std::string_view method) {
  return method.substr(0, 10) == "curve25519";
}

PkeyPtr Group14Key() {
  ContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "DH", nullptr));
  char group[] = "modp_2048";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0), OSSL_PARAM_END};
  EVP_PKEY* key = nullptr;
  HARK_CHECK(EVP_PKEY_keygen_init(context.get()) == 1 &&
             EVP_PKEY_CTX_set_params(context.get(), params) == 1 &&
             EVP_PKEY_generate(context.get(), &key) == 1);
  return PkeyPtr(key);
}

PkeyPtr Ephemeral(std::string_view method) {
  if (IsCurve25519(method)) return PkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519"));
  if (method == "ecdh-sha2-nistp256") {
    return PkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  }
  if (method == "ecdh-sha2-nistp384") {
    return PkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384"));
  }
  if (method == "ecdh-sha2-nistp521") {
    return PkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-521"));
  }
  return Group14Key();
}

std::optional<std::string> Derive(EVP_PKEY* own, EVP_PKEY* peer) {
  ContextPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, own, nullptr));
  size_t n = 0;
  if (EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer(context.get(), peer) != 1 ||
      EVP_PKEY_derive(context.get(), nullptr, &n) != 1) {
    return std::nullopt;
  }
  std::string out(n, '\0');
  if (EVP_PKEY_derive(context.get(), reinterpret_cast<unsigned char*>(out.data()), &n) != 1) {
    return std::nullopt;
  }
  out.resize(n);
  return out;
}

}  // namespace

const std::vector<std::string>& KexMethods() {
  static const std::vector<std::string>* const kMethods = new std::vector<std::string>{
      "curve25519-sha256",  "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256",
      "ecdh-sha2-nistp384", "ecdh-sha2-nistp521",           std::string(kGroup14)};
  return *kMethods;
}

bool KexUsesMpints(std::string_view method) {
  return method == kGroup14;
}

std::optional<KexResult> RespondToKex(std::string_view method, std::string_view client_public) {
  const PkeyPtr own = Ephemeral(method);
  HARK_CHECK(own != nullptr);
  std::string value(client_public);
  if (KexUsesMpints(method)) {
    if (value.size() > kGroup14Bytes) return std::nullopt;
    value.insert(0, kGroup14Bytes - value.size(), '\0');  // OpenSSL wants the full width
  }
  const PkeyPtr peer(EVP_PKEY_new());
  if (EVP_PKEY_copy_parameters(peer.get(), own.get()) != 1 ||
      EVP_PKEY_set1_encoded_public_key(
          peer.get(), reinterpret_cast<const unsigned char*>(value.data()), value.size()) != 1) {
    return std::nullopt;
  }
  const auto secret = Derive(own.get(), peer.get());
  if (!secret.has_value()) return std::nullopt;
  unsigned char* bytes = nullptr;
  const size_t n = EVP_PKEY_get1_encoded_public_key(own.get(), &bytes);
  KexResult out{std::string(reinterpret_cast<char*>(bytes), n), *secret};
  OPENSSL_free(bytes);
  return out;
}

std::string KexHash(std::string_view method, std::string_view bytes) {
  const char* name = method == "ecdh-sha2-nistp384"   ? "SHA384"
                     : method == "ecdh-sha2-nistp521" ? "SHA512"
                                                      : "SHA256";
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  size_t n = 0;
  HARK_CHECK(EVP_Q_digest(nullptr, name, nullptr, bytes.data(), bytes.size(),
                          reinterpret_cast<unsigned char*>(digest.data()), &n) == 1);
  digest.resize(n);
  return digest;
}

}  // namespace hark::lab

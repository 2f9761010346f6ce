#include "worker/probe/ssh_signature.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <optional>
#include <string>

#include "base/bytes.h"
#include "keys/der.h"
#include "keys/openssl_ptr.h"
#include "keys/ssh_key.h"
#include "worker/probe/limits.h"

namespace hark::ssh {
namespace {

constexpr size_t kDsaHalf = 20;        // RFC 4253 §6.6: r and s are 160 bits each
constexpr size_t kEd25519Prefix = 12;  // the SPKI of an Ed25519 key before its 32 bytes

// How a signature of this name is to be checked.
struct Scheme {
  const EVP_MD* hash;     // nullptr: the algorithm hashes itself
  std::string signature;  // as OpenSSL wants it
};

std::string DerPair(std::string_view r, std::string_view s) {
  for (std::string_view* n : {&r, &s}) {
    while (!n->empty() && n->front() == '\0') n->remove_prefix(1);
  }
  return der::Encode(der::kSequence, der::EncodeUnsigned(r) + der::EncodeUnsigned(s));
}

// Servers that treat an RSA signature as a number drop its leading zeros; RFC 3447 wants them.
std::string LeftPadded(std::string_view bytes, int size) {
  const size_t wanted = static_cast<size_t>(size);
  const size_t missing = bytes.size() < wanted ? wanted - bytes.size() : 0;
  return std::string(missing, '\0').append(bytes);
}

// RFC 5656 §3.1.2: two mpints in a string.
std::optional<std::string> EcdsaDer(std::string_view bytes) {
  ByteReader reader(bytes);
  const std::string_view r = reader.String32(kMaxSshNumber);
  const std::string_view s = reader.String32(kMaxSshNumber);
  if (!reader.ok() || !reader.empty()) return std::nullopt;
  return DerPair(r, s);
}

// The name inside the signature decides, not the one negotiated: some servers sign with SHA-1 what
// was agreed to be SHA-2, and hold the key all the same.
std::optional<Scheme> SchemeOf(const EVP_PKEY* key, std::string_view name, std::string_view bytes) {
  const int key_type = EVP_PKEY_get_base_id(key);
  if (key_type == EVP_PKEY_RSA) {
    const std::string padded = LeftPadded(bytes, EVP_PKEY_get_size(key));
    if (name == "rsa-sha2-512") return Scheme{EVP_sha512(), padded};
    if (name == "rsa-sha2-256") return Scheme{EVP_sha256(), padded};
    if (name == "ssh-rsa") return Scheme{EVP_sha1(), padded};
  } else if (key_type == EVP_PKEY_EC) {
    const std::optional<std::string> pair = EcdsaDer(bytes);
    if (!pair) return std::nullopt;
    if (name == "ecdsa-sha2-nistp256") return Scheme{EVP_sha256(), *pair};
    if (name == "ecdsa-sha2-nistp384") return Scheme{EVP_sha384(), *pair};
    if (name == "ecdsa-sha2-nistp521") return Scheme{EVP_sha512(), *pair};
  } else if (key_type == EVP_PKEY_DSA && name == "ssh-dss" && bytes.size() == 2 * kDsaHalf) {
    return Scheme{EVP_sha1(), DerPair(bytes.substr(0, kDsaHalf), bytes.substr(kDsaHalf))};
  } else if (key_type == EVP_PKEY_ED25519 && name == "ssh-ed25519") {
    return Scheme{nullptr, std::string(bytes)};
  }
  return std::nullopt;
}

EvpPkeyPtr KeyOf(const SshKeyInfo& info) {
  if (info.type.starts_with("ssh-ed25519")) {  // past OpenSSL 3.0's slow decoders
    return EvpPkeyPtr(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr,
                                                  AsUnsigned(info.spki.data()) + kEd25519Prefix,
                                                  info.spki.size() - kEd25519Prefix));
  }
  const unsigned char* in = AsUnsigned(info.spki.data());
  return EvpPkeyPtr(d2i_PUBKEY(nullptr, &in, static_cast<long>(info.spki.size())));
}

bool Verify(EVP_PKEY* key, const Scheme& scheme, std::string_view message) {
  const EvpMdCtxPtr context(EVP_MD_CTX_new());
  return context && EVP_DigestVerifyInit(context.get(), nullptr, scheme.hash, nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), AsUnsigned(scheme.signature.data()),
                          scheme.signature.size(), AsUnsigned(message.data()), message.size()) == 1;
}

}  // namespace

Proof CheckSignature(std::string_view host_key, std::string_view signature,
                     std::string_view exchange_hash) {
  const SshKeyInfo info = ReadSshKey(host_key);
  if (info.spki.empty()) return Proof::kUnverified;
  const EvpPkeyPtr key = KeyOf(info);
  if (!key) {
    ERR_clear_error();
    return Proof::kUnverified;
  }
  ByteReader reader(signature);
  const std::string_view name = reader.String32(kMaxSshName);
  const std::string_view bytes = reader.String32(kMaxSshSignature);
  if (!reader.ok()) return Proof::kBad;
  const std::optional<Scheme> scheme = SchemeOf(key.get(), name, bytes);
  const bool good = scheme && Verify(key.get(), *scheme, exchange_hash);
  ERR_clear_error();
  return good ? Proof::kVerified : Proof::kBad;
}

}  // namespace hark::ssh

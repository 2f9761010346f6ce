#include "worker/probe/ssh_signature.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <algorithm>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "keys/der.h"
#include "keys/openssl_ptr.h"
#include "keys/ssh_certificate.h"
#include "keys/ssh_key.h"
#include "keys/ssh_security_key.h"
#include "worker/probe/limits.h"
#include "worker/probe/ssh_algorithms.h"
#include "worker/probe/ssh_public_key.h"

namespace hark::ssh {
namespace {

constexpr size_t kDsaHalf = 20;  // RFC 4253 §6.6: r and s are 160 bits each

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

bool Verify(EVP_PKEY* key, const Scheme& scheme, std::string_view message) {
  const EvpMdCtxPtr context(EVP_MD_CTX_new());
  return context && EVP_DigestVerifyInit(context.get(), nullptr, scheme.hash, nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), AsUnsigned(scheme.signature.data()),
                          scheme.signature.size(), AsUnsigned(message.data()), message.size()) == 1;
}

// The parts of a signature blob. What a security key adds stands behind the signature proper.
struct SignatureParts {
  bool ok = false;
  std::string_view name, bytes;
  uint8_t flags = 0;
  uint32_t counter = 0;
};

SignatureParts ReadSignature(std::string_view blob) {
  ByteReader reader(blob);
  SignatureParts parts;
  parts.name = reader.String32(kMaxSshName);
  parts.bytes = reader.String32(kMaxSshSignature);
  parts.ok = reader.ok();
  if (parts.name.starts_with("sk-")) {
    parts.flags = reader.U8();
    parts.counter = reader.U32();
    parts.ok = reader.ok() && reader.empty();
  }
  return parts;
}

std::string RandomHalf(const SignatureParts& signature) {
  std::string_view r;
  if (signature.name == "ssh-dss" && signature.bytes.size() == 2 * kDsaHalf) {
    r = signature.bytes.substr(0, kDsaHalf);
  } else if (signature.name.starts_with("ecdsa-sha2-") ||
             signature.name.starts_with("sk-ecdsa-sha2-")) {
    r = ByteReader(signature.bytes).String32(kMaxSshNumber);
    if (!r.empty() && (static_cast<uint8_t>(r.front()) & 0x80) != 0) return {};  // negative
  }
  while (!r.empty() && r.front() == '\0') r.remove_prefix(1);
  return r.size() <= kMaxSshSignatureR ? std::string(r) : std::string();
}

bool IsPrintable(std::string_view name) {
  return std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

Proof Prove(std::string_view blob, const SignatureParts& signature, std::string_view name,
            std::string_view message) {
  const SshKeyInfo info = ReadSshKey(blob);
  if (info.spki.empty()) return Proof::kUnverified;
  const EvpPkeyPtr key = NewPublicKey(blob, info);
  if (!key) return Proof::kUnverified;
  if (!signature.ok) return Proof::kBad;
  const std::optional<Scheme> scheme = SchemeOf(key.get(), name, signature.bytes);
  return scheme && Verify(key.get(), *scheme, message) ? Proof::kVerified : Proof::kBad;
}

// Its signatures have names of their own; behind them is the plain algorithm over other bytes.
Proof ProveSecurityKey(const SshSecurityKey& key, const SignatureParts& signature,
                       std::string_view exchange_hash) {
  constexpr std::string_view kEnd = "@openssh.com";
  std::string_view name = signature.name;
  if (name == "sk-ssh-ed25519@openssh.com" || name == "sk-ecdsa-sha2-nistp256@openssh.com") {
    name.remove_prefix(3);
    name.remove_suffix(kEnd.size());
  } else {
    name = {};
  }
  return Prove(
      key.plain_blob, signature, name,
      SecurityKeySigned(key.application, signature.flags, signature.counter, exchange_hash));
}

// A name, but of a way to sign that nobody here knows, such as webauthn-sk-… or ssh-rsa-sha256@…:
// it may well be right.
bool IsForeign(const SignatureParts& signature) {
  return signature.ok && !signature.name.empty() && IsPrintable(signature.name) &&
         !NameListHas(AllSshHostKeyAlgorithms(), signature.name);
}

}  // namespace

CheckedSignature CheckSignature(std::string_view host_key, std::string_view signature,
                                std::string_view exchange_hash) {
  const SignatureParts parts = ReadSignature(signature);
  CheckedSignature checked;
  if (IsPrintable(parts.name)) checked.algorithm = parts.name;
  checked.r = RandomHalf(parts);
  if (exchange_hash.empty()) return checked;
  const std::optional<std::string> certified = CertifiedSshKey(host_key);
  const std::string_view blob = certified ? std::string_view(*certified) : host_key;
  const std::optional<SshSecurityKey> security_key = ReadSshSecurityKey(blob);
  checked.proof = security_key ? ProveSecurityKey(*security_key, parts, exchange_hash)
                               : Prove(blob, parts, parts.name, exchange_hash);
  if (checked.proof == Proof::kBad && IsForeign(parts)) checked.proof = Proof::kUnverified;
  ERR_clear_error();  // a stranger's bad key must not be read as a later call's failure
  return checked;
}

}  // namespace hark::ssh

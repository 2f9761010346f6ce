#include "keys/quick_signature.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <bit>
#include <string>

#include "keys/der.h"

namespace hark {
namespace {

using std::string_view_literals::operator""sv;

// AlgorithmIdentifiers exactly as they are encoded; another encoding of the same is rare enough.
constexpr std::string_view kRsaKey =
    "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"sv;
constexpr std::string_view kP256Key =
    "\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"sv;

struct Scheme {
  std::string_view algorithm;
  const EVP_MD* (*digest)();
  int key;  // EVP_PKEY_get_base_id
};
constexpr std::array<Scheme, 6> kSchemes = {{
    // RFC 4055 §5, RFC 3279 §2.2.1 for SHA-1
    {"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00"sv, EVP_sha256, EVP_PKEY_RSA},
    {"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c\x05\x00"sv, EVP_sha384, EVP_PKEY_RSA},
    {"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d\x05\x00"sv, EVP_sha512, EVP_PKEY_RSA},
    {"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05\x05\x00"sv, EVP_sha1, EVP_PKEY_RSA},
    // RFC 5758 §3.2
    {"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"sv, EVP_sha256, EVP_PKEY_EC},
    {"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03"sv, EVP_sha384, EVP_PKEY_EC},
}};

// The next INTEGER as the machine writes numbers; "" for none and for negative ones.
std::string NextNumber(std::string_view& in) {
  static_assert(std::endian::native == std::endian::little);
  const auto number = der::Next(in, der::kInteger);
  if (!number || number->content.empty() || (number->content.front() & 0x80) != 0) return {};
  return {number->content.rbegin(), number->content.rend()};
}

EvpPkeyPtr ReadRsa(std::string_view bits) {
  const auto sequence = der::Next(bits, der::kSequence);
  std::string_view in = sequence ? sequence->content : std::string_view();
  std::string n = NextNumber(in);
  std::string e = NextNumber(in);
  const EvpPkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  if (n.empty() || e.empty() || !context) return nullptr;
  OSSL_PARAM numbers[] = {
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, AsUnsigned(n.data()), n.size()),
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, AsUnsigned(e.data()), e.size()),
      OSSL_PARAM_construct_end()};
  EVP_PKEY* key = nullptr;
  const bool made = EVP_PKEY_fromdata_init(context.get()) == 1 &&
                    EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, numbers) == 1;
  return EvpPkeyPtr(made ? key : nullptr);
}

// The content of a BIT STRING of whole bytes; "" for any other.
std::string_view WholeBytes(std::string_view bits) {
  const bool whole = !bits.empty() && bits.front() == 0;
  return whole ? bits.substr(1) : std::string_view();
}

}  // namespace

QuickKeys::QuickKeys() : p256_(EVP_EC_gen("P-256")) {}

EvpPkeyPtr QuickKeys::Read(std::string_view spki) const {
  const auto sequence = der::Next(spki, der::kSequence);
  std::string_view in = sequence ? sequence->content : std::string_view();
  const auto algorithm = der::Next(in, der::kSequence);
  const auto bits = der::Next(in, der::kBitString);
  if (!algorithm || !bits) return nullptr;
  if (algorithm->encoded == kRsaKey) return ReadRsa(WholeBytes(bits->content));
  if (algorithm->encoded == kP256Key) return ReadP256(WholeBytes(bits->content));
  return nullptr;
}

EvpPkeyPtr QuickKeys::ReadP256(std::string_view point) const {
  EvpPkeyPtr key(p256_ ? EVP_PKEY_dup(p256_.get()) : nullptr);
  const bool made = key && EVP_PKEY_set1_encoded_public_key(key.get(), AsUnsigned(point.data()),
                                                            point.size()) == 1;
  return made ? std::move(key) : nullptr;
}

std::optional<bool> QuickVerify(const CertificateParts& certificate, EVP_PKEY* key) {
  const auto scheme = std::find_if(kSchemes.begin(), kSchemes.end(), [&](const Scheme& known) {
    return known.algorithm == certificate.signature_algorithm;
  });
  // The algorithm stands twice, and must be the same (RFC 5280 §4.1.1.2).
  if (scheme == kSchemes.end() || certificate.signed_as != certificate.signature_algorithm ||
      key == nullptr || EVP_PKEY_get_base_id(key) != scheme->key) {
    return std::nullopt;
  }
  const std::string_view tbs = certificate.to_be_signed;
  const std::string_view signature = WholeBytes(certificate.signature);
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  const EvpPkeyCtxPtr context(EVP_PKEY_CTX_new(key, nullptr));
  if (!context || EVP_Digest(tbs.data(), tbs.size(), hash, &size, scheme->digest(), nullptr) != 1 ||
      EVP_PKEY_verify_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_signature_md(context.get(), scheme->digest()) != 1) {
    return std::nullopt;
  }
  return EVP_PKEY_verify(context.get(), AsUnsigned(signature.data()), signature.size(), hash,
                         size) == 1;
}

}  // namespace hark

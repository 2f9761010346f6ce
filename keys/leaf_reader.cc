#include "keys/leaf_reader.h"

#include <openssl/core_names.h>
#include <openssl/provider.h>
#include <openssl/x509.h>

#include <bit>
#include <string>

#include "keys/certificate.h"
#include "keys/der.h"

namespace hark {
namespace {

EvpPkeyPtr QuickKey(const char* type, OSSL_PARAM* numbers) {
  const EvpPkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, numbers) != 1) {
    return nullptr;
  }
  return EvpPkeyPtr(key);
}

// The next INTEGER as the machine writes numbers; "" for none and for negative ones.
std::string NextNumber(std::string_view& in) {
  static_assert(std::endian::native == std::endian::little);
  const auto number = der::Next(in, der::kInteger);
  if (!number || number->content.empty() || (number->content.front() & 0x80) != 0) return {};
  return {number->content.rbegin(), number->content.rend()};
}

EvpPkeyPtr QuickRsaKey(std::string_view bits) {
  const auto sequence = der::Next(bits, der::kSequence);
  std::string_view in = sequence ? sequence->content : std::string_view();
  std::string n = NextNumber(in);
  std::string e = NextNumber(in);
  if (n.empty() || e.empty()) return nullptr;
  OSSL_PARAM numbers[] = {
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, AsUnsigned(n.data()), n.size()),
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, AsUnsigned(e.data()), e.size()),
      OSSL_PARAM_construct_end()};
  return QuickKey("RSA", numbers);
}

EvpPkeyPtr QuickP256Key(std::string_view bits) {
  std::string group = "prime256v1";
  std::string point(bits);
  OSSL_PARAM numbers[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(), group.size()),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()),
      OSSL_PARAM_construct_end()};
  return QuickKey("EC", numbers);
}

}  // namespace

X509Ptr ReadX509(std::string_view der) {
  if (der.size() > kMaxCertificate) return nullptr;
  const unsigned char* in = AsUnsigned(der.data());
  return X509Ptr(d2i_X509(nullptr, &in, static_cast<long>(der.size())));
}

LeafReader::LeafReader()
    : context_(OSSL_LIB_CTX_new()), nothing_(OSSL_PROVIDER_load(context_, "null")) {
  // X509_verify_cert wants some key in the leaf all the same: 64 bits of RSA, never used.
  const unsigned char key[] = {0x30, 0x0e, 0x02, 0x09, 0x00, 0xff, 0x01, 0x02,
                               0x03, 0x04, 0x05, 0x06, 0x07, 0x02, 0x01, 0x03};
  const unsigned char* in = key;
  some_key_.reset(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &in, sizeof key));
}

LeafReader::~LeafReader() {
  OSSL_PROVIDER_unload(nothing_);
  OSSL_LIB_CTX_free(context_);
}

X509Ptr LeafReader::Read(std::string_view der) const {
  if (der.size() > kMaxCertificate) return nullptr;
  const unsigned char* in = AsUnsigned(der.data());
  X509* certificate = X509_new_ex(context_, nullptr);
  const bool read = d2i_X509(&certificate, &in, static_cast<long>(der.size())) != nullptr;
  X509Ptr out(certificate);
  return read ? std::move(out) : nullptr;
}

X509Ptr LeafReader::ReadForItsChain(std::string_view der) const {
  X509Ptr out = Read(der);
  const bool ready = out && some_key_ && X509_set_pubkey(out.get(), some_key_.get()) == 1;
  return ready ? std::move(out) : nullptr;
}

EvpPkeyPtr QuickKeyOf(const X509* certificate) {
  const unsigned char* bytes = nullptr;
  int size = 0;
  X509_ALGOR* algorithm = nullptr;
  const ASN1_OBJECT* oid = nullptr;
  int kind = V_ASN1_UNDEF;
  const void* parameters = nullptr;
  if (X509_PUBKEY_get0_param(nullptr, &bytes, &size, &algorithm,
                             X509_get_X509_PUBKEY(certificate)) != 1 ||
      size <= 0) {
    return nullptr;
  }
  const std::string_view bits(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  X509_ALGOR_get0(&oid, &kind, &parameters, algorithm);
  const int nid = OBJ_obj2nid(oid);
  if (nid == NID_rsaEncryption) return QuickRsaKey(bits);
  const bool p256 =
      nid == NID_X9_62_id_ecPublicKey && kind == V_ASN1_OBJECT &&
      OBJ_obj2nid(static_cast<const ASN1_OBJECT*>(parameters)) == NID_X9_62_prime256v1;
  return p256 ? QuickP256Key(bits) : nullptr;
}

}  // namespace hark

#include "keys/leaf_reader.h"

#include <openssl/provider.h>
#include <openssl/x509.h>

#include "keys/certificate.h"

namespace hark {

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

}  // namespace hark

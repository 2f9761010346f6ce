#include "keys/trusted_roots.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "base/strings.h"
#include "keys/key_id.h"

namespace hark {
namespace {

using BioPtr = std::unique_ptr<BIO, OpenSslFree<BIO_free_all>>;

// The next certificate of a bundle; "" at its end and before what is no PEM.
std::string NextInPem(BIO* in) {
  unsigned char* bytes = nullptr;
  long size = 0;
  if (PEM_bytes_read_bio(&bytes, &size, nullptr, PEM_STRING_X509, in, nullptr, nullptr) != 1) {
    return {};
  }
  std::string der(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

}  // namespace

CertificateValidity ValidityOf(const X509* certificate) {
  std::tm from = {};
  std::tm to = {};
  if (ASN1_TIME_to_tm(X509_get0_notBefore(certificate), &from) != 1 ||
      ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &to) != 1) {
    return {};
  }
  return {timegm(&from), timegm(&to)};
}

Result<std::unique_ptr<TrustedRoots>> TrustedRoots::FromPem(std::string_view pem,
                                                            std::string_view name) {
  std::unique_ptr<TrustedRoots> roots(new TrustedRoots);
  roots->store_.reset(X509_STORE_new());
  const BioPtr in(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!roots->store_ || !in) return Internal("OpenSSL gives no memory for a trust store");
  bool readable = true;
  for (std::string der = NextInPem(in.get()); readable && !der.empty(); der = NextInPem(in.get())) {
    readable = roots->Add(std::move(der));
  }
  const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!readable || !ended) {
    return InvalidInput(
        StrCat(name, ": certificate ", roots->size() + 1, " of the bundle cannot be read"));
  }
  if (roots->size() == 0) {
    return InvalidInput(StrCat(name, ": no certificate in it; a bundle in PEM is wanted"));
  }
  std::sort(roots->boundaries_.begin(), roots->boundaries_.end());
  std::sort(roots->roots_.begin(), roots->roots_.end(), [](const Root& a, const Root& b) {
    return X509_NAME_cmp(X509_get_subject_name(a.bare.get()), X509_get_subject_name(b.bare.get())) <
           0;
  });
  return roots;
}

bool TrustedRoots::Add(std::string der) {
  X509Ptr bare = reader_.Read(der);
  if (!bare) return false;
  if (!sha256_.insert(Sha256(der)).second) return true;  // one that is there twice is no matter
  const CertificateValidity validity = ValidityOf(bare.get());
  boundaries_.push_back(validity.from);
  boundaries_.push_back(validity.to + 1);
  roots_.push_back({std::move(bare), std::move(der)});
  return true;
}

bool TrustedRoots::Admit(const X509_NAME* name) const {
  const auto at = std::lower_bound(
      roots_.begin(), roots_.end(), name, [](const Root& root, const X509_NAME* wanted) {
        return X509_NAME_cmp(X509_get_subject_name(root.bare.get()), wanted) < 0;
      });
  bool any = false;
  for (auto root = at; root != roots_.end(); ++root) {
    if (X509_NAME_cmp(X509_get_subject_name(root->bare.get()), name) != 0) break;
    any = true;
    const std::lock_guard lock(admitting_);
    if (root->admitted) continue;
    root->admitted = true;
    if (const X509Ptr whole = ReadX509(root->der)) X509_STORE_add_cert(store_.get(), whole.get());
  }
  return any;
}

}  // namespace hark

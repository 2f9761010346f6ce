#pragma once

// Certificates made to order in this process, for tests that need hundreds of them: P-256 keys,
// a few dozen microseconds each; a CA may be given another. KeyWorkshop has the system's openssl
// for all other kinds.

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "keys/openssl_ptr.h"

namespace hark {

struct TestCertificate {
  std::string der;
  std::string pem;
};

class TestCa {
 public:
  struct Order {
    std::vector<std::string> names;           // DNS; the first is the common name, too
    int64_t not_before_unix = 1'500'000'000;  // 2017-07-14
    int64_t not_after_unix = 1'900'000'000;   // 2030-03-17
    bool authority = false;
    std::string usage = "serverAuth";  // "" = no extended key usage
  };

  // A root of this name, signed by itself. key: nullptr = one of its own.
  explicit TestCa(const std::string& name, int64_t not_before_unix = 1'400'000'000,
                  int64_t not_after_unix = 2'000'000'000, EvpPkeyPtr key = nullptr)
      : key_(key ? std::move(key) : NewKey()) {
    Order order{{name}, not_before_unix, not_after_unix, true, ""};
    certificate_ = Make(order, key_.get(), nullptr, nullptr);
  }
  // An intermediate that `issuer` signed.
  TestCa(const TestCa& issuer, const Order& order, EvpPkeyPtr key = nullptr)
      : key_(key ? std::move(key) : NewKey()) {
    Order authority = order;
    authority.authority = true;
    authority.usage = "";
    certificate_ = Make(authority, key_.get(), issuer.certificate_.get(), issuer.key_.get());
  }

  TestCertificate certificate() const { return Encode(certificate_.get()); }
  // A new key, certified by this CA.
  TestCertificate Issue(const Order& order) const {
    const EvpPkeyPtr key = NewKey();
    return Encode(Make(order, key.get(), certificate_.get(), key_.get()).get());
  }
  // Two certificates of one key: renewals.
  std::vector<TestCertificate> IssueForOneKey(const std::vector<Order>& orders) const {
    const EvpPkeyPtr key = NewKey();
    std::vector<TestCertificate> out;
    for (const Order& order : orders) {
      out.push_back(Encode(Make(order, key.get(), certificate_.get(), key_.get()).get()));
    }
    return out;
  }
  static TestCertificate SelfSigned(const Order& order, EvpPkeyPtr key = nullptr) {
    if (!key) key = NewKey();
    return Encode(Make(order, key.get(), nullptr, nullptr).get());
  }

 private:
  static EvpPkeyPtr NewKey() { return EvpPkeyPtr(EVP_EC_gen("P-256")); }

  static void Extend(X509* certificate, int nid, const std::string& value) {
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  static void SetName(X509_NAME* name, const std::string& text) {
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, AsUnsigned(text.data()),
                               static_cast<int>(text.size()), -1, 0);
  }

  // signer: nullptr = the key itself.
  static X509Ptr Make(const Order& order, EVP_PKEY* key, X509* issuer, EVP_PKEY* signer) {
    static long serial = 0;
    X509Ptr out(X509_new());
    X509_set_version(out.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(out.get()), ++serial);
    SetName(X509_get_subject_name(out.get()), order.names.at(0));
    X509_set_issuer_name(out.get(), X509_get_subject_name(issuer == nullptr ? out.get() : issuer));
    ASN1_TIME_set(X509_getm_notBefore(out.get()), static_cast<time_t>(order.not_before_unix));
    ASN1_TIME_set(X509_getm_notAfter(out.get()), static_cast<time_t>(order.not_after_unix));
    X509_set_pubkey(out.get(), key);
    if (order.authority) {
      Extend(out.get(), NID_basic_constraints, "critical,CA:TRUE");
    } else {
      std::string names;
      for (const std::string& name : order.names)
        names += (names.empty() ? "DNS:" : ",DNS:") + name;
      Extend(out.get(), NID_subject_alt_name, names);
    }
    if (!order.usage.empty()) Extend(out.get(), NID_ext_key_usage, order.usage);
    X509_sign(out.get(), signer == nullptr ? key : signer, EVP_sha256());
    return out;
  }

  static TestCertificate Encode(X509* certificate) {
    TestCertificate out;
    unsigned char* bytes = nullptr;
    const int n = i2d_X509(certificate, &bytes);
    out.der.assign(reinterpret_cast<const char*>(bytes), static_cast<size_t>(n));
    OPENSSL_free(bytes);
    BIO* const bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, certificate);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    out.pem.assign(text, static_cast<size_t>(size));
    BIO_free(bio);
    return out;
  }

  EvpPkeyPtr key_;
  X509Ptr certificate_;
};

}  // namespace hark

#include "keys/certificate_names.h"

#include <arpa/inet.h>

#include "base/strings.h"
#include "keys/der.h"
#include "keys/openssl_ptr.h"

namespace hark {
namespace {

using BioPtr = std::unique_ptr<BIO, OpenSslFree<BIO_free_all>>;

// GeneralName, context tags.
constexpr uint8_t kRfc822Name = 0x81;
constexpr uint8_t kDnsName = 0x82;
constexpr uint8_t kUri = 0x86;
constexpr uint8_t kIpAddress = 0x87;

std::string IpText(std::string_view bytes) {
  const int family = bytes.size() == 4 ? AF_INET : bytes.size() == 16 ? AF_INET6 : AF_UNSPEC;
  char text[INET6_ADDRSTRLEN];
  if (family == AF_UNSPEC || inet_ntop(family, bytes.data(), text, sizeof text) == nullptr) {
    return HexEncode(bytes);
  }
  return text;
}

// For names OpenSSL will not print, such as those with invalid UTF-8.
std::string PlainNameText(const X509_NAME* name) {
  std::string out;
  for (int i = X509_NAME_entry_count(name) - 1; i >= 0; --i) {  // RFC 2253: last first
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    const ASN1_OBJECT* type = X509_NAME_ENTRY_get_object(entry);
    const int nid = OBJ_obj2nid(type);
    const char* short_name = nid == NID_undef ? nullptr : OBJ_nid2sn(nid);
    out += StrCat(out.empty() ? "" : ",", short_name != nullptr ? short_name : OidText(type), "=",
                  EscapeForDisplay(BytesOf(X509_NAME_ENTRY_get_data(entry))));
  }
  return out;
}

}  // namespace

AltNames ReadAltNames(std::string_view extension) {
  AltNames names;
  const auto list = der::Next(extension, der::kSequence);
  if (!list) return names;
  std::string_view rest = list->content;
  while (const auto name = der::Next(rest)) {
    ++names.count;
    if (name->tag == kDnsName) names.dns.emplace_back(name->content);
    if (name->tag == kRfc822Name) names.emails.emplace_back(name->content);
    if (name->tag == kUri) names.uris.emplace_back(name->content);
    if (name->tag == kIpAddress) names.ips.push_back(IpText(name->content));
  }
  return names;
}

std::string NameText(const X509_NAME* name) {
  const BioPtr out(BIO_new(BIO_s_mem()));
  // XN_FLAG_RFC2253 escapes control and non-ASCII characters, so one name stays one line.
  if (!out || X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253) < 0) {
    return PlainNameText(name);
  }
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return size > 0 ? std::string(bytes, static_cast<size_t>(size)) : std::string();
}

std::string BytesOf(const ASN1_STRING* text) {
  const int size = text == nullptr ? 0 : ASN1_STRING_length(text);
  if (size <= 0) return {};
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<size_t>(size)};
}

std::string OidText(const ASN1_OBJECT* oid) {
  char text[128];
  const int length = oid == nullptr ? 0 : OBJ_obj2txt(text, sizeof text, oid, 1);
  return length > 0 ? std::string(text) : std::string();
}

}  // namespace hark

#include "keys/certificate_names.h"

#include <arpa/inet.h>

#include <algorithm>

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

using ObjectPtr = std::unique_ptr<ASN1_OBJECT, OpenSslFree<ASN1_OBJECT_free>>;
using NamePtr = std::unique_ptr<X509_NAME, OpenSslFree<X509_NAME_free>>;

constexpr uint8_t kSet = 0x31;
constexpr std::string_view kCommonNameOid = "\x55\x04\x03";

ObjectPtr ObjectOf(std::string_view encoded) {
  const unsigned char* bytes = AsUnsigned(encoded.data());
  return ObjectPtr(d2i_ASN1_OBJECT(nullptr, &bytes, static_cast<long>(encoded.size())));
}

// Calls `use` with the type (an OID) and the value of each attribute, as far as they can be read.
template <typename Use>
void ForEachAttribute(std::string_view encoded, const Use& use) {
  const auto names = der::Next(encoded, der::kSequence);
  std::string_view rest = names ? names->content : std::string_view();
  while (const auto relative = der::Next(rest, kSet)) {
    std::string_view attributes = relative->content;
    while (const auto attribute = der::Next(attributes, der::kSequence)) {
      std::string_view in = attribute->content;
      const auto type = der::Next(in, der::kOid);
      const auto value = der::Next(in);
      if (type && value) use(*type, *value);
    }
  }
}

// For names OpenSSL will not take, such as those with invalid UTF-8.
std::string PlainNameText(std::string_view encoded) {
  std::vector<std::string> attributes;
  ForEachAttribute(encoded, [&](const der::Element& type, const der::Element& value) {
    const ObjectPtr object = ObjectOf(type.encoded);
    const int nid = object ? OBJ_obj2nid(object.get()) : NID_undef;
    const std::string name = nid == NID_undef ? OidText(object.get()) : OBJ_nid2sn(nid);
    attributes.push_back(StrCat(name, "=", EscapeForDisplay(value.content)));
  });
  std::reverse(attributes.begin(), attributes.end());  // RFC 2253: last first
  return Join(attributes, ",");
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

std::string NameText(std::string_view encoded) {
  const unsigned char* in = AsUnsigned(encoded.data());
  const NamePtr name(d2i_X509_NAME(nullptr, &in, static_cast<long>(encoded.size())));
  const BioPtr out(BIO_new(BIO_s_mem()));
  // XN_FLAG_RFC2253 escapes control and non-ASCII characters, so one name stays one line.
  if (!name || !out || X509_NAME_print_ex(out.get(), name.get(), 0, XN_FLAG_RFC2253) < 0) {
    return PlainNameText(encoded);
  }
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return size > 0 ? std::string(bytes, static_cast<size_t>(size)) : std::string();
}

std::string CommonNameOf(std::string_view encoded) {
  std::string out;
  bool found = false;
  ForEachAttribute(encoded, [&](const der::Element& type, const der::Element& value) {
    if (found || type.content != kCommonNameOid) return;
    out = value.content;
    found = true;
  });
  return out;
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

std::string OidText(std::string_view encoded) {
  return OidText(ObjectOf(encoded).get());
}

}  // namespace hark

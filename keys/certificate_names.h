#pragma once

// Names inside a certificate, read leniently: one that is broken does not hide its neighbours.
// Used inside keys/ only.

#include <openssl/x509.h>

#include <string>
#include <string_view>
#include <vector>

namespace hark {

// SubjectAltName entries in order, by kind (RFC 5280 §4.2.1.6), bytes as given.
struct AltNames {
  std::vector<std::string> dns;
  std::vector<std::string> emails;
  std::vector<std::string> uris;
  std::vector<std::string> ips;  // as text; hex where the size is neither 4 nor 16
  size_t count = 0;              // all kinds, also those not kept
};

// The content of the extension; what cannot be read ends the list.
AltNames ReadAltNames(std::string_view extension);

// A Name as encoded: RFC 2253 on one line, everything that is not printable ASCII escaped: NULs,
// control characters and bytes that are no UTF-8 too.
std::string NameText(std::string_view encoded);

// The value of the first CN in it, bytes as given, or "".
std::string CommonNameOf(std::string_view encoded);

// The bytes of an ASN.1 string, "" for nullptr.
std::string BytesOf(const ASN1_STRING* text);

// Dotted form, "" if there is none.
std::string OidText(const ASN1_OBJECT* oid);
// The same of an encoded one.
std::string OidText(std::string_view encoded);

}  // namespace hark

#include "keys/certificate_parts.h"

#include "keys/der.h"

namespace hark {
namespace {

std::string_view EncodedOf(const std::optional<der::Element>& element) {
  return element ? element->encoded : std::string_view();
}

void CutTail(std::string_view in, CertificateParts& parts) {
  constexpr uint8_t kExtensions = 0xa3;
  while (const auto element = der::Next(in)) {  // two unique ids may come before
    if (element->tag == kExtensions) parts.extensions = element->content;
  }
}

}  // namespace

// By hand because d2i_X509 gives up on the whole for one field it dislikes, because i2d_X509_PUBKEY
// encodes a key anew, and because ingest needs the key of every leaf: the walk costs less than a
// microsecond, d2i_X509 thirty or more.
std::optional<CertificateParts> CutCertificate(std::string_view der) {
  const auto certificate = der::Next(der, der::kSequence);
  std::string_view outer = certificate ? certificate->content : std::string_view();
  const auto to_be_signed = der::Next(outer, der::kSequence);
  std::string_view in = to_be_signed ? to_be_signed->content : std::string_view();
  CertificateParts parts;
  if (const auto version = der::Next(in, der::kContext0)) {
    std::string_view number = version->content;
    if (const auto value = der::Next(number, der::kInteger)) parts.version = value->content;
  }
  parts.serial = EncodedOf(der::Next(in, der::kInteger));
  const auto signature = der::Next(in, der::kSequence);
  parts.issuer = EncodedOf(der::Next(in, der::kSequence));
  parts.validity = EncodedOf(der::Next(in, der::kSequence));
  parts.subject = EncodedOf(der::Next(in, der::kSequence));
  const auto spki = der::Next(in, der::kSequence);
  if (!signature || !spki || parts.serial.empty() || parts.subject.empty()) return std::nullopt;
  parts.spki = spki->encoded;
  std::string_view key = spki->content;
  if (!der::Next(key, der::kSequence) || !der::Next(key, der::kBitString)) return std::nullopt;
  CutTail(in, parts);
  parts.to_be_signed = to_be_signed->encoded;
  parts.signed_as = signature->encoded;
  parts.signature_algorithm = EncodedOf(der::Next(outer, der::kSequence));
  if (const auto bits = der::Next(outer, der::kBitString)) parts.signature = bits->content;
  return parts;
}

}  // namespace hark

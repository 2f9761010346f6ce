#include "exchange/zeek_certificates.h"

#include "base/strings.h"
#include "exchange/base64.h"
#include "keys/certificate.h"
#include "keys/key_id.h"

namespace hark {
namespace {

// A name, twice, and what the containers take beside it.
constexpr size_t kOverhead = 200;

size_t BytesOf(const std::string& name, const ZeekCertificate& certificate) {
  return kOverhead + 2 * name.size() + certificate.sha256.size() + certificate.der.size();
}

}  // namespace

std::optional<std::string> ZeekCertificates::Sha256Of(std::string_view hex) {
  if (hex.size() != 2 * KeyId::kSize) return std::nullopt;
  return HexDecode(hex);
}

void ZeekCertificates::Add(const ZeekEntry& entry) {
  ZeekCertificate certificate;
  const std::string_view base64 = entry.Text("cert");
  if (base64.size() / 4 * 3 <= kMaxCertificate) {
    certificate.der = DecodeBase64(base64).value_or("");
  }
  const std::string told = Sha256Of(entry.Text("fingerprint")).value_or("");
  if (!certificate.der.empty()) {
    certificate.sha256 = Sha256(certificate.der);
    // A body that is not what it is called is no body of it.
    if (!told.empty() && told != certificate.sha256) certificate = {};
  }
  if (certificate.sha256.empty()) certificate.sha256 = told;
  if (certificate.sha256.empty()) return;
  const std::string_view id = entry.Text("id");
  if (!id.empty()) Put(std::string(id), certificate);
  if (!certificate.der.empty()) Put(HexEncode(certificate.sha256), certificate);
}

void ZeekCertificates::Put(std::string name, ZeekCertificate certificate) {
  const size_t bytes = BytesOf(name, certificate);
  if (bytes > most_bytes_ || by_name_.contains(name)) return;
  while (bytes_ + bytes > most_bytes_) {
    const auto oldest = by_name_.find(order_.front());
    bytes_ -= BytesOf(oldest->first, oldest->second);
    by_name_.erase(oldest);
    order_.pop_front();
  }
  bytes_ += bytes;
  order_.push_back(name);
  by_name_.emplace(std::move(name), std::move(certificate));
}

const ZeekCertificate* ZeekCertificates::Find(std::string_view name) const {
  const auto found = by_name_.find(AsciiLower(name));
  if (found != by_name_.end()) return &found->second;
  const auto as_told = by_name_.find(std::string(name));
  return as_told != by_name_.end() ? &as_told->second : nullptr;
}

}  // namespace hark

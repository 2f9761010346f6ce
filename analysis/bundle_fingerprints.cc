#include "analysis/bundle_fingerprints.h"

#include <algorithm>

#include "analysis/json_text.h"
#include "base/strings.h"
#include "keys/certificate.h"
#include "keys/digests.h"
#include "keys/key_id.h"

namespace hark {
namespace {

constexpr size_t kHexDigits = 12;
constexpr size_t kBase64Characters = 10;
constexpr uint64_t kHexMask = (uint64_t{1} << (4 * kHexDigits)) - 1;
constexpr uint64_t kBase64Mask = (uint64_t{1} << (6 * kBase64Characters)) - 1;

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int Base64Value(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  return c == '/' || c == '_' ? 63 : -1;
}

}  // namespace

void BundleFingerprints::AddHash(std::string_view bytes) {
  AddHex(HexEncode(bytes));
  AddBase64(Base64(bytes));
}

void BundleFingerprints::AddBlob(std::string_view blob) {
  for (const std::string& hash : {Sha256(blob), Sha1(blob), Md5(blob)}) AddHash(hash);
  // Blobs of a type begin alike; what is last in them is the key.
  constexpr size_t kTail = 9;
  if (blob.size() < 2 * kTail) return;
  AddHex(HexEncode(blob.substr(blob.size() - kTail)));
  const std::string base64 = Base64(blob);
  AddBase64(std::string_view(base64).substr(base64.size() - 4 - kBase64Characters));
}

void BundleFingerprints::AddCertificate(std::string_view sha256, std::string_view der) {
  AddHash(sha256);
  if (der.empty()) return;
  for (const std::string& hash : {Sha1(der), Md5(der)}) AddHash(hash);
  const std::optional<CertificateFacts> facts = ReadCertificate(der);
  if (!facts) return;
  const size_t first = facts->serial_hex.find_first_not_of("-0");
  if (first != std::string::npos) AddHex(std::string_view(facts->serial_hex).substr(first));
}

void BundleFingerprints::AddHex(std::string_view digits) {
  if (digits.size() < kHexDigits) return;
  uint64_t window = 0;
  for (const char c : digits.substr(0, kHexDigits)) {
    window = window << 4 | static_cast<uint64_t>(HexValue(c) & 15);
  }
  hex_.insert(window);
}

void BundleFingerprints::AddBase64(std::string_view characters) {
  if (characters.size() < kBase64Characters) return;
  uint64_t window = 0;
  for (const char c : characters.substr(0, kBase64Characters)) {
    window = window << 6 | static_cast<uint64_t>(Base64Value(c) & 63);
  }
  base64_.insert(window);
}

size_t BundleFingerprints::Find(std::string_view text) const {
  return std::min(FindHex(text), FindBase64(text));
}

size_t BundleFingerprints::FindHex(std::string_view text) const {
  uint64_t window = 0;
  size_t digits = 0;  // in the window and before
  size_t pair = 0;    // since the last separator
  for (size_t at = 0; at < text.size(); ++at) {
    const int value = HexValue(text[at]);
    const bool separator = text[at] == ':' || text[at] == '-' || text[at] == ' ';
    if (value >= 0) {
      window = (window << 4 | static_cast<uint64_t>(value)) & kHexMask;
      ++pair;
      if (++digits >= kHexDigits && hex_.contains(window)) return at;
    } else if (separator && pair >= 2 && pair % 2 == 0) {
      pair = 0;  // the row goes on behind it
    } else {
      digits = pair = 0;
    }
  }
  return text.npos;
}

size_t BundleFingerprints::FindBase64(std::string_view text) const {
  uint64_t window = 0;
  size_t characters = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    const int value = Base64Value(text[at]);
    if (value < 0) {
      characters = 0;
      continue;
    }
    window = (window << 6 | static_cast<uint64_t>(value)) & kBase64Mask;
    if (++characters >= kBase64Characters && base64_.contains(window)) return at;
  }
  return text.npos;
}

}  // namespace hark

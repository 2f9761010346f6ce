#pragma once

// Finds fingerprints in a text by their beginnings, however they are written: hex in either case,
// alone or in a longer row of digits, in pairs with ':', '-' or blanks between; base64, also the
// URL's. 12 hex or 10 base64 characters are enough to look a key up elsewhere, and chance has them
// once in 2^48: a bundle that fails for that has other pseudonyms the next time.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

namespace hark {

class BundleFingerprints {
 public:
  // The bytes of a hash.
  void AddHash(std::string_view bytes);
  // An SSH public key blob: its fingerprints (SHA-256, SHA-1, MD5), and itself.
  void AddBlob(std::string_view blob);
  // A DER certificate: its fingerprints. sha256: of it, which the caller has.
  void AddCertificate(std::string_view sha256, std::string_view der);
  // A serial number and the like; shorter ones than the 12 digits are everybody's.
  void AddHex(std::string_view digits);

  // Where one ends, or npos.
  size_t Find(std::string_view text) const;

 private:
  void AddBase64(std::string_view characters);
  size_t FindHex(std::string_view text) const;
  size_t FindBase64(std::string_view text) const;

  std::unordered_set<uint64_t> hex_;
  std::unordered_set<uint64_t> base64_;
};

}  // namespace hark

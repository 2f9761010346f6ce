#pragma once

// What x509.log knows of the certificates that ssl.log only names: by file id in older Zeeks, by
// SHA-256 fingerprint since 5.0. Memory is bounded; what came last stays.
//
// Threads: belongs to one.

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "exchange/zeek_log.h"

namespace hark {

// "" = not known.
struct ZeekCertificate {
  std::string sha256;  // 32 bytes
  std::string der;     // where the log has bodies (policy/protocols/ssl/log-certs-base64)
};

class ZeekCertificates {
 public:
  // Names and hashes of a million certificates; bodies as far as there is room beside.
  static constexpr size_t kMostBytes = size_t{256} << 20;

  explicit ZeekCertificates(size_t most_bytes = kMostBytes) : most_bytes_(most_bytes) {}

  // Of an entry of x509.log. One that tells neither a hash nor a body is nothing.
  void Add(const ZeekEntry& entry);
  const ZeekCertificate* Find(std::string_view name) const;  // nullptr: not known (any more)

  // A fingerprint's 32 bytes; nullopt if it is none.
  static std::optional<std::string> Sha256Of(std::string_view hex);

 private:
  void Put(std::string name, ZeekCertificate certificate);

  const size_t most_bytes_;
  size_t bytes_ = 0;
  std::deque<std::string> order_;
  std::unordered_map<std::string, ZeekCertificate> by_name_;
};

}  // namespace hark

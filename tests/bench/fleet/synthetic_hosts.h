#pragma once

// What a visit to a host with SSH and HTTPS gives, without the visit: an sshd of Debian 12 with its
// three host keys and a web server with an ECDSA certificate and one intermediate, every one with
// its own key bytes. Encoding and size are those of real grabs; three hosts in ten share their keys
// with others.

#include <cstdint>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/status.h"
#include "proto/observation.pb.h"

namespace hark::bench {

inline constexpr uint32_t kSshPort = 22;
inline constexpr uint32_t kTlsPort = 443;
inline constexpr uint32_t kPortsPerHost = 2;

class SyntheticHosts {
 public:
  static Result<SyntheticHosts> Make();

  // Of one address always the same but for the time.
  proto::HostObservation Visit(const Address& address, uint64_t index, int64_t unix_ms) const;

 private:
  SyntheticHosts() = default;
  void FillSsh();
  Status FillTls();

  proto::HostObservation sample_;
  std::vector<std::string> ecdsa_blobs_;  // points must lie on the curve, so they are made before
  std::vector<std::string> intermediates_;
  size_t key_at_ = 0;  // of the leaf's public point
};

}  // namespace hark::bench

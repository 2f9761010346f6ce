#pragma once

// How well TLS is looked after: six flags a host, their number its score. The index of 2026
// (RC4 and TLS hygiene), corrected: every TLS port counts, 443 included; TLS 1.3 has forward
// secrecy, and of a suite without a name nothing is said; dates are compared with the time of the
// grab.

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace hark {

// One for each that is true on any TLS port of the host.
enum class HygieneFlag : uint8_t {
  kRc4,               // an RC4 suite was chosen
  kLegacyTls,         // TLS 1.1 or older was
  kNoForwardSecrecy,  // a suite with neither DHE nor ECDHE, below TLS 1.3
  kSelfSigned,        // the certificate shown
  kExpired,           // likewise; not yet valid does not count
  kUntrusted,         // no chain to a trusted root, or out of its time
};
inline constexpr size_t kHygieneFlags = 6;
const char* HygieneFlagName(HygieneFlag flag);   // stable: "rc4", "legacy_tls" …
const char* HygieneFlagTitle(HygieneFlag flag);  // for people

// Scores of a group of hosts.
struct ScoreCount {
  std::array<uint64_t, kHygieneFlags + 1> hosts_of_score{};
  uint64_t hosts = 0;
  uint64_t score_sum = 0;
  uint64_t other_sum = 0;  // of the flags but RC4

  double mean() const { return Mean(score_sum); }
  double mean_other() const { return Mean(other_sum); }
  bool operator==(const ScoreCount&) const = default;

 private:
  double Mean(uint64_t sum) const {
    return hosts == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(hosts);
  }
};

struct AsHygiene {
  uint32_t asn = 0;
  uint64_t hosts = 0;  // with TLS
  uint64_t score_sum = 0;
  uint32_t max = 0;

  double mean() const { return static_cast<double>(score_sum) / static_cast<double>(hosts); }
  bool operator==(const AsHygiene&) const = default;
};

struct HygieneCounts {
  // An AS with fewer hosts says nothing.
  static constexpr uint64_t kMinAsHosts = 5;

  uint64_t hosts = 0;  // that take part, with TLS or without
  std::array<uint64_t, kHygieneFlags> flags{};
  ScoreCount all;  // hosts with a TLS handshake on some port
  ScoreCount rc4;
  ScoreCount not_rc4;
  std::vector<AsHygiene> ases;  // with kMinAsHosts hosts or more: highest mean first, then number
};

class HygieneTally {
 public:
  // flags: bit n = HygieneFlag n. asn: 0 = unknown, in no AS.
  void AddHost(uint32_t flags, uint32_t asn);
  HygieneCounts Finish(uint64_t hosts) const;

 private:
  HygieneCounts counts_;
  std::map<uint32_t, AsHygiene> ases_;
};

}  // namespace hark

#pragma once

// Key types and lengths: how many keys of which kind, and on how many host/ports, for TLS and for
// SSH. Sizes nobody makes on purpose share a row, so that no table grows with what peers invent.
//
// A key is counted once a protocol, however many hosts show it; a server with keys of three types
// has its host/port in three rows. Kinds the paper's authors declared but never used ("RSA exactly
// 2048", "other RSA") are sums of these rows.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "analysis/shared_keys.h"
#include "keys/key_kind.h"

namespace hark {

// The rows: kKeyKindNames[KeyKindRow(kind)] is for people.
inline constexpr std::array<const char*, 27> kKeyKindNames = {"RSA under 512",
                                                              "RSA 512",
                                                              "RSA 513 to 767",
                                                              "RSA 768",
                                                              "RSA 769 to 1023",
                                                              "RSA 1024",
                                                              "RSA 1025 to 2047",
                                                              "RSA 2048",
                                                              "RSA 2049 to 3071",
                                                              "RSA 3072",
                                                              "RSA 3073 to 4095",
                                                              "RSA 4096",
                                                              "RSA 4097 to 8191",
                                                              "RSA 8192",
                                                              "RSA over 8192",
                                                              "DSA under 1024",
                                                              "DSA 1024",
                                                              "DSA over 1024",
                                                              "ECDSA P-256",
                                                              "ECDSA P-384",
                                                              "ECDSA P-521",
                                                              "ECDSA secp256k1",
                                                              "ECDSA other curve",
                                                              "Ed25519",
                                                              "Ed448",
                                                              "FIDO security key",
                                                              "other or unreadable"};
inline constexpr size_t kKeyKindRows = kKeyKindNames.size();
size_t KeyKindRow(KeyKind kind);

struct KindCount {
  uint64_t keys = 0;  // distinct
  uint64_t host_ports = 0;

  bool operator==(const KindCount&) const = default;
};

struct KeyKindCounts {
  std::array<KindCount, kKeyKindRows> tls{};
  std::array<KindCount, kKeyKindRows> ssh{};

  bool operator==(const KeyKindCounts&) const = default;
};

// Fed host by host. 2 bits a shared key.
class KeyKindTally {
 public:
  enum class Side { kTls, kSsh };

  explicit KeyKindTally(const SharedKeys& shared)
      : shared_(shared),
        seen_{std::vector<bool>(shared.size()), std::vector<bool>(shared.size())} {}

  // What comes next of this side is of another host.
  void NextHost(Side side) { local_[static_cast<size_t>(side)].clear(); }
  // A key on a host/port. identity: the beginning of its key id or, for a key that no other host
  // has, any number that tells it from the host's others. Gives whether another host has it, too.
  bool Add(Side side, uint64_t identity, KeyKind kind);
  const KeyKindCounts& counts() const { return counts_; }

 private:
  bool IsNew(size_t side, uint64_t identity, uint32_t number);

  const SharedKeys& shared_;
  std::array<std::vector<bool>, 2> seen_;       // by number of the shared key
  std::array<std::vector<uint64_t>, 2> local_;  // of this host
  KeyKindCounts counts_;
};

}  // namespace hark

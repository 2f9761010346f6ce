#pragma once

// Trusted and wildcard certificates with re-used keys, by port: the paper's Table XIII, whose two
// columns count keys and whose third counts hosts. Here each is counted in all three units.
//
// The population is the members of clusters. A key is re-used on a port when two hosts or more show
// it on that very port (the paper's rule); host/ports and hosts are those that show such a key with
// a certificate that is trusted, or has a wildcard name. Names are the certificate's own: common
// name and DNS names (the paper's script took a firewall's "220 ****" for a wildcard, too).

#include <cstdint>
#include <map>
#include <vector>

#include "analysis/prefix_map.h"

namespace hark {

struct ReusedKeys {
  uint64_t keys = 0;
  uint64_t host_ports = 0;
  uint64_t hosts = 0;

  bool operator==(const ReusedKeys&) const = default;
};

struct PortTrust {
  ReusedKeys trusted;
  ReusedKeys wildcard;
  uint64_t listeners = 0;    // members of clusters with a key on the port; total: host/ports
  uint64_t mixed_trust = 0;  // re-used keys whose certificates are trusted here and not there
  uint64_t mixed_names = 0;  // re-used keys whose certificates name different sets

  bool operator==(const PortTrust&) const = default;
};

struct PortTrusts {
  std::map<uint16_t, PortTrust> ports;
  PortTrust total;  // distinct over all ports
};

// A certificate that a member of a cluster showed on a port.
struct TrustShow {
  uint32_t host = 0;
  uint16_t port = 0;
  uint32_t shared_key = 0;  // its number
  uint32_t names_hash = 0;
  bool trusted = false;
  bool wildcard = false;
};

// 12 bytes a show of a shared key and 32 a (shared key, port).
class PortTrustTally {
 public:
  void AddListener(uint16_t port);
  // Hosts one after another.
  void Add(const TrustShow& show);
  PortTrusts Finish() const;

 private:
  static constexpr uint32_t kNoHost = UINT32_MAX;

  // A shared key on a port.
  struct KeyOnPort {
    uint32_t key = 0;
    uint16_t port = 0;
    bool trusted = false;
    bool untrusted = false;
    bool wildcard = false;
    bool names_differ = false;
    uint32_t hosts = 0;
    uint32_t last_host = kNoHost;
    uint32_t names_hash = 0;
  };
  struct Seen {
    uint32_t host;
    uint32_t key_on_port;
    bool trusted;
    bool wildcard;
  };

  void CountKeys(PortTrusts& out) const;
  void CountShows(PortTrusts& out, bool Seen::*property, ReusedKeys PortTrust::*count) const;

  PrefixMap index_;  // by key and port
  std::vector<KeyOnPort> keys_;
  std::vector<Seen> seen_;
  std::map<uint16_t, uint64_t> listeners_;
};

}  // namespace hark

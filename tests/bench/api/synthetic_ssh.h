#pragma once

// SSH servers that never were, for benches of the history: each with an RSA-2048, a P-256 and an
// Ed25519 key of its own. The same seed gives the same servers. Nobody knows their private keys:
// moduli are random odd numbers, P-256 points are sums of one random point with itself.

#include <cstdint>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/random.h"
#include "keys/openssl_ptr.h"
#include "storage/sighting.h"

namespace hark::bench {

struct SshPopulation {
  uint64_t hosts = 0;
  uint64_t banners = 0;  // distinct; most hosts share the first hundred
  uint64_t hasshs = 30;
};

// Gives the hosts one after another.
class SyntheticSsh {
 public:
  SyntheticSsh(const SshPopulation& population, uint64_t seed);

  struct Host {
    Address address;
    std::string rsa, ecdsa, ed25519;  // SSH blobs
    std::string banner;
    uint64_t hassh = 0;
  };
  Host Next();

  // What a visit to it shows.
  std::vector<SightedFact> FactsOf(const Host& host) const;
  // The same as the scanner of Passive SSH prints it, without a line end.
  std::string RecordOf(const Host& host, int64_t unix_s) const;

 private:
  std::string Bytes(size_t n);
  std::string NextPoint();
  std::string BannerOf(uint64_t host);

  SshPopulation population_;
  Random random_;
  uint64_t host_ = 0;
  EcGroupPtr curve_;
  EcPointPtr step_, point_;
  std::vector<proto::AlgorithmsRow> rows_;
  std::vector<SightedFact> algorithms_;  // of the rows
};

}  // namespace hark::bench

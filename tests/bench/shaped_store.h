#pragma once

// Stores for the bench of the analysis, without a survey: hosts, ports, keys, certificates and
// ledger of a run as the coordinator would have written them, clusters and ports of a given shape.

#include <cstdint>
#include <map>
#include <string>

#include "base/status.h"

namespace hark::bench {

struct StoreShape {
  std::string run;
  uint64_t crypto_hosts = 0;
  uint64_t other_hosts = 0;                    // listeners without a key
  std::map<uint16_t, uint64_t> hosts_on_port;  // that have a key there
  std::map<uint64_t, uint64_t> clusters_of_size;
};

// "ie", "sg": IE-20180316 and SG-20180430 of the paper. "million", "big": one and ten million hosts
// with two ports each on average, clustered as Singapore's were.
Result<StoreShape> ShapeNamed(const std::string& name);

// A new store with one finished run. The members of a cluster share their TLS key and certificate
// and their SSH host keys; everybody else has their own.
Status FillStore(const std::string& directory, const StoreShape& shape);

}  // namespace hark::bench

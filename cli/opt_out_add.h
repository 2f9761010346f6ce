#pragma once

// Adding opt-outs to a store, whether a coordinator runs on it or not.

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "cli/control_client.h"
#include "cli/opt_out_file.h"
#include "coordinator/geo.h"

namespace hark {

struct OptOutWish {
  std::vector<OptOutLine> lines;
  std::string reason;  // of those without one of their own
  bool purge = false;  // what is stored about them goes, too
};

struct AddedOptOuts {
  uint64_t version = 0;         // in which all of them are
  uint64_t orders_version = 0;  // that tells the workers; 0 = no coordinator runs
  uint64_t purged_hosts = 0;
};

// client: nullptr when no coordinator runs; the store is made when it is missing. geo: for the ASes
// among them, which a coordinator can also look up in its own. Durable when it returns.
Result<AddedOptOuts> AddToStore(ControlClient* client, const std::string& db,
                                const OptOutWish& wish, const GeoTable& geo);

// --opt_out_file=FILE, "" = none: its entries are in the store when it returns.
Status TakeOptOutFile(const std::string& db, const std::string& file, const GeoTable& geo);

}  // namespace hark

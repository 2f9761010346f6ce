#pragma once

// What becomes durable together, and how it turns into rows. Runs on the committer's thread: key
// identities and certificate hashes are computed here, not where messages are routed.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/target_states.h"
#include "coordinator/geo.h"
#include "coordinator/host_batch.h"
#include "coordinator/recent_certificates.h"
#include "proto/store.pb.h"
#include "storage/store.h"

namespace hark {

// One accepted batch, or a change of leases. Applied whole or not at all.
struct CommitItem {
  uint32_t run = 0;
  std::vector<proto::JobRow> jobs;
  std::vector<std::pair<uint64_t, Address>> listeners;  // position, address
  std::vector<StoredRevisit> revisits;
  uint64_t swept_from = 0;  // the index that `swept` begins at
  TargetStates swept;
  HostBatch hosts;
  uint32_t round = 0;  // of the hosts: 0 = the first visit, later ones add to what is stored
  uint32_t job = 0;    // the job the hosts came with
  std::string worker;  // its CURVE key
  int64_t clock_offset_ms = 0;  // of its clock; the hosts' times are corrected by it already
  std::map<Address, std::vector<std::string>> names;  // of hosts that were targets by name
  std::optional<proto::RunRow> run_row;
  bool purge = false;  // and nothing else: what is due of PurgeDue (coordinator/purge.h)
  bool must_sync = false;
  uint64_t ticket = 0;  // handed back when it is written; 0 = nobody waits
};

// Ids of the keys a port showed, 32 bytes each. A key whose signature is wrong is kept in the
// observation but is nobody's key.
std::set<std::string> KeysOf(const proto::PortObservation& observation);

// geo: may be empty; then every country is unknown. country: the run's, "" for a list. store: what
// further visits add to; a host is never visited again before its last visit is in there. written:
// certificates that went into this write or an earlier one; they are not put again. Fails when the
// store cannot be read.
Status Ingest(CommitItem& item, const GeoTable& geo, const std::string& country, const Store& store,
              RecentCertificates& written, StoreWrite& write);

}  // namespace hark

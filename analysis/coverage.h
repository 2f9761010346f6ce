#pragma once

// The coverage ledger: every target of the plan ends in exactly one state, and the states sum to
// the plan. It is the sum of the tallies of the jobs that walk the plan (SWEEP, or GRAB_TARGETS in
// a run without a gate). Grabbing what the gate found is a second ledger of its own, over the
// listeners. Visiting throttled hosts again is a third, over those visits; a host that answered
// then moves from throttled to answered in the ledger it stands in. IPv6 targets are not swept but
// visited, also in a run with a gate: they stand in the plan's ledger.
//
// What is told of parts of a run comes, for ports and ASes, from what is stored of each visited
// host; for /16s also from what the sweeps saw of each index (analysis/swept_places.h), so that
// silence and refusal at the gate have their place, too (docs/formats/report.md).

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "storage/run_reader.h"

namespace hark {

struct Ledger {
  uint64_t planned = 0;  // what the states below must sum to
  uint64_t silent = 0;
  uint64_t refused = 0;
  uint64_t unreachable = 0;  // an ICMP error came back
  uint64_t answered = 0;
  uint64_t throttled = 0;      // answered, and asked us to come less often
  uint64_t failed = 0;         // on our side, quarantined targets included: no verdict
  uint64_t excluded_late = 0;  // excluded after planning: never contacted
  uint64_t purged = 0;         // contacted; taken out again since its owner asked for that
  uint64_t pending = 0;        // not done yet; 0 once the run is done and nothing is missing

  // Targets a verdict is known of.
  uint64_t probed() const { return silent + refused + unreachable + answered + throttled; }
  uint64_t settled() const { return probed() + failed + excluded_late + purged; }
};

// One port over the hosts that were visited. planned = the sum of the others.
struct PortLedger {
  uint64_t planned = 0;
  uint64_t silent = 0;
  uint64_t refused = 0;
  uint64_t unreachable = 0;
  uint64_t answered = 0;  // accepted the connection
  uint64_t throttled = 0;
  uint64_t failed = 0;   // on our side
  uint64_t pending = 0;  // hosts not visited, or left out or taken out since
  uint64_t grabbed = 0;  // of those that answered: showed a key
};

// A /16 (IPv4), or an AS, of which only visited hosts are known.
struct PartLedger {
  // Of a /16: planned is the sum of the states up to pending. With a gate they are the gate's, and
  // answered are the listeners; without, those of the visits.
  uint64_t excluded = 0;  // of the sources, no part of planned
  uint64_t planned = 0;
  uint64_t silent = 0;
  uint64_t refused = 0;
  uint64_t unreachable = 0;
  uint64_t answered = 0;
  uint64_t failed = 0;         // on our side
  uint64_t excluded_late = 0;  // after planning
  uint64_t purged = 0;
  uint64_t pending = 0;  // not done, or nothing told of
  uint64_t visited = 0;
  uint64_t throttled = 0;    // visited, and said no more than that we come too often
  uint64_t grabbed = 0;      // visited, and showed a key on some port
  uint64_t answers_all = 0;  // visited, and answers on every port, canaries included
};

struct Coverage {
  uint64_t excluded = 0;  // addresses of the sources that never were part of the plan
  uint64_t excluded_special = 0, excluded_listed = 0, excluded_opted_out = 0;  // of them
  Ledger plan;
  Ledger grabs;     // planned = listeners found; all 0 in a run without a gate
  Ledger revisits;  // planned = further visits to throttled hosts, so far
  // The loss estimate: of targets silent at first so many were asked once more, and so many of
  // those answered then (they stand among the answered).
  uint64_t rechecked = 0;
  uint64_t found_again = 0;
  // Listeners that are still among the silent, by that sample; 0 without one.
  double lost() const {
    if (rechecked == 0) return 0;
    return static_cast<double>(found_again) / static_cast<double>(rechecked) *
           static_cast<double>(plan.silent);
  }
  bool sums_to_plan = false;        // nothing is counted twice, and nothing missing from a DONE run
  std::vector<std::string> errors;  // one sentence for everything that does not add up
};

Result<Coverage> ReadCoverage(const RunReader& reader);

struct CoverageParts {
  uint16_t gate_port = 0;
  PortLedger gate;  // all IPv4 targets at the gate; pending: left out or taken out since, too
  std::map<uint16_t, PortLedger> ports;
  std::map<uint32_t, PartLedger> blocks16;  // by the upper half of the address
  std::map<uint32_t, PartLedger> ases;      // of visited hosts; 0 = not known
  // Targets at the gate that count as pending in their /16 only because nothing tells which ones
  // they were: a worker of before counted them.
  uint64_t unplaced = 0;
  uint64_t answers_all = 0;  // visited hosts of both families
  std::vector<std::string> errors;
};
// coverage: of the same reader.
Result<CoverageParts> ReadCoverageParts(const RunReader& reader, const Coverage& coverage);

}  // namespace hark

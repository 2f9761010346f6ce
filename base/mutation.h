#pragma once

// The rules of the fleet's protocol that a simulation must miss when they are gone. Production code
// asks Broken(rule) where it keeps one; the answer is a constant false, and nothing of it is left
// in the programs. In the simulation's own build of these sources (HARK_MUTATIONS, tests/sim) one
// rule at a time can be switched off, and a test fails if the simulator does not notice
// (docs/simulation.md has the table).
//
// Threads: each has its own switch.

#include <cstdint>

namespace hark {

enum class Rule : uint8_t {
  kNone,
  // The coordinator's.
  kAckOnlyDurable,         // a doubled batch is acknowledged with what is durable
  kAckAfterSync,           // a new one when it is
  kPresentToken,           // a batch counts under its job's present token
  kReleasedIsOver,         // and not once the lease is given back
  kNoGaps,                 // and only as the next one
  kCursorWithBatch,        // its cursor is in the same write
  kDoneAtTheEnd,           // a job is done at its end, not at a final batch
  kNewToken,               // every lease has a token of its own
  kEpochInToken,           // also after a restart that forgot leases
  kLeasesOutliveRestart,   // a restart takes no lease away
  kLeaseBeforeJob,         // a JOB goes out only after its lease row is written
  kKeepRenews,             // KEEP is a promise for another lease time
  kExpiry,                 // a lease ends when nobody renews it
  kTrimAfterAck,           // a tail is given away when its holder has agreed
  kTrimShortens,           // and the job ends there
  kSplitKeepsBoth,         // both halves of a split job are jobs
  kEmptyHandedIsReleased,  // who died with nothing to show does not get the job back
  kCreditReturned,         // every answer returns the batch's credit
  kShareWaits,             // a share grows only when the others have shrunk theirs
  kGhostsCount,            // who vanished keeps its share until its leases are over
  kDurableListenersOnly,   // a GRAB job is cut of durable listeners
  kRecoveredOnce,          // the ledger moves a host once
  kRevisitAfterBackoff,    // a throttled host has its rest
  kRevisitOneRound,        // and each retry comes once
  kAuditWithBatch,         // what is to be audited is in the same write as the batch
  kAuditByAnother,         // who said it does not audit it
  kAuditRests,             // nobody is visited again at once
  kAuditKeepsNothing,      // what an auditor saw is compared, not stored
  kAuditGivesUp,           // a run ends, audited or not
  kReserveAfterRestart,    // what holders of leases may apply is lent to nobody after a restart
  kGhostShare,             // nor is anything theirs who only say that they apply it
  kRunCeiling,             // a run has a ceiling of its own
  kLimitsKept,             // only whom a run's limits let in gets its jobs
  kLeftOutGivesBack,       // and whom they leave out gives back what it holds
  kStandingStillLeasesNothing,  // no job of a run that is paused or out of its windows
  kCancelReleases,              // a cancelled run has no leases
  kCancelledForEver,            // whatever is said of it later
  kPressureGivesNothing,        // no job while the disk is full
  kOptOutLateRecord,            // what comes of one that has opted out is not kept
  kOldLeasesLackOptOuts,  // a worker without orders has the opt-outs of when its jobs were made
  // The worker's.
  kQuietAfterLease,   // no probe past 80 % of a lease
  kQuietOverQuota,    // nor while the spool is full
  kAbandonForgets,    // ABANDON and STALE end a lease and its spool
  kCannotSupply,      // what the disk lost is given back, not renumbered
  kCreditSpent,       // no batch without credit
  kGoBack,            // what was lost on the way is sent again
  kAckAfterApply,     // orders are acknowledged when they are in force
  kOptOutAtContact,   // an opt-out that is acknowledged is in force
  kOptOutsBeforeJob,  // a job waits for the opt-outs it was made with
  kPausedHolds,       // a paused run makes no contact
  kCancelDrops,       // nor does a cancelled one
  kCount
};

#ifdef HARK_MUTATIONS
// Other names than in programs: both builds of a source may be in one test.
inline namespace mutations {
inline Rule& BrokenRule() {
  static thread_local Rule rule = Rule::kNone;
  return rule;
}
inline bool Broken(Rule rule) {
  return BrokenRule() == rule;
}
}  // namespace mutations
#else
constexpr bool Broken(Rule /*rule*/) {
  return false;
}
#endif

}  // namespace hark

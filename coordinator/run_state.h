#pragma once

// The jobs of one run and who holds them: the lease table. Pure; time is an argument, and what must
// be written down is collected for the committer.
//
//   PENDING  --Lease-->          LEASED  (new token, next_seq 0)
//   LEASED   --Accept-->         LEASED  (cursor and next_seq move on)
//   LEASED   --Accept final-->   DONE
//   LEASED   --Release/expiry--> PENDING at the cursor
//   PENDING  --too often-->      SPLIT into two PENDING halves; a single index: QUARANTINED
//
// A worker that dies may have died of a target. If the lost job stood still and was all it held,
// the job's no_progress grows; if it held others too, all that stood still become suspects, which
// from then on are leased to a worker that holds nothing else. So only the guilty job is ever
// halved.
//
// Hosts that were throttled come back in GRAB_REVISITS jobs, cut from the revisit lists
// (revisit_lists.h) when they are due. A job of these that is given back rests for its back-off
// again: whoever held it may have visited.
//
// A secret sample of what is accepted comes back in jobs of the AUDIT kinds, for other workers than
// the one it came from (run_state_audit.cc). They are worked off when there is nothing else to do,
// are never halved, and are left out sooner than they keep a run open.
//
// Memory runs ahead of the disk: `row` is what has been accepted, `durable_next_seq` what may be
// acknowledged. Everything else a restart needs is in the rows.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/permutation.h"
#include "base/range_set.h"
#include "base/time.h"
#include "coordinator/audit.h"
#include "coordinator/plan.h"
#include "coordinator/revisit_lists.h"
#include "proto/store.pb.h"
#include "proto/wire.pb.h"

namespace hark {

struct CheckedBatch;

struct LiveJob {
  proto::JobRow row;
  uint64_t durable_next_seq = 0;
  uint64_t leased_at_cursor = 0;  // where the present lease began
  MonoTime deadline = kNever;     // of the lease
  MonoTime leased_at{};
  MonoTime progress_at{};  // of the lease's last accepted batch, later by every time it had to wait
  uint64_t exclusions_version = 0;  // of the opt-outs when its JOB was sent
  std::set<std::string> barred;     // workers it stood still with: not given to them again
  // GRAB_REVISITS, given back, and audits: not leased before. Set when it is first asked for.
  std::optional<MonoTime> rests_until;
};

// What the end of a lease says about its job.
enum class Blame {
  kNone,    // the worker gave it back, or is at fault itself
  kShared,  // the worker vanished, holding other jobs too
  kAlone,   // the worker vanished, holding only this one
  kStood,   // the worker is there and gets nowhere with it
};

class RunState {
 public:
  // jobs, revisits: as stored; for a new run FirstJobs() and none. listeners: how many the store
  // has.
  RunState(proto::RunRow run, RangeSet targets, AddressSet exclusions,
           std::vector<proto::JobRow> jobs, uint64_t listeners,
           const std::vector<StoredRevisit>& revisits = {});
  // Before any use, of a run that has some: ascending.
  void SetTargets6(std::vector<Address> targets) { targets6_ = std::move(targets); }
  void SetNames(NamedTargets names) { names_ = std::move(names); }
  // What waits by the wall clock, waits by the monotonic one from here on. Call before leasing.
  void StartClock(MonoTime now, int64_t unix_ms) { revisits_.StartClock(now, unix_ms); }

  const proto::RunRow& run() const { return run_; }
  void SetSettings(const proto::RunSettings& settings) { *run_.mutable_settings() = settings; }
  void Cancel() { run_.mutable_settings()->set_cancelled(true); }
  const RangeSet& targets() const { return targets_; }
  const AddressSet& exclusions() const { return exclusions_; }
  uint64_t permutation_key() const { return permutation_key_; }
  // The permuted order; IPv6 targets follow in their own.
  Address TargetAt(uint64_t index) const;
  // nullptr: it came from no name.
  bool has_names() const { return !names_.empty(); }
  const std::vector<std::string>* NamesOf(const Address& target) const;

  LiveJob* Find(uint32_t job);

  struct Asking {
    std::string worker;
    size_t sweeps = 0, grabs = 0;               // jobs it holds
    const std::vector<std::string>& connected;  // workers there are, this one included
    size_t sharers = 1;                         // of the run, for the size of GRAB jobs
    MonoTime now;
    std::string provider = {};  // where it stands, as it says; "" = not told
    bool may_sweep = true;
    bool may_visit = true;
  };
  // A job for the one who asks, leased to it; nullptr when nothing is to be had now.
  LiveJob* Lease(const Asking& asking, const proto::Token& token, MonoTime deadline);
  // The batch [cursor, to) with this tally is accepted; final: the job is done.
  void Accept(LiveJob& job, uint64_t to, bool final, const proto::Tally& tally);
  // The next listener position; counts it.
  uint64_t TakeListenerPosition() { return listeners_++; }
  void ListenersDurable(uint64_t count) { durable_listeners_ += count; }
  // The host of an accepted observation, if it is to be visited again.
  std::optional<StoredRevisit> ScheduleRevisit(const LiveJob& job,
                                               const proto::HostObservation& host,
                                               const std::string& worker, MonoTime now,
                                               int64_t unix_ms);
  void RevisitDurable(uint32_t list) { revisits_.Durable(list); }
  const RevisitLists& revisits() const { return revisits_; }
  // Nobody is at work on the run and it waits for nothing but back-offs; until when.
  std::optional<MonoTime> WaitsForRevisitsUntil() const;
  // Gives the lease back.
  void Release(LiveJob& job, Blame blame);
  // What to blame a job with when its holder has vanished.
  Blame BlameFor(const LiveJob& job);
  // The tail [new_end, end) of a leased job becomes a PENDING job of its own.
  void GiveTail(LiveJob& job, uint64_t new_end);
  // Jobs leased to a worker, by job id.
  std::vector<LiveJob*> LeasedTo(const std::string& worker);
  size_t LeasesOf(const std::string& worker) const;
  std::vector<LiveJob*> AllLeased();
  // PENDING and LEASED, the oldest lease first.
  std::vector<const LiveJob*> OpenJobs() const;
  // What has gone wrong with jobs since the last call, one line; "" = nothing.
  std::string TakeTrouble() { return std::exchange(trouble_, {}); }

  // Everything planned is covered and everything found is visited; rows may still be in flight.
  bool AllDone() const;
  void MarkDone(int64_t finished_unix_ms);

  // Rows changed since the last call.
  std::vector<proto::JobRow> TakeDirtyJobs();

  // "" = nothing is audited. As in the store (kAuditSecretName).
  void SetAuditSecret(std::string secret) { audit_secret_ = std::move(secret); }
  static bool IsAudit(const proto::JobRow& row) {
    return row.kind() == proto::JobRow::AUDIT_SWEEP || row.kind() == proto::JobRow::AUDIT_GRAB;
  }
  // Of indices to knock at, not of hosts to visit.
  static bool IsKnocking(const proto::JobRow& row) {
    return row.kind() == proto::JobRow::SWEEP || row.kind() == proto::JobRow::AUDIT_SWEEP;
  }
  // The audits an accepted batch of another kind of job gives rise to: rows new or grown, to be
  // written with it. Call after Accept, before its listeners are counted.
  std::vector<proto::JobRow> MakeAudits(const LiveJob& job, const proto::Batch& batch,
                                        const CheckedBatch& checked, const std::string& worker,
                                        const std::string& provider);
  // What waits to be audited is forgotten of those who opted out: they may ask that nothing is kept
  // of them, and a row that is written again must not bring it back.
  void ForgetAudits(const AddressSet& opt_outs);
  // Compares what an auditor saw; call before Accept, which gets an empty tally. The key of a
  // worker that stands out from now on.
  std::optional<std::string> Compare(LiveJob& job, const proto::Batch& batch,
                                     const CheckedBatch& checked);
  // Call at least every few seconds. may_probe: workers may work on the run now. Audits that nobody
  // comes for are left out once there is nothing else to do.
  void TendAudits(MonoTime now, bool may_probe);

  struct AuditTotals {
    AuditCount findings;
    uint64_t left_out = 0;  // targets of the sample that nobody came to audit
  };
  const AuditTotals& audits() const { return audits_; }
  // By worker's key: the findings it was audited on, and those it audited. So a finding is in two
  // workers' counts, and who disagrees with everybody has more of them than anybody else.
  const std::map<std::string, AuditCount>& audits_of() const { return audits_of_; }

  struct Totals {
    uint64_t planned = 0;
    uint64_t covered = 0;  // of the plan
    uint64_t listeners = 0;
    uint64_t visited = 0;  // listeners (or targets, without a gate)
    uint64_t quarantined = 0;
    proto::Tally sweep;
    uint32_t pending = 0, leased = 0, done = 0;
    uint64_t revisits_waiting = 0;   // throttled hosts to be visited again, not in a leased job
    MonoTime next_revisit = kNever;  // when the next of them is to be had
  };
  Totals Sum() const;
  // What of the coverage ledger does not add up, one sentence; "" = nothing.
  std::string LedgerError() const;

 private:
  bool IsSweep(const proto::JobRow& row) const { return row.kind() == proto::JobRow::SWEEP; }
  bool IsRevisit(const proto::JobRow& row) const {
    return row.kind() == proto::JobRow::GRAB_REVISITS;
  }
  LiveJob* TakePending(bool sweep, const Asking& asking);
  LiveJob* TakeGrab(uint64_t at_least, const Asking& asking);
  LiveJob* CutGrabJob(uint64_t at_least, const Asking& asking);
  LiveJob* CutRevisitJob(const Asking& asking);
  LiveJob* TakeAudit(Duration patience, const Asking& asking);
  bool MayAudit(LiveJob& job, Duration patience, const Asking& asking) const;
  bool VisitsAhead(const proto::AuditClaim& claim) const;
  bool AuditedElsewhere(const proto::JobRow& row) const;
  std::vector<std::string> HostsOf(const proto::JobRow& audit) const;
  LiveJob& AuditFor(proto::JobRow::Kind kind, const std::string& worker,
                    const std::string& provider, uint64_t at);
  void ClaimHits(const AuditSample::Stretch& stretch, const CheckedBatch& checked,
                 proto::JobRow& row) const;
  void RestAfterVisits(const proto::Batch& visits);
  void ReleaseAudit(LiveJob& job);
  void LeaveOut(LiveJob& job);
  void CountAudit(const proto::AuditClaim& claim);
  // Whether nothing else keeps the run open, and nobody audits.
  bool WaitsForAuditors() const;
  bool StandsOutNow(const std::string& worker) const;
  bool MayTake(LiveJob& job, const Asking& asking);
  proto::JobRow NewJob(const LiveJob& like, uint64_t base, uint64_t end) const;
  LiveJob& Add(proto::JobRow row);
  std::set<uint32_t>& PendingOf(const proto::JobRow& row);
  void MakePending(LiveJob& job);
  void NoteLeased(const LiveJob& job);
  void NoteUnleased(const LiveJob& job);
  void Split(LiveJob& job);
  void Quarantine(LiveJob& job);
  void Touch(const LiveJob& job) { dirty_.insert(job.row.id()); }

  proto::RunRow run_;
  RangeSet targets_;
  std::vector<Address> targets6_;
  NamedTargets names_;
  AddressSet exclusions_;
  uint64_t permutation_key_;
  Permutation permutation_;
  std::map<uint32_t, LiveJob> jobs_;
  std::set<uint32_t> pending_sweeps_, pending_grabs_, pending_audits_;
  std::set<uint32_t> leased_;
  std::map<std::string, std::set<uint32_t>> leased_to_;  // by worker
  std::string trouble_;
  std::set<uint32_t> dirty_;
  uint64_t open_sweeps_ = 0;        // SWEEP jobs that may still find listeners
  uint64_t listeners_ = 0;          // accepted
  uint64_t durable_listeners_ = 0;  // in the synced log: may be cut into jobs
  uint64_t cut_ = 0;                // listeners below it belong to a job
  RevisitLists revisits_;
  std::string audit_secret_;
  std::map<std::pair<std::string, int>, uint32_t> growing_audits_;  // by origin and kind
  std::optional<MonoTime> audits_moved_;                            // the last that went on
  AuditTotals audits_;
  std::map<std::string, AuditCount> audits_of_;
  std::map<std::string, std::map<std::string, AuditCount>> audits_between_;  // both ways
  std::set<std::string> standing_out_;
};

}  // namespace hark

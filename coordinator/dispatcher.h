#pragma once

// The coordinator's side of the protocol (docs/formats/wire.md) as a pure state machine: envelopes
// in, envelopes out, time as an argument, durability through a CommitQueue. No socket, no clock, no
// thread, so the simulation runs this very code.
//
//   session: (none) --HELLO ok--> ACTIVE --silence, BYE, newer HELLO--> (none)
//   anything else from an unknown route or with a wrong session --> NEED_HELLO, no state
//   three strikes, or one key in use by two processes --> REJECT(QUARANTINED), the key stays out
//   until the coordinator restarts
//
// A strike is a bad batch, a list longer than any worker has, or a rate kept up that was taken
// back.
//
// A BATCH is accepted only if it is the next of the job's present lease; a number already seen is
// acknowledged with what is *durable*, never with what is only in memory.

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "coordinator/batch_check.h"
#include "coordinator/committer.h"
#include "coordinator/run_state.h"
#include "proto/control.pb.h"
#include "proto/wire.pb.h"

namespace hark {

struct DispatcherOptions {
  double probes_per_second = 150;  // for all workers together
  size_t expected_workers = 1;     // the rate is shared by at least this many
  Duration lease = std::chrono::seconds(60);
  Duration heartbeat = std::chrono::seconds(2);
  Duration restart_grace = std::chrono::seconds(90);  // for leases of before a restart
  uint64_t credit_bytes = 4 << 20;                    // of batches not yet durable, a worker
  // A tail smaller than this is not worth a job of its own.
  uint64_t min_sweep_tail = 2048;
  uint64_t min_grab_tail = 16;
  uint64_t epoch = 1;  // grows with every start, synced before the first message
};

class Dispatcher {
 public:
  struct Outgoing {
    std::string route;
    proto::Envelope envelope;
  };
  // Addresses [from, to) of one of a run's lists, which are durable: list 0 is the listeners, the
  // others are the revisit lists.
  using AddressSource = std::function<Result<std::vector<Address>>(uint32_t run, uint32_t list,
                                                                   uint64_t from, uint64_t to)>;

  Dispatcher(DispatcherOptions options, CommitQueue& queue, AddressSource addresses);

  // At any time. as_table: base/as_table.h, encoded, "" = the fleet keeps no ceilings per AS.
  void AddRun(RunState run, MonoTime now, int64_t unix_ms, std::string as_table = {});
  // Leases of these workers are given back at once: they are known to be dead.
  void ReleaseLeasesOf(const std::function<bool(const std::string& key)>& dead);
  // The worker may no longer work for us: REJECT(REVOKED), no session, its leases back at once.
  void Dismiss(const std::string& key, MonoTime now);
  // These get no new jobs and are told to leave when they have handed over what they hold.
  void SetDraining(std::set<std::string> keys) { draining_ = std::move(keys); }
  // The transport found nobody at this route.
  void OnGone(const std::string& route, MonoTime now);

  void OnMessage(const std::string& route, const std::string& key, const proto::Envelope& envelope,
                 MonoTime now, int64_t unix_ms);
  // Durable tickets, lease expiry, ends of sessions and of runs. Call after messages and at least
  // every heartbeat.
  void OnTick(MonoTime now, int64_t unix_ms);
  std::vector<Outgoing> TakeOutgoing();

  // What the operator changes while it runs; each makes a new version of the orders, which goes out
  // to every worker at once. The run's row is committed.
  // False: there is no such run, or it is done.
  bool ChangeRun(uint32_t run, const proto::RunSettings& settings, MonoTime now, int64_t unix_ms);
  // The ceiling of all runs together.
  void SetCeiling(double probes_per_second, MonoTime now);
  // All opt-outs there are, durable already. version grows.
  void SetOptOuts(uint64_t version, RangeSet opt_outs, MonoTime now);
  // Of the orders; epoch << 32 | counter, so it grows over restarts.
  uint64_t orders_version() const { return orders_version_; }
  // why: the disk is full or slow: no credit and no jobs are given until it is "" again. Leases
  // and heartbeats go on.
  void SetPressure(std::string why, MonoTime now);
  // Everything there is to tell. Fields of the coordinator's own (uptime, commits) stay empty.
  proto::FleetStatus FleetView(const proto::GetStatus& what, MonoTime now, int64_t unix_ms) const;
  // Keys that have had their third strike since the last call, and why: the registry remembers
  // them until an operator pardons them.
  std::vector<std::pair<std::string, std::string>> TakeQuarantined();
  void Pardon(const std::string& key);

  // No new jobs; workers pause. They keep their leases and spools, so that a coordinator that comes
  // back finds them where they were.
  void Pause();
  bool HasSession(const std::string& key) const { return route_of_key_.contains(key); }

  struct WorkerView {
    std::string key;
    std::string name;
    proto::WorkerLoad load;
    size_t jobs = 0;
    std::string software;  // as it said
    MonoTime last_heard{};
  };
  std::vector<WorkerView> Workers() const;
  const RunState* FindRun(uint32_t run) const;
  bool AllRunsDone() const;

 private:
  struct Session {
    std::string route;
    std::string key;
    std::string name;
    std::string software;
    uint64_t id = 0;
    uint64_t hello_id = 0;
    MonoTime last_heard;
    double granted_pps = 0;
    double applied_pps = 0;
    double most_pps = 0;            // it may have heard of: what it can honestly apply
    MonoTime disobeys_at = kNever;  // when more than granted, heard before, becomes a strike
    proto::WorkerLoad load;
    proto::Envelope welcome;  // repeated when the same HELLO comes again
  };
  // A batch on its way to the disk.
  struct InFlight {
    uint32_t run;
    uint32_t job;
    proto::Token token;
    uint64_t next_seq;
    uint64_t listeners;
    std::vector<uint32_t> revisit_lists;  // one entry each
    uint64_t bytes;
    std::string key;
  };

  // The processes that have said HELLO with one key, the latest last.
  struct Boots {
    std::vector<uint64_t> ids;
    int returns = 0;  // of an earlier one, in the present window
    MonoTime until;   // of the window
  };

  Session* SessionOf(const std::string& key);
  void Strike(const std::string& key, const std::string& name, std::string_view why);
  // Is this key in use by two processes at once?
  bool RunsTwice(const std::string& key, uint64_t boot_id, MonoTime now);
  // Takes the rate a worker says it applies; false: it goes on at a rate that was taken back.
  bool TakeAppliedRate(Session& session, double claimed, MonoTime now);
  // keeps_probing: nobody knows whether it stopped, so its share of the rate stays taken until its
  // leases must have run out.
  void EndSession(const std::string& route, bool keeps_probing, MonoTime now);
  RunState* MutableRun(uint32_t run);
  // The job if this worker holds it under this token.
  LiveJob* HeldBy(const std::string& key, uint32_t run, uint32_t job, const proto::Token& token);

  void OnHello(const std::string& route, const std::string& key, const proto::Hello& hello,
               MonoTime now, int64_t unix_ms);
  void OnRequest(Session& session, const proto::Request& request, MonoTime now);
  void OnBatch(Session& session, const proto::Batch& batch, MonoTime now, int64_t unix_ms);
  void OnHeartbeat(Session& session, const proto::Heartbeat& heartbeat, MonoTime now);
  void OnTargetSetGet(Session& session, const proto::TargetSetGet& get);
  void OnTrimAck(Session& session, const proto::TrimAck& ack);
  void OnRelease(Session& session, const proto::Release& release);

  // How long there will be nothing new for a worker that got nothing.
  uint32_t RetryMillis(MonoTime now) const;
  bool SendJob(Session& session, RunState& run, LiveJob& job);
  // The addresses of a GRAB job's [base, end), none for a SWEEP. Kept while the job is leased, and
  // found again after a restart.
  Result<const std::vector<Address>*> TargetsOf(const RunState& run, const LiveJob& job);
  void RefuseBatch(Session& session, RunState& run, LiveJob& job, const proto::Batch& batch,
                   const Status& why);
  void OnDurable(uint64_t ticket);
  void LogStandingOut(const RunState& run, const std::optional<std::string>& key);
  // May workers work on the run at this moment?
  bool MayProbe(const RunState& run, int64_t unix_ms) const;
  proto::Verdict Judge(const std::string& key, const proto::HeldJob& held, MonoTime now);
  void ReleaseLease(RunState& run, LiveJob& job, Blame blame);
  double ShareFor(const Session& session, MonoTime now);
  bool DiedEmptyHanded(const proto::HeldJob& held, const LiveJob& job) const;
  void AskForTail(const std::string& idle_key);
  void CommitDirty(RunState& run);
  void FinishRuns(int64_t unix_ms);
  void Ack(Session& session, const proto::Batch& batch, proto::Ack::Status status,
           uint64_t durable_next_seq);
  proto::Envelope& Say(const std::string& route, uint64_t session);

  const DispatcherOptions options_;
  CommitQueue& queue_;
  const AddressSource address_source_;
  std::map<uint32_t, RunState> runs_;
  std::map<std::string, Session> sessions_;          // by route
  std::map<std::string, std::string> route_of_key_;  // the newest session of each worker
  std::set<std::string> draining_;                   // keys
  std::map<std::string, int> strikes_of_key_;
  std::map<std::string, uint64_t> boot_of_key_;  // of the last HELLO
  std::map<std::string, Boots> boots_of_key_;
  std::map<std::string, uint64_t> unacked_of_key_;  // bytes accepted and not yet durable
  struct Ghost {
    double pps;
    MonoTime until;
  };
  std::map<std::string, Ghost> ghosts_;               // by key
  std::set<std::pair<uint32_t, uint32_t>> trimming_;  // jobs asked for their tail
  // Targets of the GRAB jobs that are leased, by (run, job).
  std::map<std::pair<uint32_t, uint32_t>, std::vector<Address>> grab_targets_;
  std::map<std::string, std::string> encoded_targets_;  // target set hash -> RangeSet::Encode
  std::map<uint32_t, std::string> as_tables_;           // run -> encoded, when it has one
  std::map<uint64_t, InFlight> in_flight_;              // by ticket
  std::map<uint64_t, uint32_t> finish_tickets_;         // ticket of a run's DONE row -> run
  std::set<uint32_t> finished_;
  std::vector<Outgoing> outgoing_;
  uint64_t next_ticket_ = 1;
  uint64_t next_session_ = 1;
  uint64_t next_token_ = 1;
  bool paused_ = false;
  double ceiling_;
  uint64_t orders_version_;
  uint64_t exclusions_version_ = 0;
  RangeSet opt_outs_;
  std::string pressure_;
  std::vector<std::pair<std::string, std::string>> quarantined_;
};

}  // namespace hark

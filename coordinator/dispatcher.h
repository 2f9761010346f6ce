#pragma once

// The coordinator's side of the protocol (docs/formats/wire.md) as a pure state machine: envelopes
// in, envelopes out, time as an argument, durability through a CommitQueue. No socket, no clock, no
// thread, so the simulation runs this very code.
//
//   session: (none) --HELLO ok--> ACTIVE --silence, BYE, newer HELLO--> (none)
//   anything else from an unknown route or with a wrong session --> NEED_HELLO, no state
//   three strikes, or one key in use by two processes --> REJECT(QUARANTINED), the key stays out
//   until it is pardoned
//
//   run: OPEN <--settings, the clock--> PAUSED, OUTSIDE_WINDOW    no rate, no jobs; leases stay
//        any of them --settings.cancelled--> CANCELLING --nothing in flight--> DONE
//        OPEN --all targets accounted for, all of it durable--> DONE
//
// A strike is a bad batch, a list longer than any worker has, a rate kept up that was taken back,
// orders that are not answered, or a job that stands still.
//
// A JOB goes out when its lease is written, so kill -9 makes nobody work on what we do not know.
// A BATCH is accepted only if it is the next of the job's present lease; a number already seen is
// acknowledged with what is *durable*, never with what is only in memory.
//
// dispatcher.cc has messages and ticks, dispatcher_sessions.cc who is there, dispatcher_rates.cc
// how fast, dispatcher_orders.cc what the operator wants, dispatcher_leases.cc who gets which job,
// dispatcher_jobs.cc and dispatcher_batches.cc the work, dispatcher_watch.cc what stands still,
// dispatcher_status.cc what there is to tell.

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/address_set.h"
#include "base/time.h"
#include "coordinator/batch_check.h"
#include "coordinator/clock_watch.h"
#include "coordinator/committer.h"
#include "coordinator/dispatcher_options.h"
#include "coordinator/dispatcher_run.h"
#include "coordinator/dispatcher_session.h"
#include "coordinator/rate_shares.h"
#include "coordinator/run_state.h"
#include "coordinator/unsent_jobs.h"
#include "proto/control.pb.h"
#include "proto/wire.pb.h"

namespace hark {

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
  void SetOptOuts(uint64_t version, AddressSet opt_outs, MonoTime now);
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

  using WorkerView = DispatcherWorkerView;
  std::vector<WorkerView> Workers() const;
  const RunState* FindRun(uint32_t run) const;
  bool AllRunsDone() const;

 private:
  using Session = DispatcherSession;
  using Record = DispatcherRecord;
  using RunMode = DispatcherRunMode;
  using RunInfo = DispatcherRun;
  using Trouble = DispatcherTrouble;
  using InFlight = DispatcherBatch;
  using Wanted = DispatcherWanted;

  // ---- dispatcher_sessions.cc
  Session* SessionOf(const std::string& key);
  const Session* SessionOf(const std::string& key) const;
  Record& RecordOf(const std::string& key) { return records_[key]; }
  void Strike(const std::string& key, const std::string& name, std::string_view why);
  // Is this key in use by two processes at once?
  bool RunsTwice(Record& record, uint64_t boot_id, MonoTime now);
  // keeps_probing: nobody knows whether it stopped, so its shares stay taken until its leases must
  // have run out.
  void EndSession(const std::string& route, bool keeps_probing, MonoTime now);
  void EndSilentSessions(MonoTime now);
  RunState* MutableRun(uint32_t run);
  // The job if this worker holds it under this token.
  LiveJob* HeldBy(const std::string& key, uint32_t run, uint32_t job, const proto::Token& token);
  void OnHello(const std::string& route, const std::string& key, const proto::Envelope& envelope,
               MonoTime now, int64_t unix_ms);
  Session& StartSession(const std::string& route, const std::string& key,
                        const proto::Envelope& envelope, bool restarted, MonoTime now);
  void Welcome(Session& session, const proto::Hello& hello, bool restarted, MonoTime now,
               int64_t unix_ms);
  void RepeatWelcome(Session& session, MonoTime now);
  void TakeBackUnlisted(const Session& session, const std::set<std::pair<uint32_t, uint32_t>>& kept,
                        const std::set<std::pair<uint32_t, uint32_t>>& listed);
  proto::Verdict Judge(const std::string& key, const proto::HeldJob& held, MonoTime now);
  bool MustGiveBack(const Session& session, uint32_t run, const LiveJob& job) const;
  bool DiedEmptyHanded(const proto::HeldJob& held, const LiveJob& job) const;
  proto::Envelope& Say(const std::string& route, uint64_t session);

  // ---- dispatcher_rates.cc
  void OnHeartbeat(Session& session, const proto::Heartbeat& heartbeat, MonoTime now);
  // Takes what a worker says it applies; false: it goes on at a rate that was taken back.
  bool TakeApplied(Session& session, const proto::Heartbeat& heartbeat, MonoTime now);
  bool TakeAppliedOfOld(Session& session, double claimed);
  void TellOld(Session& session);
  RateShares::Shares AppliedAtHello(const std::string& key, const proto::Envelope& envelope,
                                    bool restarted, MonoTime now) const;
  RateShares::Worker TermsOf(const Session& session) const;
  void PickOnlyRun(Session& session);
  // It may still obey a share of another run.
  bool ObeysAnother(const std::string& key, uint32_t run) const;
  void SetTermsOfAll();
  void DivideIfDue(MonoTime now);
  // Runs with --adapt go slower or faster by what their rechecks have said.
  void AdaptRuns(MonoTime now, int64_t unix_ms);
  Duration SettleTime(const proto::RunRow& run) const;
  double GrantedPps(const std::string& key) const;
  void FillRates(const Session& session,
                 google::protobuf::RepeatedPtrField<proto::RunRate>* rates) const;

  // ---- dispatcher_orders.cc
  bool MayServe(const Session& session, const RunState& run) const { return !WhyNot(session, run); }
  // Why it may not work on the run; nullptr: it may.
  const char* WhyNot(const Session& session, const RunState& run) const;
  RunMode ModeOf(const RunState& run, int64_t unix_ms) const;
  bool IsOpen(uint32_t run) const { return infos_.at(run).mode == RunMode::kOpen; }
  // The mode anew, and what follows from it. True: it is another one.
  bool Review(RunState& run, int64_t unix_ms);
  void ReviewRuns(MonoTime now, int64_t unix_ms);
  void CancelLeases(RunState& run);
  void CommitRun(const RunState& run, uint64_t ticket);
  // Everybody is to be told how things stand.
  void OrdersChanged(MonoTime now);
  void FillOrders(Session& session, bool with_exclusions, MonoTime now, proto::Orders* orders);
  void SendOrders(Session& session, MonoTime now);
  void SendDueOrders(MonoTime now);
  void OnOrdersAck(Session& session, const proto::OrdersAck& ack, MonoTime now);
  void TakeObeyed(Session& session, uint64_t version, MonoTime now);
  void TakeBackFromOld(MonoTime now);

  // ---- dispatcher_leases.cc
  void OnRequest(Session& session, const proto::Request& request, MonoTime now);
  class Giving;
  LiveJob* GiveJobOf(Session& session, RunState& run, const RunState::Asking& asking, size_t held,
                     MonoTime now);
  bool GetsNothing(const Session& session) const;
  bool MayHaveJobOf(const Session& session, const RunState& run) const;
  void SendWrittenJobs(uint64_t ticket, MonoTime now);
  void TakeBackUnsent(const std::string& key);
  void SayOwedNoJobs(MonoTime now);
  // How long there will be nothing new for a worker that got nothing.
  uint32_t RetryMillis(MonoTime now) const;

  // ---- dispatcher_jobs.cc
  void OnTargetSetGet(Session& session, const proto::TargetSetGet& get);
  void OnRelease(Session& session, const proto::Release& release);
  bool FitsWorker(const Session& session, RunState& run, LiveJob& job);
  bool SendJob(Session& session, RunState& run, LiveJob& job, MonoTime now);
  // The addresses of a GRAB job's [base, end), none for a SWEEP. Kept while the job is leased, and
  // found again after a restart.
  Result<const std::vector<Address>*> TargetsOf(const RunState& run, const LiveJob& job);
  void ReleaseLease(RunState& run, LiveJob& job, Blame blame);
  void CommitDirty(RunState& run);
  void FinishRuns(MonoTime now, int64_t unix_ms);
  const std::vector<std::string>& Connected();

  // ---- dispatcher_tails.cc
  void AskForTail(const std::string& idle_key, MonoTime now);
  void OnTrimAck(Session& session, const proto::TrimAck& ack);

  // ---- dispatcher_batches.cc
  void OnBatch(Session& session, const proto::Batch& batch, MonoTime now, int64_t unix_ms);
  void AcceptBatch(Session& session, RunState& run, LiveJob& job, const proto::Batch& batch,
                   CheckedBatch checked, MonoTime now, int64_t unix_ms);
  void RefuseBatch(Session& session, RunState& run, LiveJob& job, const proto::Batch& batch,
                   const Status& why);
  void OnDurable(uint64_t ticket, MonoTime now);
  void NoteStandingOut(const RunState& run, const std::optional<std::string>& key);
  void Ack(Session& session, const proto::Batch& batch, proto::Ack::Status status,
           uint64_t durable_next_seq);
  uint64_t CreditLimit() const;
  // So many bytes are answered: what of them, or beyond them, it may have again.
  uint64_t ReturnCredit(Session& session, uint64_t answered, bool beyond);

  // ---- dispatcher_watch.cc
  void ExpireLeases(MonoTime now);
  void ReleaseWhatStandsStill(MonoTime now, Duration since_last);
  bool MayStandStill(const RunState& run, const LiveJob& job) const;
  Duration ProgressTime(const RunState& run, const LiveJob& job) const;
  void TakeSamples(MonoTime now);
  void Note(uint32_t run, std::string what);

  // ---- dispatcher_status.cc
  void FillRun(const RunState& run, const RunInfo& info, uint32_t max_jobs, MonoTime now,
               int64_t unix_ms, proto::RunStatus* status) const;
  void FillJobs(const RunState& run, const RunInfo& info, uint32_t max_jobs, MonoTime now,
                int64_t unix_ms, proto::RunStatus* status) const;
  void FillWorker(const Session& session, MonoTime now, proto::WorkerStatus* status) const;
  std::string WhyOpen(const RunState& run, const RunInfo& info, const LiveJob& job, MonoTime now,
                      int64_t unix_ms) const;
  std::string WhyPending(const RunState& run, const LiveJob& job, MonoTime now) const;
  int64_t EtaMillis(const RunState::Totals& totals, const RunState& run, const RunInfo& info) const;
  std::string NameOf(const std::string& key) const;

  const DispatcherOptions options_;
  CommitQueue& queue_;
  const AddressSource address_source_;
  std::map<uint32_t, RunState> runs_;
  std::map<uint32_t, RunInfo> infos_;
  std::map<std::string, Session> sessions_;          // by route
  std::map<std::string, std::string> route_of_key_;  // the newest session of each worker
  std::map<std::string, Record> records_;            // by key
  std::vector<std::string> connected_;               // keys, while connected_fresh_
  bool connected_fresh_ = false;
  std::set<std::string> draining_;                    // keys
  std::set<std::pair<uint32_t, uint32_t>> trimming_;  // jobs asked for their tail
  // Targets of the GRAB jobs that are leased, by (run, job).
  std::map<std::pair<uint32_t, uint32_t>, std::vector<Address>> grab_targets_;
  // Target sets and tables of ASes, by the SHA-256 of what they are encoded as.
  std::map<std::string, std::string> content_;
  UnsentJobs unsent_;
  std::map<uint64_t, InFlight> in_flight_;  // by ticket
  std::map<uint32_t, uint64_t> in_flight_of_run_;
  uint64_t unacked_bytes_ = 0;
  std::map<uint64_t, uint32_t> finish_tickets_;  // ticket of a run's DONE row -> run
  std::set<uint32_t> finished_;
  std::vector<Outgoing> outgoing_;
  uint64_t next_ticket_ = 1;
  uint64_t next_session_ = 1;
  uint64_t next_token_ = 1;
  bool paused_ = false;

  RateShares shares_;
  MonoTime next_division_{};
  uint64_t orders_version_;           // of the last change
  uint64_t last_version_;             // of any telling
  std::set<std::string> orders_due_;  // routes
  uint64_t exclusions_version_ = 0;
  AddressSet opt_outs_;
  std::vector<std::string> encoded_opt_outs_;
  std::string pressure_;
  std::vector<std::pair<std::string, std::string>> quarantined_;

  MonoTime next_scan_{}, next_review_{}, last_review_{}, next_sample_{}, next_tail_{};
  ClockWatch clock_;
  Trouble last_error_;
};

}  // namespace hark

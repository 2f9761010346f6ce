#pragma once

// The worker's half of the wire protocol (docs/formats/wire.md) as a pure state machine: no socket,
// no clock, no thread. It is told what arrived (On) and what the job runner finished (AddBatch),
// and asked what to send (Poll).
//
//   state        | on                              | do                            | next
//   disconnected | LinkUp                          |                               | greeting
//   greeting     | HELLO due                       | HELLO, new hello_id, offers   | greeting
//   greeting     | WELCOME with our hello_id       | verdicts, credit, rate        | ready
//   greeting     | REJECT, 4 HELLOs unanswered     | ask for a new link            | disconnected
//   ready        | NEED_HELLO naming this session  |                               | greeting
//   ready        | NEED_HELLO naming another       | nothing: it was sent before   | ready
//   ready        | nothing heard for 3 heartbeats  | ask for a new link            | disconnected
//   ready        | BYE                             |                               | greeting
//   ready        | drained                         | RELEASE the rest, BYE         | finished
//   any          | LinkDown                        |                               | disconnected
//   any          | lease 80 % over since the       | hold the job: no probe        | same
//                | answered heartbeat was sent     |                               |
//   any          | spool over its quota            | hold all jobs                 | same
//   ready        | ORDERS (or those of a WELCOME)  | StandingOrders; exclude, drop | same
//                |                                 | cancelled runs, hold paused   |
//                |                                 | ones, apply shares, then ACK  |
//
// Leases, batches and the spool outlive states: work goes on while the coordinator is away, until
// each lease's 80 %. So do orders: those of an earlier process hold from the start.
//
// A job is held while its lease is late, its run paused, its opt-outs not here yet, the spool full,
// or the last ORDERS unreadable.
//
// Threads: one.

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "proto/wire.pb.h"
#include "worker/greeter.h"
#include "worker/job_host.h"
#include "worker/lease.h"
#include "worker/spool.h"
#include "worker/standing_orders.h"
#include "worker/target_sets.h"

namespace hark {

struct SessionOptions {
  std::string name;
  uint32_t max_parallel = 1000;
  uint32_t max_pps = 0;
  uint64_t boot_id = 0;
  uint64_t spool_quota_bytes = 256U << 20;
  Duration hello_answer_time = std::chrono::seconds(5);
  // Jobs to have with targets not yet begun, so that the pipe never runs dry; and leases in all,
  // those waiting for their slowest hosts included.
  size_t jobs_wanted = 2;
  size_t max_leases = 32;
  // Sweeps of each run to have besides, when they cost neither sockets nor turns of the engine;
  // they are asked for by name, and jobs_wanted is of visits then. 0 = sweeps are jobs like others.
  size_t sweeps_wanted = 0;
  // How long a drain may wait for open targets and acknowledgements.
  Duration drain_time = std::chrono::seconds(20);
  // For HELLO, as the operator and preflight.h say.
  std::string region;
  std::string provider;
  std::string contact;
  proto::Capabilities capabilities;
  // Where orders are kept over a restart, "" = nowhere.
  std::string orders_path;
};

class WorkerSession {
 public:
  enum class State : uint8_t { kDisconnected, kGreeting, kReady, kFinished };

  // All references outlive the session. Leases left in the spool are offered in the first HELLO.
  WorkerSession(SessionOptions options, JobHost& host, Spool& spool, TargetSetCache& targets,
                uint64_t seed);

  void LinkUp(MonoTime now);
  void LinkDown();
  // The link should be torn down and made anew (after a back-off). Turns false by LinkDown.
  bool wants_new_link() const { return wants_new_link_; }

  // unix_ms: this machine's wall clock, for the offset to the coordinator's that batches carry;
  // without one none is reckoned.
  void On(const proto::Envelope& envelope, MonoTime now,
          std::optional<int64_t> unix_ms = std::nullopt);
  // A finished stretch of a job: from_index to raw_bytes are set, run to seq are not (seq).
  void AddBatch(proto::Batch batch, MonoTime now);
  // The runner cannot go on with the job.
  void FailJob(const JobKey& key, proto::Release::Reason reason, const std::string& detail);
  void StartDrain(MonoTime now);

  // Holds jobs whose lease runs out or whose batches find no room, and notices silence. Poll does
  // it too; apart for the times when there is no room to send.
  void Tick(MonoTime now);
  // What is to be sent now, in order. To be called after every On and AddBatch and at wake time.
  std::vector<proto::Envelope> Poll(MonoTime now);
  // When Poll is due again if nothing happens.
  MonoTime WakeTime() const;

  State state() const { return state_; }
  bool finished() const { return state_ == State::kFinished; }
  bool draining() const { return drain_until_.has_value(); }
  // For logs: why the last REJECT, "" if none.
  const std::string& last_reject() const { return last_reject_; }
  size_t leases() const { return leases_.size(); }
  const StandingOrders& orders() const { return orders_; }
  // What to add to our wall clock to have the coordinator's, by the last WELCOME.
  int64_t clock_offset_ms() const { return clock_offset_ms_; }

 private:
  using Leases = std::map<JobKey, Lease>;
  using Envelopes = std::vector<proto::Envelope>;

  void OnWelcome(const proto::Welcome& welcome, MonoTime now, std::optional<int64_t> unix_ms);
  void OnOrders(const proto::Orders& orders, MonoTime now);
  void OnReject(const proto::Reject& reject, MonoTime now);
  void OnNeedHello(const proto::NeedHello& need, MonoTime now);
  void OnJob(const proto::Job& job, MonoTime now);
  void OnNoJob(const proto::NoJob& no_job, MonoTime now);
  void OnChunk(const proto::TargetSetChunk& chunk, MonoTime now);
  void OnAck(const proto::Ack& ack);
  void OnGap(Lease& lease, uint64_t durable_next_seq);
  void OnHeartbeatAck(const proto::HeartbeatAck& ack, MonoTime now);
  void OnTrim(const proto::Trim& trim);

  void Keep(Lease& lease, const proto::Verdict& verdict, MonoTime now);
  void GoBack(Lease& lease, uint64_t seq);
  void MarkDurable(Lease& lease, uint64_t next_seq);
  void NoticeStall(Lease& lease, uint64_t durable_before);
  void Begin(Lease& lease, MonoTime now);
  void Drop(const JobKey& key);
  void Release(const JobKey& key, proto::Release::Reason reason, const std::string& detail);
  void StartGreeting(MonoTime now);
  void LoseLink();
  void ApplyWelcomeRates(const proto::Welcome& welcome, MonoTime now);
  void ApplyRate(double probes_per_second);
  void ApplyShares(const google::protobuf::RepeatedPtrField<proto::RunRate>& rates, MonoTime now);
  void Enforce(MonoTime now);
  void DropCancelled();
  void ApplyHolds(MonoTime now);
  bool MustHold(const Lease& lease, MonoTime now) const;
  // Fetches what the job needs and is not here; true while something is missing.
  bool WaitsForContent(const Lease& lease, std::shared_ptr<const RangeSet>* targets);
  bool Needs(const std::string& hash) const;

  Lease* Find(const JobKey& key);
  bool drained() const;
  // Those of paused runs only wait: they take no place from others, up to a limit of their own.
  size_t active_leases() const;
  bool HasLeaseRoom(size_t more) const;
  // Runs with a share of which fewer than jobs_wanted jobs have work, and how many jobs that makes.
  std::vector<uint32_t> HungryRuns(size_t* slots) const;
  // Jobs with targets to begin, or about to have them.
  size_t JobsWithWork(std::optional<uint32_t> run) const;
  // Sweeps are asked for apart from visits.
  bool SweepsApart() const;
  size_t SweepsWithWork(uint32_t run) const;
  // The runs to ask a sweep of, one entry for each.
  std::vector<uint32_t> SweepsMissing() const;
  // Without those of paused runs.
  size_t ActiveJobsWithWork() const;
  void PutApplied(google::protobuf::RepeatedPtrField<proto::RunRate>* applied) const;
  uint64_t spool_free() const;
  proto::HeldJob Describe(const Lease& lease) const;
  void PollGreeting(MonoTime now, Envelopes* out);
  void PollReady(MonoTime now, Envelopes* out);
  void PollRequest(MonoTime now, Envelopes* out);
  void PollHeartbeat(MonoTime now, Envelopes* out);
  void PollBatches(Envelopes* out);
  bool PollLeaseBatches(const JobKey& key, Envelopes* out);
  void PollDrain(MonoTime now, Envelopes* out);

  const SessionOptions options_;
  JobHost& host_;
  Spool& spool_;
  TargetSetCache& targets_;
  TargetSetFetcher fetcher_;
  Random random_;
  Greeter greeter_;

  State state_ = State::kDisconnected;
  bool wants_new_link_ = false;
  uint64_t hello_id_ = 0;
  MonoTime hello_sent_{};
  std::string last_reject_;

  // Of the session, from WELCOME on.
  uint64_t session_ = 0;
  uint64_t credit_ = 0;
  uint64_t features_ = 0;  // of the coordinator
  Duration heartbeat_ = std::chrono::seconds(15);
  Duration lease_length_ = std::chrono::seconds(60);
  MonoTime last_heard_{};
  MonoTime next_heartbeat_{};
  MonoTime next_request_{};
  std::deque<MonoTime> heartbeats_sent_;  // not answered yet, oldest first
  uint32_t slots_asked_ = 0;              // of the last REQUEST, not answered yet
  MonoTime request_overdue_{};

  StandingOrders orders_;
  bool orders_unreadable_ = false;
  bool knows_shares_ = false;  // of this session's coordinator: minor 2
  RunShares shares_;
  int64_t clock_offset_ms_ = 0;

  Leases leases_;
  Envelopes outbox_;  // RELEASE, TRIM_ACK, ORDERS_ACK: survive a session's end
  bool over_quota_ = false;
  std::optional<MonoTime> drain_until_;
};

}  // namespace hark

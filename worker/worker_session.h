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
//
// Leases, batches and the spool outlive states: work goes on while the coordinator is away, until
// each lease's 80 %.
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
  // How long a drain may wait for open targets and acknowledgements.
  Duration drain_time = std::chrono::seconds(20);
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

  void On(const proto::Envelope& envelope, MonoTime now);
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

 private:
  using Leases = std::map<JobKey, Lease>;
  using Envelopes = std::vector<proto::Envelope>;

  void OnWelcome(const proto::Welcome& welcome, MonoTime now);
  void OnReject(const proto::Reject& reject, MonoTime now);
  void OnNeedHello(const proto::NeedHello& need, MonoTime now);
  void OnJob(const proto::Job& job, MonoTime now);
  void OnNoJob(const proto::NoJob& no_job, MonoTime now);
  void OnChunk(const proto::TargetSetChunk& chunk);
  void OnAck(const proto::Ack& ack);
  void OnGap(Lease& lease, uint64_t durable_next_seq);
  void OnHeartbeatAck(const proto::HeartbeatAck& ack, MonoTime now);
  void OnTrim(const proto::Trim& trim);

  void Keep(Lease& lease, const proto::Verdict& verdict);
  void GoBack(Lease& lease, uint64_t seq);
  void MarkDurable(Lease& lease, uint64_t next_seq);
  void NoticeStall(Lease& lease, uint64_t durable_before);
  void Begin(Lease& lease);
  void Drop(const JobKey& key);
  void Release(const JobKey& key, proto::Release::Reason reason, const std::string& detail);
  void StartGreeting(MonoTime now);
  void LoseLink();
  void ApplyRate(double probes_per_second);
  void ApplyHolds(MonoTime now);

  Lease* Find(const JobKey& key);
  bool drained() const;
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
  Duration heartbeat_ = std::chrono::seconds(15);
  Duration lease_length_ = std::chrono::seconds(60);
  MonoTime last_heard_{};
  MonoTime next_heartbeat_{};
  MonoTime next_request_{};
  std::deque<MonoTime> heartbeats_sent_;  // not answered yet, oldest first
  uint32_t slots_asked_ = 0;              // of the last REQUEST, not answered yet
  MonoTime request_overdue_{};

  Leases leases_;
  Envelopes outbox_;  // RELEASE and TRIM_ACK: survive a session's end
  bool over_quota_ = false;
  std::optional<MonoTime> drain_until_;
};

}  // namespace hark

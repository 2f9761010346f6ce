#pragma once

// What the session knows of one lease it holds: how far the batches are numbered, sent and durable,
// and until when the lease may be used. A value with the small rules that belong to it; the session
// decides.

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/time.h"
#include "worker/spool.h"

namespace hark {

struct Lease {
  enum class Phase : uint8_t {
    kOffered,         // from the spool; HELLO offers it, no verdict yet
    kWaitingTargets,  // its target set is being fetched
    kWorking,
  };

  Phase phase = Phase::kOffered;
  JobKey key;
  proto::Job job;
  uint64_t end = 0;
  uint64_t cursor = 0;    // first index not covered by a batch
  uint64_t next_seq = 0;  // of the next new batch
  uint64_t send_seq = 0;  // of the next batch to send in this session
  uint64_t durable_seq = 0;
  bool final = false;    // the final batch is in the spool
  bool trimmed = false;  // end is less than the coordinator leased, under this token
  // After a GAP, so many answers belong to batches sent before we went back.
  uint64_t answers_to_skip = 0;
  // Heartbeats in a row without progress although batches were sent.
  int stalled = 0;

  MonoTime counted_from{};  // when the message was sent that proved the lease alive
  Duration length{0};
  bool held = false;  // past 80 % of it: nothing is sent

  static Lease FromSpool(const SpooledJob& spooled) {
    Lease lease;
    lease.key = JobKey::Of(spooled.job);
    lease.job = spooled.job;
    lease.end = spooled.end;
    lease.trimmed = spooled.end != spooled.job.end();
    lease.cursor = spooled.cursor;
    lease.next_seq = spooled.next_seq;
    lease.durable_seq = lease.send_seq = spooled.low_seq;
    lease.final = spooled.final;
    return lease;
  }

  uint64_t unanswered() const { return send_seq - durable_seq; }
  bool complete() const { return final && durable_seq == next_seq; }
  // The coordinator measures from the message's arrival, we from its sending, and leave a fifth
  // for what is under way: at the moment it may give the job to somebody else we are silent.
  MonoTime quiet_from() const { return counted_from + length * 4 / 5; }
  void Renew(MonoTime sent, Duration lease) {
    counted_from = std::max(counted_from, sent);
    length = lease;
  }
};

}  // namespace hark

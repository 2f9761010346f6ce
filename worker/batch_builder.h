#pragma once

// Results in index order, gathered into batches that fit the wire. One builder for each kind of
// job; both promise that a batch's payload is at most max_bytes and covers [from, to) without a
// gap.

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "base/address.h"
#include "base/target_states.h"
#include "base/time.h"
#include "proto/wire.pb.h"
#include "worker/engine/prober.h"

namespace hark {

// Payload, sizes and checksum of a batch: zstd when that is smaller.
void SealBatch(const proto::BatchPayload& payload, proto::Batch* batch);

struct BatchLimits {
  // Room for the envelope around it stays below the bus's limit of 256 KiB.
  size_t max_bytes = size_t{255} * 1024;
  uint64_t max_indices = 8192;  // SWEEP: what a crash costs at most, with the window
  int max_hits = 8192;          // SWEEP: of at most 20 bytes each, so that they fit max_bytes
  Duration max_age = std::chrono::seconds(1);
  // Listeners are work for others: they are reported sooner, but not one by one.
  Duration max_hit_age = std::chrono::milliseconds(100);
};

class SweepBatch {
 public:
  SweepBatch(uint64_t from, const BatchLimits& limits) : limits_(limits), from_(from), to_(from) {}

  uint64_t from() const { return from_; }
  uint64_t to() const { return to_; }
  bool empty() const { return from_ == to_; }
  // The result of index to().
  void Add(KnockResult result, const Address& address, MonoTime now);
  // The target added last had been silent and was asked once more.
  void AddRecheck(bool answered);
  bool Due(MonoTime now) const;
  // from_index, to_index and the sealed payload; starts the next one.
  proto::Batch Take();

 private:
  BatchLimits limits_;
  uint64_t from_;
  uint64_t to_;
  MonoTime since_{};
  proto::SweepResult result_;
  TargetStates states_;
};

class GrabBatch {
 public:
  GrabBatch(uint64_t from, const BatchLimits& limits) : limits_(limits), from_(from), to_(from) {}

  uint64_t from() const { return from_; }
  uint64_t to() const { return to_; }
  bool empty() const { return from_ == to_; }
  // True when the host of index to() does not fit any more: Take first.
  bool Full(const proto::HostObservation& next) const;
  void Add(proto::HostObservation host, MonoTime now);
  bool Due(MonoTime now) const;
  proto::Batch Take();

 private:
  BatchLimits limits_;
  uint64_t from_;
  uint64_t to_;
  MonoTime since_{};
  size_t bytes_ = 0;
  proto::BatchPayload payload_;
};

// Makes one host's observation fit: drops certificate chains first, then greetings and other texts,
// then all facts, and says so in the port's detail. One host must not stop its job for ever.
void ShrinkToFit(proto::HostObservation* host, size_t max_bytes);

}  // namespace hark

#pragma once

// A SWEEP job knocked on by SYN: what is to leave next, what came back, and the batches that come
// of it. Walks its indices directly; a target costs a byte and no callback.
//
// The cursor moves over closed stretches only (syn_stretch.h), in index order: what a crash leaves
// open is begun again by whoever has the job next. So the sample for rechecks, which stay open much
// longer, is the job's last indices: the order of targets is random, and behind them nothing waits.
//
// The desk (syn_desk.h) asks for SYNs and brings the replies; the job runner has the rest. Both
// under the desk's mutex, which the methods of RunningJob take themselves.

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "base/permutation.h"
#include "worker/engine/syn_channel.h"
#include "worker/opt_outs_in_force.h"
#include "worker/running_job.h"
#include "worker/syn_aside.h"
#include "worker/syn_stretch.h"

namespace hark {

class SynDesk;

struct SynSweepParts {
  std::shared_ptr<const RangeSet> targets;
  PolicyPtr policy;
  ExclusionFilter exclusions;  // the job's own
  std::shared_ptr<const OptOutsInForce> opt_outs;
  SynTerms terms;
  BatchLimits limits;
};

class SynSweep final : public RunningJob {
 public:
  // desk outlives it.
  SynSweep(const proto::Job& job, uint64_t cursor, uint64_t end, SynSweepParts parts,
           SynDesk& desk);
  ~SynSweep() override;

  void Feed(Prober&) override {}  // the desk asks
  void TakeBatches(MonoTime now, bool flush, std::vector<proto::Batch>* out) override;
  uint64_t Trim(uint64_t new_end) override;
  bool HasWork() const override;
  size_t open_targets() const override;
  bool half_open() const override { return true; }
  // In force when this returns: no SYN leaves that it forbids.
  void PermissionChanged() override;

  // What follows is the desk's, under its mutex.
  uint16_t port() const { return port_; }
  RunPacer* pacer() const { return policy_->pacer.get(); }
  // Rounds that are due, stretches that are full or over. heard: until when all replies are known.
  void Progress(MonoTime now, MonoTime heard);
  // About how many SYNs could leave now; 0 = none. rechecks: of them.
  size_t Ready(MonoTime now) const;
  size_t RechecksReady() const;
  // When Ready or Progress will have more; kNever: not by time alone.
  MonoTime WhenDue() const;
  struct Order {
    size_t n = 0;         // SYNs at most, paid for by the run
    size_t rechecks = 0;  // of them, at most
    bool ask_places = false;
  };
  // Appends them, each checked against the exclusions just now. How many rechecks it took.
  size_t Fill(const Order& order, MonoTime now, std::vector<SynShot>* shots);
  // Of what the last Fill gave, the first `sent` have left; the rest is given again by the next.
  void Sent(const std::vector<SynShot>& shots, size_t sent, MonoTime now);
  // False when the index is not under way.
  bool OnReply(uint64_t index, const SynReply& reply);
  // Where addresses stand, which jobs of one run have in common.
  bool HasOrderOf(const SynSweep& other) const {
    return targets_ == other.targets_ && seed_ == other.seed_;
  }
  std::optional<uint64_t> IndexOf(uint32_t address) const;

 private:
  void CloseStretches(MonoTime now, std::vector<proto::Batch>* out);
  void DrawSample();
  bool MayBegin() const;
  bool MayRepeat() const { return policy_->permission != Permission::kStop; }
  bool IsExcluded(uint32_t address) const;
  uint32_t AddressOf(uint64_t index) const;
  // Adds it, unless it is excluded or its place has had enough.
  void Offer(const SynShot& shot, bool ask_places, MonoTime now, std::vector<SynShot>* shots);
  void FillUnsent(const Order& order, MonoTime now, std::vector<SynShot>* shots);
  void FillAside(size_t n, MonoTime now, std::vector<SynShot>* shots);
  size_t FillRepeats(const Order& order, MonoTime now, std::vector<SynShot>* shots);
  void FillNew(const Order& order, MonoTime now, std::vector<SynShot>* shots);
  SynStretch& GrowingStretch(MonoTime now);
  void Emit(std::vector<proto::Batch>* out);

  SynDesk& desk_;
  std::shared_ptr<const RangeSet> targets_;
  uint64_t seed_;
  Permutation order_;
  uint16_t port_;
  ExclusionFilter exclusions_;
  std::shared_ptr<const OptOutsInForce> opt_outs_;
  std::shared_ptr<const ExclusionFilter> opted_out_;  // as of this burst
  SynTerms terms_;
  uint64_t from_;
  uint64_t sample_from_;  // from here on targets are in the sample
  uint64_t begun_;        // the next index to begin
  std::deque<std::unique_ptr<SynStretch>> stretches_;
  std::vector<SynShot> unsent_;
  SynAside aside_;
  uint64_t seen_changes_ = 0;  // of the pacer
  SweepBatch batch_;
};

}  // namespace hark

#pragma once

// All sweeps by SYN of one worker over one channel: which SYN leaves when, and whom a reply is for.
// No clock and no thread of its own.
//
// A burst takes its tokens at once: of its run's pacer and of the worker's budget, and where a run
// has ceilings per prefix or AS each target asks for its own. Hosts being visited go first: as many
// tokens as visits wait in line are left for them. Runs take turns; of one run the oldest job goes
// first, repeats before new targets. Of what a run sends one in ten at most is a recheck, at any
// rate.
//
// Threads: Turn is called by one, the rest by any.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "worker/engine/budget.h"
#include "worker/engine/syn_channel.h"
#include "worker/syn_sweep.h"

namespace hark {

// Since the start.
struct SynStats {
  uint64_t sent = 0;
  uint64_t answered = 0;  // targets, in batches
  uint64_t refused = 0;
  uint64_t silent = 0;
  uint64_t unreachable = 0;
  uint64_t excluded = 0;
  uint64_t late = 0;  // validated replies to nothing under way, repeated ones not among them
  uint64_t rechecked = 0;
  uint64_t found_again = 0;
};

class SynDesk {
 public:
  // SYNs in one go: at 98 bytes so many are 0.4 ms of a 1 Gbit/s line.
  static constexpr size_t kBurst = 512;

  // channel outlives the desk and is used by Turn only.
  SynDesk(SynChannel& channel, std::shared_ptr<EngineBudget> budget);

  // Called when Turn is worth calling before the time it gave. Set before the first job.
  void SetWaker(std::function<void()> wake) { wake_ = std::move(wake); }
  void Wake() const {
    if (wake_) wake_();
  }
  // What was forbidden before this call does not leave after it.
  void Barrier();

  // Hears what came, sends what is due; when it is to be called again at the latest, if nothing
  // comes before.
  MonoTime Turn(MonoTime now);

  bool idle() const { return job_count_ == 0; }
  SynStats stats() const;
  Status failure() const;

 private:
  friend class SynSweep;
  // For any thread but Turn's, which makes way.
  class Visitor {
   public:
    explicit Visitor(const SynDesk& desk);
    ~Visitor();
    Visitor(const Visitor&) = delete;
    Visitor& operator=(const Visitor&) = delete;

   private:
    const SynDesk& desk_;
  };

  struct Run {
    RunPacer* pacer;
    MonoTime next_recheck{};
  };

  void Count(KnockResult result);
  // False: there may be more.
  bool Hear();
  void NoteHeard(bool all, MonoTime now);
  void Give(const SynReply& reply);
  // When the first of the run's jobs wants to send again.
  MonoTime SendOf(Run& run, MonoTime now);
  enum class Burst : uint8_t {
    kGaveAll,   // the job had no more for now
    kNoTokens,  // or a visit is to have them
    kMore,      // as many as one burst may have
    kWayIsFull,
  };
  Burst Send(Run& run, SynSweep& job, size_t ready, MonoTime now);
  MonoTime WhenMore(const Run& run, const SynSweep& job, MonoTime now) const;
  double RateOf(const RunPacer* pacer) const;
  double PaceOf(const RunPacer* pacer) const;
  MonoTime WhenTokens(const RunPacer* pacer, MonoTime now) const;
  void Add(SynSweep* job);
  void Remove(SynSweep* job);
  void FindRuns();

  SynChannel& channel_;
  const std::shared_ptr<EngineBudget> budget_;
  std::function<void()> wake_;
  mutable std::mutex mutex_;
  mutable std::atomic<int> visitors_{0};
  std::atomic<size_t> job_count_{0};
  std::vector<SynSweep*> jobs_;  // under mutex_, as is what follows; oldest first
  std::vector<Run> runs_;        // of the jobs
  SynStats stats_;
  Status failure_;
  size_t turn_ = 0;
  bool full_ = false;     // the way out was, in this turn
  MonoTime heard_{};      // all that came until then
  bool flooded_ = false;  // the last look did not see the end of it
  MonoTime flood_since_{};
  std::vector<SynShot> shots_;
  std::vector<SynTarget> burst_;
  std::vector<SynReply> replies_;
};

}  // namespace hark

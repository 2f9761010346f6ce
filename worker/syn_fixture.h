#pragma once

// A desk over a network that a test invents: who answers, how late, and what gets lost.

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "proto/wire.pb.h"
#include "worker/syn_desk.h"

namespace hark {

class FakeSynChannel final : public SynChannel {
 public:
  struct Leaving {
    MonoTime at;
    uint32_t address;
    uint16_t port;
  };

  size_t Send(std::span<const SynTarget> targets) override {
    const size_t n = std::min(targets.size(), room);
    for (const SynTarget& target : targets.first(n)) {
      sent.push_back({now, target.address, target.port});
      if (on_syn) on_syn(target);
    }
    counts_.sent += n;
    return n;
  }
  bool Receive(std::vector<SynReply>* replies) override {
    if (deaf) return true;
    while (!coming_.empty() && coming_.begin()->first <= now) {
      replies->push_back(coming_.begin()->second);
      coming_.erase(coming_.begin());
    }
    return false;
  }
  int receive_fd() const override { return -1; }
  Counts counts() const override { return counts_; }
  Status failure() const override { return broken; }

  void Answer(const SynTarget& target, Duration after,
              SynReply::Kind kind = SynReply::Kind::kAnswered) {
    coming_.emplace(now + after, SynReply{kind, target.address, target.port});
  }
  std::map<uint32_t, int> SynsByAddress() const {
    std::map<uint32_t, int> syns;
    for (const Leaving& one : sent) ++syns[one.address];
    return syns;
  }

  MonoTime now{std::chrono::hours(1)};
  std::function<void(const SynTarget&)> on_syn;
  size_t room = SIZE_MAX;  // that one Send finds
  bool deaf = false;       // there is always more to hear
  Status broken;
  std::vector<Leaving> sent;

 private:
  std::multimap<MonoTime, SynReply> coming_;
  Counts counts_;
};

// What batches say together; checks on the way that they are contiguous.
struct SweptRange {
  uint64_t to = 0;
  uint64_t silent = 0, refused = 0, unreachable = 0, excluded = 0, local_error = 0;
  uint64_t rechecked = 0, found_again = 0;
  std::map<uint64_t, std::string> hits;  // address by index
  bool final = false;

  uint64_t sum() const {
    return silent + refused + unreachable + excluded + local_error + hits.size();
  }
};

class SynWorld {
 public:
  explicit SynWorld(double rate = 1e6, RangeSet targets = RangeSet({{0x0a000000, 0x0a003fff}}))
      : budget(std::make_shared<EngineBudget>(rate, 1000, 1, channel.now)),
        desk(channel, budget),
        targets_(std::make_shared<const RangeSet>(std::move(targets))),
        pacer(std::make_shared<RunPacer>(channel.now)) {
    pacer->SetUnlimited(channel.now);
  }

  const RangeSet& targets() const { return *targets_; }
  static ExclusionFilter Excluding(const std::vector<Range>& ranges) {
    std::vector<std::string> wire;
    const std::string bytes = RangeSet(ranges).Encode();
    for (size_t i = 0; i < bytes.size(); i += 8) wire.push_back(bytes.substr(i, 8));
    return *ExclusionFilter::Parse(wire);
  }

  std::shared_ptr<SynSweep> Begin(uint64_t from, uint64_t to, uint32_t id = 1) {
    proto::Job job;
    job.set_run(1);
    job.set_job(id);
    job.set_kind(proto::Job::SWEEP);
    job.set_seed(77);
    job.set_gate_port(25);
    job.set_cursor(from);
    job.set_end(to);
    auto policy = std::make_shared<ContactPolicy>();
    policy->pacer = pacer;
    SynSweepParts parts{targets_, policy, exclusions, opt_outs, terms, {}};
    return std::make_shared<SynSweep>(job, from, to, std::move(parts), desk);
  }

  // Turns of the desk as its thread would make them.
  void Run(Duration time) {
    const MonoTime until = channel.now + time;
    while (true) {
      const MonoTime next = desk.Turn(channel.now);
      ++turns;
      const MonoTime look = channel.now + std::chrono::milliseconds(10);
      const MonoTime then = std::min({std::max(next, channel.now), look, until});
      if (channel.now >= until && next > until) return;
      // At no time at all the same turn would come for ever.
      channel.now = std::max(then, channel.now + std::chrono::microseconds(5));
    }
  }

  // Takes the job's batches into what there is of it.
  void Collect(RunningJob& job, SweptRange* range, bool flush = false) {
    std::vector<proto::Batch> batches;
    job.TakeBatches(channel.now, flush, &batches);
    for (const proto::Batch& batch : batches) Add(batch, range);
  }
  void RunToTheEnd(RunningJob& job, SweptRange* range, Duration limit = std::chrono::seconds(600)) {
    const MonoTime until = channel.now + limit;
    while (!range->final && channel.now < until) {
      Run(std::chrono::milliseconds(50));
      Collect(job, range);
    }
    HARK_CHECK(range->final);
  }
  static void Add(const proto::Batch& batch, SweptRange* range);

  FakeSynChannel channel;
  std::shared_ptr<EngineBudget> budget;
  SynDesk desk;
  SynTerms terms;
  ExclusionFilter exclusions;
  std::shared_ptr<OptOutsInForce> opt_outs = std::make_shared<OptOutsInForce>();
  size_t turns = 0;

 private:
  std::shared_ptr<const RangeSet> targets_;

 public:
  PacerPtr pacer;
};

}  // namespace hark

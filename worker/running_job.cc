#include "worker/running_job.h"

#include <algorithm>
#include <functional>

#include "base/strings.h"
#include "worker/observation_codec.h"

namespace hark {
namespace {

// Indices a SWEEP may have open: at 20,000 a second and 4 s of silence it would take 80,000 to
// never wait, but what is open is lost in a crash, and sweeps of silent space run at far less.
constexpr size_t kSweepWindow = 4096;
constexpr int kMaxPorts = 64;

// What both kinds do: the window, indices given back, the end.
template <typename Result, typename Builder>
class WindowedJob : public RunningJob {
 public:
  WindowedJob(const proto::Job& job, uint64_t cursor, uint64_t end, size_t window, PolicyPtr policy,
              const BatchLimits& limits)
      : RunningJob(job, end, std::move(policy)), window_(cursor, window), batch_(cursor, limits) {}

  void Feed(Prober& prober) override {
    while (policy_->permission == Permission::kGo && HasBeginnable() && Room(prober) > 0) {
      const uint64_t index = TakeIndex();
      ++in_flight_;
      Start(prober, index);
    }
  }

  uint64_t Trim(uint64_t new_end) override {
    // One index at least stays to carry the final batch.
    const uint64_t least = std::max(window_.next(), batch_.from() + 1);
    end_ = std::min(end_, std::max(new_end, least));
    return end_;
  }

  bool HasWork() const override { return window_.next() < end_ || !given_back_.empty(); }

  size_t open_targets() const override { return in_flight_ + (batch_.to() - batch_.from()); }

 protected:
  virtual size_t Room(Prober& prober) const = 0;
  virtual void Start(Prober& prober, uint64_t index) = 0;

  void Done(uint64_t index, Result result) {
    --in_flight_;
    window_.Complete(index, std::move(result));
  }
  void GiveBack(uint64_t index) {
    --in_flight_;
    given_back_.push(index);
  }

  void Emit(std::vector<proto::Batch>* out) {
    proto::Batch batch = batch_.Take();
    key_.Put(&batch);
    batch.set_final(batch.to_index() == end_);
    out->push_back(std::move(batch));
  }
  void EmitDue(MonoTime now, bool flush, std::vector<proto::Batch>* out) {
    const bool last = batch_.to() == end_;
    if (!batch_.empty() && (flush || last || batch_.Due(now))) Emit(out);
  }

  CompletionWindow<Result> window_;
  Builder batch_;

 private:
  bool HasBeginnable() const {
    return !given_back_.empty() || (window_.next() < end_ && !window_.full());
  }
  // The lowest first: the head of the line is what everything else waits for.
  uint64_t TakeIndex() {
    if (given_back_.empty()) return window_.Open();
    const uint64_t index = given_back_.top();
    given_back_.pop();
    return index;
  }

  std::priority_queue<uint64_t, std::vector<uint64_t>, std::greater<>> given_back_;
  size_t in_flight_ = 0;
};

class SweepJob final : public WindowedJob<KnockResult, SweepBatch> {
 public:
  SweepJob(const proto::Job& job, uint64_t cursor, uint64_t end,
           std::shared_ptr<const RangeSet> targets, PolicyPtr policy, const BatchLimits& limits)
      : WindowedJob(job, cursor, end, kSweepWindow, std::move(policy), limits),
        targets_(std::move(targets)),
        order_(targets_->size(), job.seed()),
        port_(static_cast<uint16_t>(job.gate_port())) {}

  void TakeBatches(MonoTime now, bool flush, std::vector<proto::Batch>* out) override {
    while (auto result = window_.Pop()) {
      batch_.Add(*result, AddressOf(batch_.to()), now);
      if (batch_.Due(now)) Emit(out);
    }
    EmitDue(now, flush, out);
  }

 private:
  Address AddressOf(uint64_t index) const { return Address::V4(targets_->At(order_.At(index))); }
  size_t Room(Prober& prober) const override { return prober.KnockRoomFor(*policy_); }
  void Start(Prober& prober, uint64_t index) override {
    // A result may come when the job is gone: its lease was lost meanwhile.
    prober.Knock(policy_, AddressOf(index), port_,
                 [weak = weak_from_this(), index](KnockResult result) {
                   const auto job = std::static_pointer_cast<SweepJob>(weak.lock());
                   if (job == nullptr) return;
                   if (result == KnockResult::kNotSent) {
                     job->GiveBack(index);
                   } else {
                     job->Done(index, result);
                   }
                 });
  }

  std::shared_ptr<const RangeSet> targets_;
  Permutation order_;
  uint16_t port_;
};

class GrabJob final : public WindowedJob<proto::HostObservation, GrabBatch> {
 public:
  GrabJob(const proto::Job& job, uint64_t cursor, uint64_t end, size_t window, PolicyPtr policy,
          const BatchLimits& limits)
      : WindowedJob(job, cursor, end, window, std::move(policy), limits), base_(job.cursor()) {
    for (const std::string& bytes : job.targets()) addresses_.push_back(*Address::FromBytes(bytes));
    for (const uint32_t port : job.ports()) ports_.push_back(static_cast<uint16_t>(port));
  }

  void TakeBatches(MonoTime now, bool flush, std::vector<proto::Batch>* out) override {
    while (auto host = window_.Pop()) {
      if (batch_.Full(*host)) Emit(out);
      batch_.Add(std::move(*host), now);
      if (batch_.Due(now)) Emit(out);
    }
    EmitDue(now, flush, out);
  }

 private:
  size_t Room(Prober& prober) const override { return prober.VisitRoomFor(*policy_); }
  void Start(Prober& prober, uint64_t index) override {
    prober.Visit(policy_, addresses_[index - base_], ports_,
                 [weak = weak_from_this(), index](VisitResult result) {
                   const auto job = std::static_pointer_cast<GrabJob>(weak.lock());
                   if (job != nullptr) job->OnVisit(index, std::move(result));
                 });
  }

  void OnVisit(uint64_t index, VisitResult result) {
    if (result.end == VisitResult::End::kNotSent) {
      GiveBack(index);
      return;
    }
    // Nothing was sent: the ledger counts such a target apart from our failures.
    const bool untouched = result.end == VisitResult::End::kExcluded && result.ports.empty();
    // One entry a port whatever happened: what an exclusion cut off is our doing, not the host's.
    while (result.ports.size() < ports_.size()) {
      PortObservation missing;
      missing.port = ports_[result.ports.size()];
      missing.protocol = ProtocolOfPort(missing.port);
      missing.outcome = Outcome::kLocalError;
      missing.detail = "excluded";
      result.ports.push_back(std::move(missing));
    }
    proto::HostObservation host;
    host.set_excluded(untouched);
    host.set_answers_all(result.answers_all);
    host.set_address(std::string(addresses_[index - base_].bytes()));
    host.set_started_unix_ms(result.started_unix_ms);
    host.set_duration_ms(
        static_cast<uint32_t>(std::clamp<int64_t>(ToMillis(result.duration), 0, UINT32_MAX)));
    for (const PortObservation& port : result.ports) EncodePortObservation(port, host.add_ports());
    Done(index, std::move(host));
  }

  uint64_t base_;
  std::vector<Address> addresses_;
  std::vector<uint16_t> ports_;
};

bool IsPort(uint32_t port) {
  return port > 0 && port <= UINT16_MAX;
}

Status CheckSweep(const proto::Job& job, const RangeSet* targets) {
  if (targets == nullptr) return InvalidInput("no target set");
  if (targets->size() != job.target_set_size() || job.end() > targets->size()) {
    return InvalidInput(StrCat("the target set has ", targets->size(), " addresses"));
  }
  if (!IsPort(job.gate_port())) return InvalidInput("bad gate port");
  return Status::Ok();
}

Status CheckGrab(const proto::Job& job) {
  if (static_cast<uint64_t>(job.targets_size()) != job.end() - job.cursor()) {
    return InvalidInput("the targets are not those of its range");
  }
  for (const std::string& bytes : job.targets()) {
    if (!Address::FromBytes(bytes)) return InvalidInput("a target is no address");
  }
  const bool ports_ok = job.ports_size() > 0 && job.ports_size() <= kMaxPorts &&
                        std::all_of(job.ports().begin(), job.ports().end(), IsPort);
  return ports_ok ? Status::Ok() : InvalidInput("bad ports");
}

}  // namespace

Status CheckJob(const proto::Job& job, const RangeSet* targets) {
  if (job.end() <= job.cursor()) return InvalidInput("an empty range");
  if (job.kind() == proto::Job::SWEEP) return CheckSweep(job, targets);
  if (job.kind() == proto::Job::GRAB) return CheckGrab(job);
  return InvalidInput("an unknown kind of job");
}

std::shared_ptr<RunningJob> MakeSweep(const proto::Job& job, uint64_t cursor, uint64_t end,
                                      std::shared_ptr<const RangeSet> targets, PolicyPtr policy,
                                      const BatchLimits& limits) {
  return std::make_shared<SweepJob>(job, cursor, end, std::move(targets), std::move(policy),
                                    limits);
}

std::shared_ptr<RunningJob> MakeGrab(const proto::Job& job, uint64_t cursor, uint64_t end,
                                     size_t window, PolicyPtr policy, const BatchLimits& limits) {
  return std::make_shared<GrabJob>(job, cursor, end, window, std::move(policy), limits);
}

}  // namespace hark

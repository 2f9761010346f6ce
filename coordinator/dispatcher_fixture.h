#pragma once

// For tests: a Dispatcher over a real store in memory, its time and its disk told when to go on,
// and workers that are plain names.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/crc32c.h"
#include "base/outcome.h"
#include "coordinator/dispatcher.h"
#include "coordinator/plan.h"
#include "coordinator/run_registry.h"

namespace hark {

// A queue that makes things durable when told, in a real store.
class ManualQueue final : public CommitQueue {
 public:
  explicit ManualQueue(Store& store) : store_(store) {}
  void Submit(CommitItem item) override { waiting_.push_back(std::move(item)); }
  std::vector<uint64_t> TakeDurable() override { return std::exchange(durable_, {}); }
  void Flush() {
    for (CommitItem& item : waiting_) {
      const auto write = store_.NewWrite();
      EXPECT_TRUE(Ingest(item, geo_, "", store_, written_, *write).ok());
      EXPECT_TRUE(store_.Commit(*write, false).ok());
      if (item.ticket != 0) durable_.push_back(item.ticket);
    }
    waiting_.clear();
  }

 private:
  Store& store_;
  GeoTable geo_;
  RecentCertificates written_;
  std::vector<CommitItem> waiting_;
  std::vector<uint64_t> durable_;
};

inline constexpr uint64_t kPlanned = 256;

// One run over 127.9.0.0/24, whose .1 listens on the gate; workers are plain names.
class DispatcherTest : public testing::Test {
 protected:
  void SetUp() override {
    store_ = std::move(Store::OpenInMemory()).value();
    queue_ = std::make_unique<ManualQueue>(*store_);
    PlanOptions plan;
    plan.sources = RangeSet({*ParseRange("127.9.0.0/24")});
    plan.ports = {25};
    Tune(plan);
    run_ = OpenRun(*store_, *MakePlan(plan), "t", 0)->run;
    Restart();
  }

  // What a test wants of the run.
  virtual void Tune(PlanOptions&) {}
  int64_t UnixMillis() const { return 1'500'000'000'000 + ToMillis(now_.time_since_epoch()); }

  void Restart() {
    options_.lease = std::chrono::seconds(60);
    options_.heartbeat = std::chrono::seconds(2);
    options_.probes_per_second = 100;
    options_.expected_workers = 2;
    dispatcher_ = std::make_unique<Dispatcher>(
        options_, *queue_, [this](uint32_t run, uint32_t list, uint64_t from, uint64_t to) {
          return list == 0 ? store_->Listeners(run, from, to)
                           : store_->Revisits(run, list, from, to);
        });
    dispatcher_->AddRun(*LoadRun(*store_, store_->FindRun("t").value()), now_, UnixMillis());
    ++options_.epoch;
  }

  void Tick() {
    queue_->Flush();
    dispatcher_->OnTick(now_, UnixMillis());
  }

  // Sends, ticks nothing, and gives what comes back to this route.
  std::vector<proto::Envelope> Say(const std::string& worker, proto::Envelope envelope) {
    envelope.set_major(1);
    envelope.set_session(session_[worker]);
    dispatcher_->OnMessage("route-" + worker, worker, envelope, now_, UnixMillis());
    return Heard(worker);
  }
  std::vector<proto::Envelope> Heard(const std::string& worker) {
    for (auto& out : dispatcher_->TakeOutgoing()) mail_[out.route].push_back(out.envelope);
    return std::exchange(mail_["route-" + worker], {});
  }

  proto::Welcome Hello(const std::string& worker, uint64_t hello_id,
                       const std::vector<proto::HeldJob>& held = {}) {
    Heard(worker);  // mail from before
    proto::Envelope envelope;
    proto::Hello& hello = *envelope.mutable_hello();
    hello.set_hello_id(hello_id);
    hello.set_proto_min(1);
    hello.set_proto_max(1);
    for (const auto& job : held) *hello.add_held() = job;
    const auto answers = Say(worker, envelope);
    EXPECT_EQ(answers.size(), 1U);
    session_[worker] = answers.at(0).welcome().session();
    return answers.at(0).welcome();
  }

  // All that waits for the disk is written, too: a JOB comes after its lease. What else comes with
  // it is heard later.
  std::optional<proto::Job> AskForJob(const std::string& worker) {
    proto::Envelope envelope;
    envelope.mutable_request()->set_slots(1);
    Say(worker, envelope);
    Tick();
    std::optional<proto::Job> job;
    for (const auto& answer : Heard(worker)) {
      if (answer.has_job()) {
        job = answer.job();
      } else if (!answer.has_no_job()) {
        mail_["route-" + worker].push_back(answer);
      }
    }
    return job;
  }

  proto::Batch BatchOf(const proto::Job& job, uint64_t seq, uint64_t from, uint64_t to,
                       const proto::BatchPayload& payload) {
    proto::Batch batch;
    batch.set_run(job.run());
    batch.set_job(job.job());
    *batch.mutable_token() = job.token();
    batch.set_seq(seq);
    batch.set_from_index(from);
    batch.set_to_index(to);
    batch.set_final(to == job.end());
    batch.set_payload(payload.SerializeAsString());
    batch.set_crc32c(Crc32c(batch.payload()));
    return batch;
  }

  // What an honest worker would find in [from, to) of a sweep.
  proto::Batch SweepBatch(const proto::Job& job, uint64_t seq, uint64_t from, uint64_t to) {
    proto::BatchPayload payload;
    const RunState& run = *dispatcher_->FindRun(job.run());
    TargetStates states;
    for (uint64_t i = from; i < to; ++i) {
      const bool hit_here = run.TargetAt(i) == *Address::Parse("127.9.0.1");
      states.Add(hit_here ? TargetState::kAnswered : TargetState::kRefused);
      if (!hit_here) continue;
      proto::SweepHit& hit = *payload.mutable_sweep()->add_hits();
      hit.set_index(i);
      hit.set_address(std::string(run.TargetAt(i).bytes()));
    }
    const auto hits = static_cast<uint64_t>(payload.sweep().hits_size());
    payload.mutable_sweep()->set_refused(to - from - hits);
    payload.mutable_sweep()->set_states(states.bytes());
    return BatchOf(job, seq, from, to, payload);
  }

  proto::Ack SendBatch(const std::string& worker, const proto::Batch& batch) {
    proto::Envelope envelope;
    *envelope.mutable_batch() = batch;
    const auto answers = Say(worker, envelope);
    return answers.empty() ? proto::Ack() : answers.at(0).ack();
  }

  DispatcherOptions options_;
  MonoTime now_{std::chrono::hours(1)};
  std::unique_ptr<Store> store_;
  std::unique_ptr<ManualQueue> queue_;
  proto::RunRow run_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::map<std::string, uint64_t> session_;
  std::map<std::string, std::vector<proto::Envelope>> mail_;
};

}  // namespace hark

// What a sweep saw of each target: once each in the store, whatever is cut off, repeated or redone.

#include <gtest/gtest.h>

#include "coordinator/dispatcher_fixture.h"
#include "storage/run_order.h"

namespace hark {
namespace {

class DispatcherStatesTest : public DispatcherTest {
 protected:
  // [first, end) of each row; the states in index order.
  struct Stored {
    std::vector<std::pair<uint64_t, uint64_t>> rows;
    TargetStates states;
  };
  Stored Read() {
    Stored out;
    EXPECT_TRUE(store_
                    ->ForEachSwept(run_.id(),
                                   [&](uint64_t first, const proto::SweptRow& row) {
                                     const auto states =
                                         *TargetStates::Decode(row.states(), row.targets());
                                     out.rows.emplace_back(first, first + row.targets());
                                     for (uint64_t i = 0; i < states.size(); ++i) {
                                       out.states.Add(states.At(i));
                                     }
                                     return Status::Ok();
                                   })
                    .ok());
    return out;
  }

  // With other states than the counts and hits ask for.
  proto::Batch WithStates(const proto::Job& job, const TargetStates& states) {
    proto::Batch batch = SweepBatch(job, 0, 0, kPlanned);
    proto::BatchPayload payload;
    EXPECT_TRUE(payload.ParseFromString(batch.payload()));
    payload.mutable_sweep()->set_states(states.bytes());
    return BatchOf(job, 0, 0, kPlanned, payload);
  }

  uint64_t Listener() {
    const RunState& run = *dispatcher_->FindRun(run_.id());
    uint64_t index = 0;
    while (run.TargetAt(index) != *Address::Parse("127.9.0.1")) ++index;
    return index;
  }

  using Rows = std::vector<std::pair<uint64_t, uint64_t>>;
};

TEST_F(DispatcherStatesTest, ARepeatedBatchIsStoredOnce) {
  Hello("a", 1);
  const proto::Job job = *AskForJob("a");
  SendBatch("a", SweepBatch(job, 0, 0, 100));
  SendBatch("a", SweepBatch(job, 0, 0, 100));
  SendBatch("a", SweepBatch(job, 1, 100, kPlanned));
  Tick();
  SendBatch("a", SweepBatch(job, 0, 0, 100));
  Tick();
  const Stored stored = Read();
  EXPECT_EQ(stored.rows, (Rows{{0, 100}, {100, kPlanned}}));
  EXPECT_EQ(stored.states.At(Listener()), TargetState::kAnswered);
  EXPECT_EQ(stored.states.Count()[static_cast<size_t>(TargetState::kRefused)], kPlanned - 1);
}

TEST_F(DispatcherStatesTest, WhatIsRedoneAfterAKillReplacesNothingAndLeavesNoHole) {
  Hello("a", 1);
  proto::Job job = *AskForJob("a");
  SendBatch("a", SweepBatch(job, 0, 0, 60));
  Tick();
  SendBatch("a", SweepBatch(job, 1, 60, 130));
  queue_ = std::make_unique<ManualQueue>(*store_);  // killed before that is written
  Restart();
  EXPECT_EQ(Read().rows, (Rows{{0, 60}}));
  Hello("b", 2);
  now_ += std::chrono::minutes(5);  // the lease of a is over
  Tick();
  Hello("b", 3);
  job = *AskForJob("b");
  EXPECT_EQ(job.cursor(), 60U);
  SendBatch("b", SweepBatch(job, 0, 60, 100));
  SendBatch("b", SweepBatch(job, 1, 100, kPlanned));
  Tick();
  EXPECT_EQ(Read().rows, (Rows{{0, 60}, {60, 100}, {100, kPlanned}}));
  EXPECT_EQ(dispatcher_->FindRun(run_.id())->LedgerError(), "");
}

TEST_F(DispatcherStatesTest, StatesThatAreNotTheCountsOrHitsCostTheLease) {
  Hello("a", 1);
  const proto::Job job = *AskForJob("a");
  TargetStates states;
  for (uint64_t i = 0; i < kPlanned; ++i) states.Add(TargetState::kRefused);
  EXPECT_EQ(SendBatch("a", WithStates(job, states)).status(), proto::Ack::BAD) << "counts";
  states.Set(Listener() == 0 ? 1 : 0, TargetState::kAnswered);
  const proto::Job again = *AskForJob("a");
  EXPECT_EQ(SendBatch("a", WithStates(again, states)).status(), proto::Ack::BAD) << "hits";
  Tick();
  EXPECT_TRUE(Read().rows.empty());
}

TEST_F(DispatcherStatesTest, ALedgerThatDoesNotAddUpIsSaid) {
  std::vector<proto::JobRow> jobs = *store_->Jobs(run_.id());
  jobs[0].set_cursor(10);
  jobs[0].mutable_tally()->set_silent(9);
  const auto write = store_->NewWrite();
  write->PutJob(run_.id(), jobs[0]);
  ASSERT_TRUE(store_->Commit(*write, false).ok());
  EXPECT_EQ(LoadRun(*store_, run_)->LedgerError(), "job 1 is through with 10 targets and counts 9");
}

}  // namespace
}  // namespace hark

// Workers that are sent away: revoked, and drained by the operator.

#include "coordinator/dispatcher_fixture.h"

namespace hark {
namespace {

class DispatcherFleetTest : public DispatcherTest {
 protected:
  std::vector<proto::Envelope> Beat(const std::string& worker) {
    proto::Envelope envelope;
    envelope.mutable_heartbeat();
    return Say(worker, envelope);
  }
};

TEST_F(DispatcherFleetTest, ARevokedWorkersLeaseGoesToAnotherAtOnceFromItsCursor) {
  Hello("a", 1);
  Hello("b", 2);
  const auto job = AskForJob("a");
  ASSERT_TRUE(job);
  SendBatch("a", SweepBatch(*job, 0, job->cursor(), job->cursor() + 10));
  Tick();
  Heard("a");

  dispatcher_->Dismiss("a", now_);
  const auto words = Heard("a");
  ASSERT_EQ(words.size(), 1U);
  EXPECT_EQ(words[0].reject().code(), proto::Reject::REVOKED);
  EXPECT_FALSE(dispatcher_->HasSession("a"));
  const auto again = AskForJob("b");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->job(), job->job());
  EXPECT_EQ(again->cursor(), job->cursor() + 10) << "what was accepted before stays";
}

TEST_F(DispatcherFleetTest, ARevokedWorkersBatchOnItsWayChangesNothing) {
  Hello("a", 1);
  const auto job = AskForJob("a");
  ASSERT_TRUE(job);
  dispatcher_->Dismiss("a", now_);
  Heard("a");
  proto::Envelope envelope;
  *envelope.mutable_batch() = SweepBatch(*job, 0, job->cursor(), job->cursor() + 10);
  const auto answers = Say("a", envelope);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_TRUE(answers[0].has_need_hello());
  EXPECT_EQ(dispatcher_->FindRun(job->run())->Sum().covered, 0U);
}

TEST_F(DispatcherFleetTest, AWorkerRevokedWhileAwayLosesItsLeasesToo) {
  Hello("a", 1);
  ASSERT_TRUE(AskForJob("a"));
  dispatcher_->OnGone("route-a", now_);
  dispatcher_->Dismiss("a", now_);
  Hello("b", 2);
  EXPECT_TRUE(AskForJob("b"));
}

TEST_F(DispatcherFleetTest, TheRateOfARevokedWorkerIsNotGivenAwayWhileItMayStillProbe) {
  EXPECT_EQ(Hello("a", 1).probes_per_second(), 50);
  EXPECT_EQ(Hello("b", 2).probes_per_second(), 50);
  dispatcher_->Dismiss("a", now_);
  EXPECT_EQ(Hello("c", 3).probes_per_second(), 0);
  now_ += options_.lease;
  EXPECT_GT(Hello("c", 4).probes_per_second(), 0);
}

TEST_F(DispatcherFleetTest, ADrainingWorkerGetsNothingNewAndIsToldToGo) {
  Hello("a", 1);
  const auto job = AskForJob("a");
  ASSERT_TRUE(job);
  dispatcher_->SetDraining({"a"});
  const auto answers = Beat("a");
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].heartbeat_ack().command(), proto::HeartbeatAck::DRAIN);
  EXPECT_FALSE(AskForJob("a"));
  // What it has under way is still taken.
  SendBatch("a", SweepBatch(*job, 0, job->cursor(), job->cursor() + 10));
  EXPECT_EQ(dispatcher_->FindRun(job->run())->Sum().covered, 10U);

  dispatcher_->SetDraining({});
  EXPECT_EQ(Beat("a").at(0).heartbeat_ack().command(), proto::HeartbeatAck::NONE);
}

}  // namespace
}  // namespace hark

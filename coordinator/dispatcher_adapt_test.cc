// --adapt, from batches with rechecks to the rates that workers are told.

#include <gtest/gtest.h>

#include "base/log.h"
#include "coordinator/dispatcher_fixture.h"

namespace hark {
namespace {

using std::chrono::seconds;

class DispatcherAdaptTest : public DispatcherTest {
 protected:
  void SetUp() override {
    SetLogLevel(LogLevel::kError);
    DispatcherTest::SetUp();
    Greet("a");
    job_ = *AskForJob("a");
  }
  void TearDown() override { SetLogLevel(LogLevel::kWarning); }
  void Tune(PlanOptions& plan) override {
    plan.policy.set_adapt(adapts_);
    plan.policy.set_recheck(0.1);
    plan.policy.set_connect_timeout_ms(4000);
  }

  void Greet(const std::string& worker) {
    proto::Envelope envelope;
    envelope.set_minor(2);
    proto::Hello& hello = *envelope.mutable_hello();
    hello.set_hello_id(1);
    hello.set_proto_min(1);
    hello.set_proto_max(1);
    hello.set_name(worker);
    const auto answers = Say(worker, envelope);
    session_[worker] = answers.at(0).welcome().session();
    obeyed_ = answers.at(0).welcome().orders().version();
  }

  struct Found {
    uint64_t first = 0;  // listeners that answered at first
    uint64_t again = 0;
    uint64_t rechecked = 0;
  };
  // So many more indices of the job, and a second later.
  void Sweep(uint64_t n, const Found& found) {
    proto::BatchPayload payload;
    proto::SweepResult& sweep = *payload.mutable_sweep();
    for (uint64_t i = cursor_; i < cursor_ + found.first + found.again; ++i) {
      proto::SweepHit& hit = *sweep.add_hits();
      hit.set_index(i);
      hit.set_address(std::string(dispatcher_->FindRun(job_.run())->TargetAt(i).bytes()));
    }
    sweep.set_silent(n - found.first - found.again);
    sweep.set_rechecked(found.rechecked);
    sweep.set_found_again(found.again);
    SendBatch("a", BatchOf(job_, seq_++, cursor_, cursor_ + n, payload));
    cursor_ += n;
    Wait(1);
  }
  void Wait(int64_t n) {
    for (int64_t i = 0; i < n; ++i) {
      now_ += seconds(1);
      Tick();
      Obey(Heard("a"));
      proto::Envelope beat;
      beat.mutable_heartbeat()->set_orders_version(obeyed_);
      proto::HeldJob& held = *beat.mutable_heartbeat()->add_held();
      held.set_run(job_.run());
      held.set_job(job_.job());
      *held.mutable_token() = job_.token();
      held.set_low_seq(seq_);
      held.set_next_seq(seq_ + 1);
      held.set_cursor(cursor_);
      Obey(Say("a", beat));
    }
  }
  // Answers the orders among them, and keeps the run's rate.
  void Obey(const std::vector<proto::Envelope>& answers) {
    for (const auto& answer : answers) {
      if (!answer.has_orders()) continue;
      told_ = answer.orders().rates_size() > 0 ? answer.orders().rates(0).probes_per_second() : 0;
      obeyed_ = answer.orders().version();
      proto::Envelope ack;
      ack.mutable_orders_ack()->set_version(obeyed_);
      Obey(Say("a", ack));
    }
  }
  proto::RunStatus Status() { return dispatcher_->FleetView({}, now_, UnixMillis()).runs(0); }

  bool adapts_ = true;
  proto::Job job_;
  uint64_t seq_ = 0, cursor_ = 0, obeyed_ = 0;
  double told_ = 0;
};

constexpr double kCeiling = 100;  // of the fixture

TEST_F(DispatcherAdaptTest, TellsWorkersToGoSlowerWhenRechecksFindWhatWasLost) {
  EXPECT_TRUE(Status().adapts());
  EXPECT_EQ(Status().loss(), -1);
  EXPECT_EQ(Status().rate_adapted(), 0);
  Sweep(100, {30, 10, 30});
  const proto::RunStatus status = Status();
  EXPECT_NEAR(status.loss(), 0.44, 0.02);
  EXPECT_NEAR(status.rate_adapted(), kCeiling * (1 - status.loss()) * RateAdapter::kMargin, 1e-6);
  EXPECT_NEAR(status.rate_ceiling(), status.rate_adapted(), 1e-6);
  // One of two workers that are expected.
  EXPECT_NEAR(told_, status.rate_adapted() / 2, 1e-6);
}

TEST_F(DispatcherAdaptTest, WaitsUntilWhatWasSentBeforeIsKnownAndThenGoesFasterAgain) {
  Sweep(60, {20, 10, 25});
  const double lowered = Status().rate_adapted();
  ASSERT_GT(lowered, 0);
  Sweep(20, {1, 10, 15});
  EXPECT_EQ(Status().rate_adapted(), lowered) << "that was sent before";
  Wait(60);  // a sample of 102 at a tenth of 30/s, and two cooldowns
  Sweep(150, {100, 0, 45});
  EXPECT_GT(Status().rate_adapted(), lowered);
  EXPECT_EQ(Status().loss(), 0);
}

TEST_F(DispatcherAdaptTest, NeverGivesMoreThanTheOperatorsOwnCeiling) {
  proto::RunSettings settings;
  settings.set_probes_per_second(40);
  ASSERT_TRUE(dispatcher_->ChangeRun(job_.run(), settings, now_, UnixMillis()));
  Wait(2);
  EXPECT_NEAR(Status().rate_ceiling(), 40, 1e-6);
  Sweep(100, {30, 10, 30});
  EXPECT_LT(Status().rate_ceiling(), 40);
  EXPECT_GT(Status().rate_ceiling(), 40 * RateAdapter::kDeepestCut);
}

TEST_F(DispatcherAdaptTest, BeginsAnewAfterARestart) {
  Sweep(100, {30, 10, 30});
  ASSERT_GT(Status().rate_adapted(), 0);
  Restart();
  EXPECT_EQ(Status().rate_adapted(), 0);
}

class DispatcherNoAdaptTest : public DispatcherAdaptTest {
 protected:
  DispatcherNoAdaptTest() { adapts_ = false; }
};

TEST_F(DispatcherNoAdaptTest, LossAloneChangesNothing) {
  Sweep(100, {30, 10, 30});
  EXPECT_FALSE(Status().adapts());
  EXPECT_EQ(Status().rate_adapted(), 0);
  EXPECT_NEAR(Status().rate_ceiling(), kCeiling, 1e-6);
}

}  // namespace
}  // namespace hark

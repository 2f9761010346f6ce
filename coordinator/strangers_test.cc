// Workers that are let in and do not behave: what they can do is bounded, and only to themselves.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/log.h"
#include "coordinator/dispatcher_fixture.h"

namespace hark {
namespace {

using std::chrono::seconds;

class StrangersTest : public DispatcherTest {
 protected:
  void SetUp() override {
    SetLogLevel(LogLevel::kError);  // what they do is logged as warnings
    SetLogSink([this](LogLevel, std::string_view line) { errors_ += line; });
    DispatcherTest::SetUp();
  }
  void TearDown() override {
    SetLogSink(nullptr);
    SetLogLevel(LogLevel::kWarning);
  }

  // The answer to a HELLO, which need not be a WELCOME.
  proto::Envelope Greet(const std::string& worker, uint64_t hello_id, uint64_t boot_id) {
    proto::Envelope envelope;
    proto::Hello& hello = *envelope.mutable_hello();
    hello.set_hello_id(hello_id);
    hello.set_boot_id(boot_id);
    hello.set_proto_min(1);
    hello.set_proto_max(1);
    const auto answers = Say(worker, envelope);
    EXPECT_EQ(answers.size(), 1U);
    if (answers.at(0).has_welcome()) session_[worker] = answers.at(0).welcome().session();
    return answers.at(0);
  }
  bool IsOut(const std::string& worker) {
    proto::Envelope request;
    request.mutable_request()->set_slots(1);
    const auto answers = Say(worker, request);
    return !answers.empty() && answers.back().reject().code() == proto::Reject::QUARANTINED;
  }
  double Beat(const std::string& worker, double applied) {
    proto::Envelope beat;
    beat.mutable_heartbeat()->mutable_load()->set_applied_pps(applied);
    const auto answers = Say(worker, beat);
    return answers.empty() ? -1 : answers.at(0).heartbeat_ack().probes_per_second();
  }

  std::string errors_;
};

// Failure table, row 25.
TEST_F(StrangersTest, OneKeyInTwoProcessesIsShutOutAfterThreeSwapsInAMinute) {
  for (uint64_t turn = 0; turn < 4; ++turn) {
    EXPECT_TRUE(Greet("a", turn, turn % 2).has_welcome()) << turn;
    now_ += seconds(5);
  }
  EXPECT_EQ(Greet("a", 9, 0).reject().code(), proto::Reject::QUARANTINED);
  EXPECT_TRUE(IsOut("a"));
  EXPECT_NE(errors_.find("two processes"), std::string::npos) << errors_;
  EXPECT_TRUE(Greet("b", 1, 1).has_welcome());
}

TEST_F(StrangersTest, AWorkerThatIsRestartedOverAndOverIsNotTakenForTwo) {
  for (uint64_t boot = 0; boot < 40; ++boot) EXPECT_TRUE(Greet("a", boot, boot).has_welcome());
  for (uint64_t again = 0; again < 40; ++again) {  // reconnects of the last one
    EXPECT_TRUE(Greet("a", 100 + again, 39).has_welcome());
  }
}

TEST_F(StrangersTest, SwapsThatAreRareAreHellosThatLayInADeadConnection) {
  for (uint64_t turn = 0; turn < 20; ++turn) {
    EXPECT_TRUE(Greet("a", turn, turn % 2).has_welcome()) << turn;
    now_ += seconds(31);
  }
}

TEST_F(StrangersTest, ListsLongerThanAnyWorkersAreNotAnsweredAndStrike) {
  Hello("a", 1);
  proto::Envelope envelope;
  for (int i = 0; i < 5000; ++i) envelope.mutable_heartbeat()->add_held();
  EXPECT_TRUE(Say("a", envelope).empty());
  envelope.mutable_heartbeat()->clear_held();
  for (int i = 0; i < 100; ++i) envelope.mutable_heartbeat()->mutable_load()->add_outcomes(1);
  EXPECT_TRUE(Say("a", envelope).empty());
  EXPECT_FALSE(IsOut("a"));
  for (int i = 0; i < 5000; ++i) envelope.mutable_hello()->add_held();
  EXPECT_TRUE(Say("a", envelope).empty());
  EXPECT_TRUE(IsOut("a"));
}

TEST_F(StrangersTest, AClaimedRateTakesNothingFromTheOthersThatWasNotGranted) {
  const double mine = Hello("a", 1).probes_per_second();
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double claim : {1e300, infinity, std::nan(""), -infinity, -1.0}) {
    Beat("a", claim);
    EXPECT_DOUBLE_EQ(Hello("b", 2).probes_per_second(), 100 - mine) << claim;
    Beat("a", mine);
  }
}

TEST_F(StrangersTest, ARateKeptUpAfterItWasTakenBackEndsTheSessionAndThenTheKey) {
  options_.expected_workers = 1;
  for (uint64_t life = 1; life <= 3; ++life) {
    Hello("a", life);
    Hello("b", 10 + life);
    Hello("c", 20 + life);
    for (int beat = 0; beat < 12; ++beat) {
      Beat("a", 100);
      Beat("b", 0);
      Beat("c", 0);
      now_ += seconds(1);
    }
    EXPECT_FALSE(dispatcher_->HasSession("a")) << life;
  }
  EXPECT_TRUE(IsOut("a"));
}

TEST_F(StrangersTest, SlowNewsOfALowerRateIsNoDisobedience) {
  Hello("a", 1);
  Beat("a", 50);
  Hello("b", 2);
  Hello("c", 3);
  for (int beat = 0; beat < 3; ++beat) {  // its answers are late
    Beat("a", 50);
    now_ += seconds(2);
  }
  const double granted = Beat("a", 50);
  for (int beat = 0; beat < 20; ++beat) {
    Beat("a", granted);
    now_ += seconds(2);
  }
  EXPECT_TRUE(dispatcher_->HasSession("a"));
}

TEST_F(StrangersTest, AnotherWorkersJobCannotBeAnsweredReleasedOrTrimmed) {
  Hello("a", 1);
  Hello("b", 2);
  const proto::Job job = *AskForJob("a");
  EXPECT_EQ(SendBatch("b", SweepBatch(job, 0, 0, 10)).status(), proto::Ack::STALE);
  proto::Envelope release, trim, beat;
  release.mutable_release()->set_run(job.run());
  release.mutable_release()->set_job(job.job());
  *release.mutable_release()->mutable_token() = job.token();
  EXPECT_TRUE(Say("b", release).empty());
  trim.mutable_trim_ack()->set_run(job.run());
  trim.mutable_trim_ack()->set_job(job.job());
  *trim.mutable_trim_ack()->mutable_token() = job.token();
  trim.mutable_trim_ack()->set_accepted_end(1);
  EXPECT_TRUE(Say("b", trim).empty());
  proto::HeldJob& held = *beat.mutable_heartbeat()->add_held();
  held.set_run(job.run());
  held.set_job(job.job());
  *held.mutable_token() = job.token();
  EXPECT_EQ(Say("b", beat).at(0).heartbeat_ack().held(0).kind(), proto::Verdict::ABANDON);
  EXPECT_EQ(SendBatch("a", SweepBatch(job, 0, 0, 10)).status(), proto::Ack::OK);
}

TEST_F(StrangersTest, ASessionOfAnotherWorkerOpensNothing) {
  Hello("a", 1);
  Hello("b", 2);
  session_["b"] = session_["a"];
  proto::Envelope request;
  request.mutable_request()->set_slots(1);
  EXPECT_TRUE(Say("b", request).at(0).has_need_hello());
}

// Failure table, row 12.
TEST_F(StrangersTest, ADamagedBatchIsBadAndNothingOfItIsKept) {
  const auto damage = [](proto::Batch& batch, int how) {
    switch (how) {
      case 0:
        batch.set_crc32c(batch.crc32c() + 1);
        break;
      case 1:
        batch.set_payload(std::string(600 << 10, 'x'));
        batch.set_crc32c(Crc32c(batch.payload()));
        break;
      case 2:
        batch.set_codec(proto::Batch::ZSTD);
        batch.set_raw_bytes(0xffffffff);
        break;
      case 3:
        batch.set_to_index(std::numeric_limits<uint64_t>::max());
        break;
      default:
        batch.set_from_index(batch.from_index() + 1);
        break;
    }
  };
  for (int how = 0; how < 5; ++how) {
    const std::string worker = "w" + std::to_string(how);
    Hello(worker, 1);
    proto::Batch batch = SweepBatch(*AskForJob(worker), 0, 0, 100);
    damage(batch, how);
    EXPECT_EQ(SendBatch(worker, batch).status(), proto::Ack::BAD) << how;
  }
  EXPECT_EQ(dispatcher_->FindRun(run_.id())->Sum().covered, 0U);
}

}  // namespace
}  // namespace hark

// A JOB goes out when its lease is written: what happens in between.

#include <gtest/gtest.h>

#include "coordinator/dispatcher_fixture.h"

namespace hark {
namespace {

using std::chrono::seconds;

class DispatcherLeasesTest : public DispatcherTest {
 protected:
  // Asks, and nothing is written. What is said at once.
  std::vector<proto::Envelope> Ask(const std::string& worker, uint32_t slots = 1) {
    proto::Envelope envelope;
    envelope.mutable_request()->set_slots(slots);
    return Say(worker, envelope);
  }
  // What is written by now comes to those who wait for it.
  std::vector<proto::Envelope> Written(const std::string& worker) {
    Tick();
    return Heard(worker);
  }
  void GreetWithOrders(const std::string& worker) {
    proto::Envelope envelope;
    envelope.set_minor(2);
    envelope.mutable_hello()->set_hello_id(1);
    envelope.mutable_hello()->set_proto_min(1);
    envelope.mutable_hello()->set_proto_max(1);
    session_[worker] = Say(worker, envelope).at(0).welcome().session();
  }
  void Pause(bool paused) {
    proto::RunSettings settings = dispatcher_->FindRun(run_.id())->run().settings();
    settings.set_paused(paused);
    ASSERT_TRUE(dispatcher_->ChangeRun(run_.id(), settings, now_, UnixMillis()));
  }
  static proto::HeldJob Holds(const proto::Job& job) {
    proto::HeldJob held;
    held.set_run(job.run());
    held.set_job(job.job());
    *held.mutable_token() = job.token();
    return held;
  }
  proto::JobRow RowOf(uint32_t job) {
    const std::vector<proto::JobRow> rows = *store_->Jobs(run_.id());
    for (const proto::JobRow& row : rows) {
      if (row.id() == job) return row;
    }
    return {};
  }
  // Ones that are easy to guess: the first lease of this coordinator.
  proto::Job Guessed() {
    proto::Job job;
    job.set_run(run_.id());
    job.set_job(store_->Jobs(run_.id())->at(0).id());
    job.mutable_token()->set_epoch(options_.epoch - 1);
    job.mutable_token()->set_counter(1);
    job.set_end(kPlanned);
    return job;
  }
};

TEST_F(DispatcherLeasesTest, AJobIsSentWhenItsLeaseIsWrittenAndCountsFromThen) {
  Hello("a", 1);
  EXPECT_TRUE(Ask("a").empty());
  dispatcher_->OnTick(now_, UnixMillis());
  EXPECT_TRUE(Heard("a").empty()) << "not written yet";
  now_ += seconds(5);  // of a slow disk
  const auto answers = Written("a");
  ASSERT_EQ(answers.size(), 1U);
  const proto::Job job = answers[0].job();
  EXPECT_EQ(RowOf(job.job()).state(), proto::JobRow::LEASED);
  EXPECT_EQ(RowOf(job.job()).token().counter(), job.token().counter());
  now_ += seconds(59);
  dispatcher_->OnTick(now_, UnixMillis());
  EXPECT_EQ(dispatcher_->FindRun(run_.id())->LeasesOf("a"), 1U);
  now_ += seconds(2);
  dispatcher_->OnTick(now_, UnixMillis());
  EXPECT_EQ(dispatcher_->FindRun(run_.id())->LeasesOf("a"), 0U);
}

TEST_F(DispatcherLeasesTest, WhileTheDiskIsSlowALeaseDoesNotExpireUnheard) {
  Hello("a", 1);
  Ask("a");
  for (int i = 0; i < 40; ++i) {
    now_ += seconds(5);
    proto::Envelope beat;
    beat.mutable_heartbeat();
    Say("a", beat);
    dispatcher_->OnTick(now_, UnixMillis());
  }
  EXPECT_EQ(dispatcher_->FindRun(run_.id())->LeasesOf("a"), 1U);
  EXPECT_TRUE(Written("a").at(0).has_job());
}

TEST_F(DispatcherLeasesTest, WhoAsksAgainIsNotGivenTwiceAndHearsThatThereIsNoMoreAfterItsJobs) {
  Hello("a", 1);
  EXPECT_TRUE(Ask("a", 3).empty()) << "one job is all there is";
  EXPECT_TRUE(Ask("a", 1).empty());
  EXPECT_TRUE(Ask("a", 2).empty());
  EXPECT_EQ(dispatcher_->FindRun(run_.id())->LeasesOf("a"), 1U);
  const auto answers = Written("a");
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_TRUE(answers[0].has_job());
  EXPECT_TRUE(answers[1].has_no_job());
  EXPECT_TRUE(Written("a").empty());
  EXPECT_TRUE(Ask("a", 1).at(0).has_no_job()) << "nothing to wait for";
}

TEST_F(DispatcherLeasesTest, WhenItsSessionEndsTheJobIsAnothersAtOnce) {
  Hello("a", 1);
  Hello("b", 1);
  Ask("a");
  proto::Envelope bye;
  bye.mutable_bye();
  Say("a", bye);
  EXPECT_TRUE(Ask("b").empty());
  EXPECT_TRUE(Written("a").empty());
  const proto::Job job = Heard("b").at(0).job();
  EXPECT_EQ(job.token().counter(), 2U);
  EXPECT_EQ(RowOf(job.job()).worker(), "b");
  EXPECT_FALSE(RowOf(job.job()).suspect()) << "nobody died of it";
}

TEST_F(DispatcherLeasesTest, AHelloMeanwhileTakesItBackWithoutBlame) {
  Hello("a", 1);
  Ask("a");
  Hello("a", 2);
  EXPECT_EQ(dispatcher_->FindRun(run_.id())->LeasesOf("a"), 0U);
  EXPECT_TRUE(Written("a").empty()) << "the old session's";
  EXPECT_FALSE(AskForJob("a")->token().counter() == 1);
  EXPECT_FALSE(RowOf(1).suspect());
}

TEST_F(DispatcherLeasesTest, ARunThatIsPausedOrCancelledMeanwhileSendsNothing) {
  Hello("a", 1);
  Ask("a");
  Pause(true);
  auto answers = Written("a");
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_TRUE(answers[0].has_no_job());
  EXPECT_EQ(dispatcher_->FindRun(run_.id())->LeasesOf("a"), 0U);
  Pause(false);
  Ask("a");
  proto::RunSettings settings = dispatcher_->FindRun(run_.id())->run().settings();
  settings.set_cancelled(true);
  ASSERT_TRUE(dispatcher_->ChangeRun(run_.id(), settings, now_, UnixMillis()));
  answers = Written("a");
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_TRUE(answers[0].has_no_job());
}

TEST_F(DispatcherLeasesTest, UnderPressureAndWhileDrainingWhatWaitedIsTakenBack) {
  Hello("a", 1);
  Ask("a");
  dispatcher_->SetPressure("the disk is full", now_);
  EXPECT_TRUE(Written("a").at(0).has_no_job());
  dispatcher_->SetPressure("", now_);
  Ask("a");
  dispatcher_->SetDraining({"a"});
  EXPECT_TRUE(Written("a").at(0).has_no_job());
  EXPECT_EQ(dispatcher_->FindRun(run_.id())->LeasesOf("a"), 0U);
}

TEST_F(DispatcherLeasesTest, TheOptOutsOfAJobAreThoseOfWhenItIsSent) {
  Hello("old", 1);
  Ask("old");
  dispatcher_->SetOptOuts(1, RangeSet({*ParseRange("127.9.0.5")}), now_);
  const auto answers = Written("old");
  ASSERT_EQ(answers.size(), 1U);
  ASSERT_TRUE(answers[0].has_job()) << "no reason to take it back";
  EXPECT_EQ(answers[0].job().exclusions(answers[0].job().exclusions_size() - 1),
            std::string("\x7f\x09\x00\x05\x7f\x09\x00\x05", 8));
  dispatcher_->SetOptOuts(2, RangeSet({*ParseRange("127.9.0.6")}), now_);
  EXPECT_EQ(dispatcher_->FindRun(run_.id())->LeasesOf("old"), 0U) << "this one lacks them";
  GreetWithOrders("new");
  Ask("new");
  dispatcher_->SetOptOuts(3, RangeSet({*ParseRange("127.9.0.7")}), now_);
  for (const auto& answer : Written("new")) {
    if (!answer.has_job()) continue;
    EXPECT_EQ(answer.job().exclusions_version(), 3U);
  }
  EXPECT_EQ(dispatcher_->FindRun(run_.id())->LeasesOf("new"), 1U);
}

TEST_F(DispatcherLeasesTest, NobodyIsAskedForTheTailOfAJobItHasNotHeardOf) {
  options_.min_sweep_tail = 2;
  Restart();
  Hello("a", 1);
  Hello("b", 1);
  Ask("a");
  EXPECT_TRUE(Ask("b").at(0).has_no_job());
  EXPECT_TRUE(Heard("a").empty());
  ASSERT_TRUE(Written("a").at(0).has_job());
  EXPECT_TRUE(Ask("b").at(0).has_no_job());
  EXPECT_TRUE(Heard("a").at(0).has_trim());
}

TEST_F(DispatcherLeasesTest, AWorkerThatGuessesATokenHoldsNothing) {
  Hello("a", 1);
  Ask("a");
  EXPECT_EQ(SendBatch("a", SweepBatch(Guessed(), 0, 0, 100)).status(), proto::Ack::STALE);
  proto::Envelope envelope;
  *envelope.mutable_heartbeat()->add_held() = Holds(Guessed());
  EXPECT_EQ(Say("a", envelope).at(0).heartbeat_ack().held(0).kind(), proto::Verdict::ABANDON);
  envelope.mutable_release()->set_run(run_.id());
  envelope.mutable_release()->set_job(Guessed().job());
  *envelope.mutable_release()->mutable_token() = Guessed().token();
  Say("a", envelope);
  const auto answers = Written("a");
  ASSERT_EQ(answers.size(), 1U);
  const proto::Job job = answers[0].job();
  EXPECT_EQ(job.token().counter(), Guessed().token().counter());
  EXPECT_EQ(SendBatch("a", SweepBatch(job, 1, 0, 10)).status(), proto::Ack::GAP) << "now it does";
}

TEST_F(DispatcherLeasesTest, ARestartKeepsEveryLeaseThatWasSentAndBlamesNobodyForOneThatWasNot) {
  Hello("a", 1);
  const proto::Job job = *AskForJob("a");
  Restart();  // with the rows that were written, as after kill -9
  EXPECT_EQ(Hello("a", 2, {Holds(job)}).held(0).kind(), proto::Verdict::KEEP);
  Restart();
  Hello("a", 3);  // as if it had never been sent
  Tick();
  EXPECT_EQ(RowOf(job.job()).state(), proto::JobRow::PENDING);
  EXPECT_FALSE(RowOf(job.job()).suspect());
  EXPECT_EQ(RowOf(job.job()).no_progress(), 0U);
}

// A worker whose sweeps cost it no sockets asks for them by name.
TEST_F(DispatcherLeasesTest, SweepsAskedForByNameComeBesidesVisitsWhichAreNoSweeps) {
  EXPECT_NE(Hello("a", 1).features() & proto::FEATURE_SWEEPS_APART, 0U);
  GreetWithOrders("a");
  proto::Envelope envelope;
  envelope.mutable_request()->set_sweeps_apart(true);
  envelope.mutable_request()->set_slots(2);
  envelope.mutable_request()->add_sweeps_of(run_.id());
  envelope.mutable_request()->add_sweeps_of(run_.id() + 1);  // nobody has heard of it
  Say("a", envelope);
  int sweeps = 0;
  int no_jobs = 0;
  for (const proto::Envelope& answer : Written("a")) {
    if (answer.has_job()) {
      EXPECT_EQ(answer.job().kind(), proto::Job::SWEEP);
      ++sweeps;
    }
    no_jobs += answer.has_no_job() ? 1 : 0;
  }
  EXPECT_EQ(sweeps, 1);  // no listener is known yet, and a sweep is no visit
  EXPECT_EQ(no_jobs, 1);
}

}  // namespace
}  // namespace hark

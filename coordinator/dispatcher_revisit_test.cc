#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/dispatcher_fixture.h"

namespace hark {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;

// A run without a gate over one /30, whose hosts are throttled on port 22 as the test says.
class DispatcherRevisitTest : public DispatcherTest {
 protected:
  void Tune(PlanOptions& plan) override {
    plan.sources = RangeSet({*ParseRange("127.9.0.0/30")});
    plan.gate_port = 0;
    plan.ports = {22, 443};
    plan.policy.set_throttle_retries(2);
    plan.policy.set_throttle_backoff_ms(60'000);
  }

  struct Seen {
    Outcome ssh = Outcome::kOk;
    Outcome https = Outcome::kSilent;
  };

  proto::HostObservation HostOf(const proto::Job& job, uint64_t index, const Seen& seen) {
    proto::HostObservation host;
    host.set_index(index);
    host.set_address(job.targets(static_cast<int>(index - job.cursor())));
    host.set_started_unix_ms(UnixMillis());
    for (const uint32_t number : job.ports()) {
      proto::PortObservation& port = *host.add_ports();
      const Outcome outcome = number == 22 ? seen.ssh : seen.https;
      port.set_port(number);
      port.set_outcome(static_cast<uint32_t>(outcome));
      const bool connected = outcome == Outcome::kOk || outcome == Outcome::kThrottled;
      port.set_stage(static_cast<uint32_t>(connected ? Stage::kGreeting : Stage::kConnect));
    }
    return host;
  }

  // The whole job in one batch, the first host as given, the others refused on both ports.
  proto::Ack Visit(const std::string& worker, const proto::Job& job, const Seen& first) {
    proto::BatchPayload payload;
    for (uint64_t i = job.cursor(); i < job.end(); ++i) {
      const Seen refused{Outcome::kRefused, Outcome::kRefused};
      *payload.add_hosts() = HostOf(job, i, i == job.cursor() ? first : refused);
    }
    proto::Ack ack = SendBatch(worker, BatchOf(job, 0, job.cursor(), job.end(), payload));
    Tick();
    return ack;
  }

  uint32_t RetryHint(const std::string& worker) {
    proto::Envelope envelope;
    envelope.mutable_request()->set_slots(1);
    for (const auto& answer : Say(worker, envelope)) {
      if (answer.has_no_job()) return answer.no_job().retry_after_ms();
    }
    return 0;
  }

  // Keeps the sessions of these workers alive over so long.
  void Pass(Duration time, const std::vector<std::string>& workers) {
    for (Duration passed{0}; passed < time; passed += seconds(1)) {
      now_ += seconds(1);
      for (const std::string& worker : workers) {
        proto::Envelope beat;
        beat.mutable_heartbeat();
        Say(worker, beat);
      }
      Tick();
    }
  }

  // What the stored tallies come to; analysis/coverage.h does the same for reports.
  struct Counts {
    uint64_t answered = 0, throttled = 0, failed = 0, excluded = 0;
    uint64_t to_revisit = 0, revisited = 0;
  };
  Counts Ledger() {
    Counts sum;
    const std::vector<proto::JobRow> jobs = *store_->Jobs(run_.id());
    for (const proto::JobRow& job : jobs) {
      const proto::Tally& tally = job.tally();
      sum.to_revisit += tally.to_revisit();
      if (job.kind() == proto::JobRow::GRAB_REVISITS) {
        sum.revisited += job.cursor() - job.base();
        EXPECT_EQ(tally.answered() + tally.throttled(), job.cursor() - job.base());
        sum.answered += tally.recovered();
        sum.throttled -= tally.recovered();
        continue;
      }
      sum.answered += tally.answered();
      sum.throttled += tally.throttled();
      sum.failed += tally.failed();
      sum.excluded += tally.excluded();
    }
    return sum;
  }
  RunState::Totals Totals() { return dispatcher_->FindRun(run_.id())->Sum(); }
  proto::PortRow Row(const std::string& address, uint16_t port) {
    return *store_->FindPort(run_.id(), *Address::FromBytes(address), port);
  }
};

TEST_F(DispatcherRevisitTest, VisitsOnlyTheThrottledPortAgainAndNotBeforeItsTime) {
  Hello("a", 1);
  const proto::Job first = *AskForJob("a");
  Visit("a", first, {Outcome::kThrottled});
  EXPECT_EQ(Totals().revisits_waiting, 1U);
  EXPECT_EQ(Ledger().throttled, 1U);
  EXPECT_EQ(Ledger().to_revisit, 1U);
  Pass(seconds(59), {"a"});
  EXPECT_FALSE(AskForJob("a"));
  EXPECT_FALSE(dispatcher_->AllRunsDone());
  Pass(seconds(6), {"a"});
  const auto again = AskForJob("a");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->kind(), proto::Job::GRAB);
  EXPECT_THAT(again->ports(), ElementsAre(22));
  EXPECT_THAT(again->targets(), ElementsAre(first.targets(0)));
  Visit("a", *again, {Outcome::kOk});
  Tick();
  EXPECT_TRUE(dispatcher_->AllRunsDone());
  EXPECT_EQ(Ledger().throttled, 0U);
  EXPECT_EQ(Ledger().answered, 1U);
  EXPECT_EQ(Ledger().revisited, 1U);
  EXPECT_EQ(Row(first.targets(0), 22).visits(), 2U);
  EXPECT_EQ(Row(first.targets(0), 22).observation().outcome(), static_cast<uint32_t>(Outcome::kOk));
  EXPECT_EQ(Row(first.targets(0), 443).visits(), 0U);
}

TEST_F(DispatcherRevisitTest, DoublesTheWaitAndGivesUpAfterTheLastRetry) {
  Hello("a", 1);
  Visit("a", *AskForJob("a"), {Outcome::kThrottled});
  Pass(seconds(65), {"a"});
  Visit("a", *AskForJob("a"), {Outcome::kThrottled});
  Pass(seconds(119), {"a"});
  EXPECT_FALSE(AskForJob("a"));
  Pass(seconds(10), {"a"});
  // Silence is what a penalty looks like too: the host stays throttled.
  Visit("a", *AskForJob("a"), {Outcome::kSilent});
  Tick();
  EXPECT_TRUE(dispatcher_->AllRunsDone());
  EXPECT_EQ(Ledger().throttled, 1U);
  EXPECT_EQ(Ledger().revisited, 2U);
}

TEST_F(DispatcherRevisitTest, OffersLaterRetriesToAnotherWorkerIfThereIsOne) {
  Hello("a", 1);
  Hello("b", 2);
  Visit("a", *AskForJob("a"), {Outcome::kThrottled});
  Pass(seconds(65), {"a", "b"});
  EXPECT_FALSE(AskForJob("b")) << "the first retry is for the vantage that has begun";
  Visit("a", *AskForJob("a"), {Outcome::kThrottled});
  Pass(seconds(130), {"a", "b"});
  EXPECT_FALSE(AskForJob("a"));
  EXPECT_TRUE(AskForJob("b"));
}

TEST_F(DispatcherRevisitTest, TheWantedWorkerIsNotWaitedForForEver) {
  Hello("a", 1);
  Hello("b", 2);
  Visit("a", *AskForJob("a"), {Outcome::kThrottled});
  Pass(seconds(100), {"a", "b"});
  EXPECT_TRUE(AskForJob("b"));
}

TEST_F(DispatcherRevisitTest, RemembersItsListsOverARestart) {
  Hello("a", 1);
  Visit("a", *AskForJob("a"), {Outcome::kThrottled});
  Pass(seconds(30), {"a"});
  Restart();
  EXPECT_EQ(Totals().revisits_waiting, 1U);
  Hello("a", 2);
  Pass(seconds(29), {"a"});
  EXPECT_FALSE(AskForJob("a"));
  Pass(seconds(6), {"a"});
  EXPECT_TRUE(AskForJob("a"));
}

TEST_F(DispatcherRevisitTest, AWallClockThatJumpsBackMakesNobodyWaitLonger) {
  Hello("a", 1);
  Visit("a", *AskForJob("a"), {Outcome::kThrottled});
  RunState run = *LoadRun(*store_, store_->FindRun("t").value());
  run.StartClock(now_, UnixMillis() - 86'400'000);
  EXPECT_LE(run.Sum().next_revisit, now_ + seconds(64));
}

TEST_F(DispatcherRevisitTest, ALostRevisitRestsBeforeItIsTriedAgain) {
  Hello("a", 1);
  Visit("a", *AskForJob("a"), {Outcome::kThrottled});
  Pass(seconds(65), {"a"});
  ASSERT_TRUE(AskForJob("a"));
  Hello("a", 2);  // anew, with nothing: it may have been there
  EXPECT_FALSE(AskForJob("a"));
  Pass(seconds(59), {"a"});
  EXPECT_FALSE(AskForJob("a"));
  Pass(seconds(2), {"a"});
  EXPECT_TRUE(AskForJob("a"));
}

TEST_F(DispatcherRevisitTest, AcceptsOnlyThePortsOfTheRevisit) {
  Hello("a", 1);
  Visit("a", *AskForJob("a"), {Outcome::kThrottled});
  Pass(seconds(65), {"a"});
  proto::Job job = *AskForJob("a");
  job.add_ports(443);
  EXPECT_EQ(Visit("a", job, {Outcome::kOk}).status(), proto::Ack::BAD);
}

TEST_F(DispatcherRevisitTest, ComesBackForOnePortOfAHostThatAnswersOnAnother) {
  Hello("a", 1);
  Visit("a", *AskForJob("a"), {Outcome::kThrottled, Outcome::kOk});
  EXPECT_EQ(Ledger().answered, 1U);
  Pass(seconds(65), {"a"});
  Visit("a", *AskForJob("a"), {Outcome::kOk});
  Tick();
  EXPECT_EQ(Ledger().answered, 1U);
}

TEST_F(DispatcherRevisitTest, TellsIdleWorkersToComeBackLater) {
  Hello("a", 1);
  Visit("a", *AskForJob("a"), {Outcome::kThrottled});
  EXPECT_EQ(RetryHint("a"), 5000U);
  Pass(seconds(61), {"a"});
  EXPECT_LE(RetryHint("a"), 3000U);
  EXPECT_GT(RetryHint("a"), 1000U);
}

TEST_F(DispatcherRevisitTest, CountsAHostTheWorkerExcludedAsExcluded) {
  Hello("a", 1);
  const proto::Job job = *AskForJob("a");
  proto::BatchPayload payload;
  for (uint64_t i = job.cursor(); i < job.end(); ++i) {
    *payload.add_hosts() = HostOf(job, i, {Outcome::kLocalError, Outcome::kLocalError});
  }
  payload.mutable_hosts(0)->set_excluded(true);
  SendBatch("a", BatchOf(job, 0, job.cursor(), job.end(), payload));
  Tick();
  EXPECT_EQ(Ledger().excluded, 1U);
  EXPECT_EQ(Ledger().failed, 3U);
  EXPECT_EQ(store_->FindHost(run_.id(), *Address::FromBytes(job.targets(0))).status().code(),
            StatusCode::kNotFound);
}

TEST_F(DispatcherRevisitTest, RefusesAnExcludedHostThatAnswered) {
  Hello("a", 1);
  const proto::Job job = *AskForJob("a");
  proto::BatchPayload payload;
  *payload.add_hosts() = HostOf(job, job.cursor(), {});
  payload.mutable_hosts(0)->set_excluded(true);
  const proto::Batch batch = BatchOf(job, 0, job.cursor(), job.cursor() + 1, payload);
  EXPECT_EQ(SendBatch("a", batch).status(), proto::Ack::BAD);
}

}  // namespace
}  // namespace hark

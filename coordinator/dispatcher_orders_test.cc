// What the operator changes while it runs: orders, rates of several runs, opt-outs, pressure; with
// workers that know them (minor 2) and one that does not.

#include <gtest/gtest.h>

#include "base/log.h"
#include "base/strings.h"
#include "coordinator/dispatcher_fixture.h"

namespace hark {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class DispatcherOrdersTest : public DispatcherTest {
 protected:
  struct Terms {
    std::string region = "", provider = "";
    proto::Capabilities::Check outbound_25 = proto::Capabilities::NOT_TESTED;
    uint32_t minor = 2;
    uint32_t max_pps = 0;
    uint64_t boot_id = 1;
    std::vector<proto::HeldJob> held = {};
    std::vector<proto::RunRate> applied = {};
  };

  void SetUp() override {
    SetLogLevel(LogLevel::kError);
    DispatcherTest::SetUp();
  }
  void TearDown() override { SetLogLevel(LogLevel::kWarning); }

  proto::Welcome Greet(const std::string& worker, const Terms& terms) {
    Heard(worker);
    proto::Envelope envelope;
    envelope.set_minor(terms.minor);
    proto::Hello& hello = *envelope.mutable_hello();
    hello.set_hello_id(++hellos_);
    hello.set_boot_id(terms.boot_id);
    hello.set_proto_min(1);
    hello.set_proto_max(1);
    hello.set_name(worker);
    hello.set_region(terms.region);
    hello.set_provider(terms.provider);
    hello.set_max_pps(terms.max_pps);
    hello.mutable_capabilities()->set_outbound_25(terms.outbound_25);
    for (const auto& job : terms.held) *hello.add_held() = job;
    for (const auto& rate : terms.applied) *hello.add_applied() = rate;
    const auto answers = Say(worker, envelope);
    EXPECT_EQ(answers.size(), 1U);
    const proto::Welcome welcome = answers.at(0).welcome();
    session_[worker] = welcome.session();
    obeyed_[worker] = welcome.orders().version();
    return welcome;
  }
  proto::Welcome Greet(const std::string& worker) { return Greet(worker, Terms()); }

  // The orders that wait for it, obeyed; the last of them.
  std::optional<proto::Orders> Obey(const std::string& worker) {
    std::optional<proto::Orders> last;
    for (const auto& envelope : Heard(worker)) {
      if (!envelope.has_orders()) continue;
      EXPECT_GT(envelope.orders().version(), obeyed_[worker]) << "versions grow";
      last = envelope.orders();
      Acknowledge(worker, last->version());
    }
    return last;
  }
  void Acknowledge(const std::string& worker, uint64_t version) {
    obeyed_[worker] = version;
    proto::Envelope envelope;
    envelope.mutable_orders_ack()->set_version(version);
    envelope.set_major(1);
    envelope.set_session(session_[worker]);
    dispatcher_->OnMessage("route-" + worker, worker, envelope, now_, UnixMillis());
  }
  proto::HeartbeatAck Beat(const std::string& worker, std::vector<proto::HeldJob> held = {}) {
    proto::Envelope envelope;
    envelope.mutable_heartbeat()->set_orders_version(obeyed_[worker]);
    for (const auto& job : held) *envelope.mutable_heartbeat()->add_held() = job;
    for (const auto& answer : Say(worker, envelope)) {
      if (answer.has_heartbeat_ack()) return answer.heartbeat_ack();
      mail_["route-" + worker].push_back(answer);
    }
    return {};
  }
  static proto::HeldJob Holds(const proto::Job& job) {
    proto::HeldJob held;
    held.set_run(job.run());
    held.set_job(job.job());
    *held.mutable_token() = job.token();
    return held;
  }
  template <typename Rates>
  static double Rate(const Rates& rates, uint32_t run = 1) {
    for (const proto::RunRate& rate : rates) {
      if (rate.run() == run) return rate.probes_per_second();
    }
    return 0;
  }
  proto::RunSettings Settings() { return dispatcher_->FindRun(run_.id())->run().settings(); }
  bool Change(const proto::RunSettings& settings) {
    return dispatcher_->ChangeRun(run_.id(), settings, now_, UnixMillis());
  }
  proto::RunStatus Status(uint32_t max_jobs = 100) {
    proto::GetStatus what;
    what.set_max_jobs(max_jobs);
    what.set_run("t");
    return dispatcher_->FleetView(what, now_, UnixMillis()).runs(0);
  }
  proto::WorkerStatus StatusOf(const std::string& worker) {
    const proto::FleetStatus view = dispatcher_->FleetView({}, now_, UnixMillis());
    for (const auto& row : view.workers()) {
      if (row.key() == worker) return row;
    }
    return {};
  }
  // A second run, over 127.8.0.0/24, which is id 2.
  void AddSecondRun(uint32_t port = 443) {
    PlanOptions plan;
    plan.sources = RangeSet({*ParseRange("127.8.0.0/24")});
    plan.ports = {static_cast<uint16_t>(port)};
    plan.gate_port = static_cast<uint16_t>(port);
    ASSERT_TRUE(OpenRun(*store_, *MakePlan(plan), "u", 0).ok());
    dispatcher_->AddRun(*LoadRun(*store_, *store_->FindRun("u")), now_, UnixMillis());
  }

  uint64_t hellos_ = 100;
  std::map<std::string, uint64_t> obeyed_;
};

TEST(WireBytesTest, AnEnvelopeIsAsTheFormatsDocumentWritesItOut) {
  proto::Envelope envelope;
  envelope.set_major(1);
  envelope.set_minor(2);
  envelope.set_session(uint64_t{1} << 32 | 1);
  envelope.mutable_orders_ack()->set_version(uint64_t{1} << 32 | 2);
  envelope.mutable_orders_ack()->set_exclusions_version(7);
  EXPECT_EQ(HexEncode(envelope.SerializeAsString()),
            "080110021881808080"
            "10f20108088280808010"
            "1007");
}

TEST_F(DispatcherOrdersTest, TheWelcomeSaysAllThatIsInForce) {
  proto::RunSettings settings = Settings();
  settings.set_per_prefix(4);
  ASSERT_TRUE(Change(settings));
  dispatcher_->SetOptOuts(7, RangeSet({*ParseRange("127.9.0.5")}), now_);
  const proto::Welcome welcome = Greet("a");
  EXPECT_EQ(welcome.orders().exclusions_version(), 7U);
  ASSERT_TRUE(welcome.orders().has_exclusions());
  ASSERT_EQ(welcome.orders().exclusions_size(), 1);
  EXPECT_EQ(welcome.orders().exclusions(0), std::string("\x7f\x09\x00\x05\x7f\x09\x00\x05", 8));
  ASSERT_EQ(welcome.orders().rates_size(), 1);
  EXPECT_EQ(welcome.orders().rates(0).probes_per_second(), 50);
  EXPECT_EQ(welcome.orders().rates(0).per_prefix(), 2);
  EXPECT_EQ(welcome.orders().rates(0).per_as(), 0) << "no ceiling";
  EXPECT_EQ(welcome.orders().runs_size(), 0);
}

TEST_F(DispatcherOrdersTest, SharesArePushedWhenAWorkerJoinsAndGrowWhenTheOthersHaveAnswered) {
  Greet("a");
  Greet("b");
  EXPECT_EQ(Rate(Greet("c").orders().rates()), 0);
  EXPECT_NEAR(Rate(Obey("a")->rates()), 100.0 / 3, 1e-9);
  EXPECT_NEAR(Rate(Obey("b")->rates()), 100.0 / 3, 1e-9);
  const auto grown = Obey("c");
  ASSERT_TRUE(grown) << "in the same second, without a heartbeat";
  EXPECT_NEAR(Rate(grown->rates()), 100.0 / 3, 1e-3);
  EXPECT_NEAR(Rate(Beat("c").rates()), 100.0 / 3, 1e-3) << "the heartbeat says the same";
}

TEST_F(DispatcherOrdersTest, OrdersThatWereLostAreSentAgainOnAHeartbeatWithAnOlderVersion) {
  Greet("a");
  Greet("b");
  Greet("c");
  Heard("a");  // and a never saw them
  now_ += seconds(1);
  Beat("a");
  EXPECT_FALSE(Obey("a")) << "they may still be on their way";
  now_ += seconds(1);
  Beat("a");
  EXPECT_TRUE(Obey("a"));
  EXPECT_EQ(StatusOf("a").orders_version(), obeyed_["a"]);
}

TEST_F(DispatcherOrdersTest, AWorkerThatAnswersNoOrdersLosesItsSessionAndHasAStrike) {
  Greet("a");
  Greet("b");
  Greet("c");
  for (int beat = 0; beat < 8 && dispatcher_->HasSession("a"); ++beat) {
    now_ += seconds(2);
    Beat("a");
    Beat("b");
    Obey("b");
  }
  EXPECT_FALSE(dispatcher_->HasSession("a"));
  EXPECT_TRUE(dispatcher_->HasSession("b"));
  EXPECT_EQ(StatusOf("a").strikes(), 1U);
}

TEST_F(DispatcherOrdersTest, WhatItSaysItAppliesBeyondItsShareIsAStrikeAfterAWhile) {
  Greet("a");
  for (int beat = 0; beat < 8 && dispatcher_->HasSession("a"); ++beat) {
    proto::Envelope envelope;
    envelope.mutable_heartbeat()->set_orders_version(obeyed_["a"]);
    proto::RunRate& rate = *envelope.mutable_heartbeat()->add_applied();
    rate.set_run(1);
    rate.set_probes_per_second(80);
    Say("a", envelope);
    now_ += seconds(2);
  }
  EXPECT_FALSE(dispatcher_->HasSession("a"));
}

TEST_F(DispatcherOrdersTest, AfterARestartSharesGoOnAndNothingIsGivenAwayThatSomebodyMayHave) {
  Greet("a");
  Greet("b");
  const proto::Job of_a = *AskForJob("a");
  AddSecondRun();
  const proto::Job of_b = *AskForJob("b");
  Tick();
  Restart();
  dispatcher_->AddRun(*LoadRun(*store_, *store_->FindRun("u")), now_, UnixMillis());
  EXPECT_EQ(Greet("new").orders().rates_size(), 0);
  Terms terms;
  terms.held = {Holds(of_a)};
  terms.applied.resize(1);
  terms.applied[0].set_run(1);
  terms.applied[0].set_probes_per_second(50);
  const proto::Welcome welcome = Greet("a", terms);
  EXPECT_EQ(welcome.held(0).kind(), proto::Verdict::KEEP);
  EXPECT_EQ(Rate(welcome.orders().rates()), 25) << "of two runs, of two workers";
  Acknowledge("a", obeyed_["a"]);
  Obey("new");
  const double of_new = Rate(Beat("new").rates(), 1) + Rate(Beat("new").rates(), 2);
  const double of_all = of_new + Rate(Beat("a").rates(), 1) + Rate(Beat("a").rates(), 2);
  EXPECT_LE(of_all, 50 + 1e-6) << "b may be at 50";
  while (Obey("a") || Obey("new")) continue;
  now_ += options_.restart_grace;
  Beat("new");
  Beat("a");
  for (int round = 0; round < 4; ++round) {
    Tick();
    Obey("a");
    Obey("new");
  }
  EXPECT_NEAR(Status().rate_granted(), 50, 1e-3);
}

TEST_F(DispatcherOrdersTest, APausedRunKeepsItsLeasesAndTakesNoRateUntilItIsResumed) {
  Greet("a");
  const proto::Job job = *AskForJob("a");
  proto::RunSettings settings = Settings();
  settings.set_paused(true);
  ASSERT_TRUE(Change(settings));
  const auto orders = Obey("a");
  ASSERT_TRUE(orders) << "at once";
  ASSERT_EQ(orders->runs_size(), 1);
  EXPECT_EQ(orders->runs(0).kind(), proto::RunOrder::PAUSE);
  EXPECT_EQ(orders->rates_size(), 0);
  EXPECT_GE(orders->version(), dispatcher_->orders_version());
  EXPECT_GE(StatusOf("a").orders_version(), dispatcher_->orders_version());
  Greet("b");
  EXPECT_FALSE(AskForJob("b"));
  for (int i = 0; i < 100; ++i) {
    now_ += seconds(30) / 6;
    EXPECT_EQ(Beat("a", {Holds(job)}).held(0).kind(), proto::Verdict::KEEP);
    Tick();
  }
  EXPECT_EQ(Status().state(), proto::RunStatus::PAUSED);
  EXPECT_NE(Status().jobs(0).why().find("run is paused"), std::string::npos);
  settings.set_paused(false);
  ASSERT_TRUE(Change(settings));
  EXPECT_EQ(Rate(Obey("a")->rates()), 50);
  EXPECT_EQ(SendBatch("a", SweepBatch(job, 0, 0, 10)).status(), proto::Ack::OK);
}

TEST_F(DispatcherOrdersTest, ACancelledRunIsDoneWhenNothingIsOnItsWayToTheDisk) {
  Greet("a");
  const proto::Job job = *AskForJob("a");
  SendBatch("a", SweepBatch(job, 0, 0, 10));
  proto::RunSettings settings = Settings();
  settings.set_cancelled(true);
  ASSERT_TRUE(Change(settings));
  dispatcher_->OnTick(now_, UnixMillis());
  EXPECT_EQ(Status().state(), proto::RunStatus::CANCELLING) << "a batch is on its way";
  EXPECT_EQ(Obey("a")->runs(0).kind(), proto::RunOrder::CANCEL);
  EXPECT_FALSE(AskForJob("a"));
  EXPECT_EQ(SendBatch("a", SweepBatch(job, 1, 10, 20)).status(), proto::Ack::STALE);
  EXPECT_EQ(Beat("a", {Holds(job)}).held(0).kind(), proto::Verdict::ABANDON);
  Tick();
  Tick();
  EXPECT_TRUE(dispatcher_->AllRunsDone());
  EXPECT_EQ(Status().state(), proto::RunStatus::CANCELLED);
  EXPECT_EQ(store_->FindRun("t")->state(), proto::RunRow::DONE);
  EXPECT_TRUE(store_->FindRun("t")->settings().cancelled());
  EXPECT_GT(store_->FindRun("t")->finished_unix_ms(), 0);
  EXPECT_FALSE(Change(Settings())) << "it is done";
}

TEST_F(DispatcherOrdersTest, AWindowOpensAndClosesByTheClock) {
  Greet("a");
  proto::RunSettings settings = Settings();
  const int64_t minute = UnixMillis() / 60'000 % (24 * 60);
  proto::Window& window = *settings.add_windows();
  window.set_weekdays(0x7f);
  window.set_from_minute(static_cast<uint32_t>((minute + 60) % (24 * 60)));
  window.set_to_minute(static_cast<uint32_t>((minute + 120) % (24 * 60)));
  ASSERT_TRUE(Change(settings));
  EXPECT_EQ(Obey("a")->runs(0).kind(), proto::RunOrder::PAUSE);
  EXPECT_FALSE(AskForJob("a"));
  EXPECT_EQ(Status().state(), proto::RunStatus::OUTSIDE_WINDOW);
  EXPECT_GT(Status().window_opens_ms(), 0);
  now_ += minutes(61);
  Beat("a");
  Tick();
  const auto orders = Obey("a");
  ASSERT_TRUE(orders);
  EXPECT_EQ(orders->runs_size(), 0);
  EXPECT_GT(Rate(orders->rates()), 0);
  EXPECT_TRUE(AskForJob("a"));
  EXPECT_EQ(Status().state(), proto::RunStatus::OPEN);
}

TEST_F(DispatcherOrdersTest, RatesFollowWeightsCeilingsAndLimitsOfRuns) {
  AddSecondRun();
  Greet("a", {.region = "eu"});
  Greet("b", {.region = "us"});
  proto::RunSettings settings = Settings();
  settings.set_weight(3);
  settings.add_only("region=eu");
  ASSERT_TRUE(Change(settings));
  for (int round = 0; round < 4; ++round) {
    Obey("a");
    Obey("b");
  }
  EXPECT_NEAR(Rate(Beat("a").rates(), 1), 75, 1e-3);
  EXPECT_EQ(Rate(Beat("b").rates(), 1), 0);
  EXPECT_NEAR(Rate(Beat("a").rates(), 2) + Rate(Beat("b").rates(), 2), 25, 1e-3);
  EXPECT_EQ(AskForJob("b")->run(), 2U);
  EXPECT_FALSE(AskForJob("b")) << "the other run is not its";
  EXPECT_EQ(Status().workers(), 1U);
  dispatcher_->SetCeiling(40, now_);
  EXPECT_NEAR(Rate(Obey("a")->rates(), 1), 30, 1e-3);
}

TEST_F(DispatcherOrdersTest, AWorkerGetsJobsOfEachRunAndOfTheHungryOneFirst) {
  AddSecondRun();
  Greet("a");
  proto::Envelope envelope;
  envelope.mutable_request()->set_slots(1);
  envelope.mutable_request()->add_hungry_runs(2);
  Say("a", envelope);
  Tick();
  EXPECT_EQ(Heard("a").at(0).job().run(), 2U);
  EXPECT_EQ(AskForJob("a")->run(), 1U);
}

TEST_F(DispatcherOrdersTest, WhoCannotReachPort25GetsNoJobOfARunThatVisitsIt) {
  Greet("a", {.outbound_25 = proto::Capabilities::FAILS});
  EXPECT_FALSE(AskForJob("a"));
  EXPECT_EQ(Status().workers(), 0U);
  EXPECT_NE(Status().jobs(0).why().find("port 25"), std::string::npos) << Status().jobs(0).why();
  AddSecondRun(443);
  const auto job = AskForJob("a");
  ASSERT_TRUE(job);
  EXPECT_EQ(job->run(), 2U);
}

TEST_F(DispatcherOrdersTest, OptOutsAreSentOnceAndOnlyUntilTheyAreAcknowledged) {
  Greet("a");
  dispatcher_->SetOptOuts(1, RangeSet({*ParseRange("127.9.0.0/28")}), now_);
  auto orders = Obey("a");
  ASSERT_TRUE(orders);
  EXPECT_TRUE(orders->has_exclusions());
  EXPECT_EQ(StatusOf("a").exclusions_version(), 1U);
  dispatcher_->SetCeiling(50, now_);
  orders = Obey("a");
  EXPECT_FALSE(orders->has_exclusions()) << "it has them";
  EXPECT_EQ(orders->exclusions_version(), 1U);
  EXPECT_EQ(AskForJob("a")->exclusions_version(), 1U);
}

TEST_F(DispatcherOrdersTest, WhatIsFoundOfAnOptedOutAddressIsDroppedAndCountsAsExcluded) {
  Greet("a");
  const proto::Job job = *AskForJob("a");
  dispatcher_->SetOptOuts(1, RangeSet({*ParseRange("127.9.0.1")}), now_);
  Obey("a");
  EXPECT_EQ(SendBatch("a", SweepBatch(job, 0, 0, kPlanned)).status(), proto::Ack::OK);
  Tick();
  const RunState::Totals totals = dispatcher_->FindRun(run_.id())->Sum();
  EXPECT_EQ(totals.listeners, 0U);
  TargetStates::Counts states{};
  ASSERT_TRUE(store_
                  ->ForEachSwept(run_.id(),
                                 [&](uint64_t, const proto::SweptRow& row) {
                                   states = TargetStates::Decode(row.states(), kPlanned)->Count();
                                   return Status::Ok();
                                 })
                  .ok());
  EXPECT_EQ(states[static_cast<size_t>(TargetState::kAnswered)], 0U);
  EXPECT_EQ(states[static_cast<size_t>(TargetState::kExcluded)], 1U);
  EXPECT_EQ(totals.sweep.excluded(), 1U);
  EXPECT_EQ(totals.sweep.refused(), kPlanned - 1);
  EXPECT_EQ(StatusOf("a").strikes(), 0U) << "it may be from before";
}

TEST_F(DispatcherOrdersTest, AVisitToAnOptedOutHostLeavesNoRow) {
  Greet("a");
  const proto::Job sweep = *AskForJob("a");
  SendBatch("a", SweepBatch(sweep, 0, 0, kPlanned));
  Tick();
  const proto::Job grab = *AskForJob("a");
  ASSERT_EQ(grab.kind(), proto::Job::GRAB);
  dispatcher_->SetOptOuts(1, RangeSet({*ParseRange("127.9.0.1")}), now_);
  proto::BatchPayload payload;
  proto::HostObservation& host = *payload.add_hosts();
  host.set_index(grab.cursor());
  host.set_address(grab.targets(0));
  host.set_started_unix_ms(UnixMillis());
  host.add_ports()->set_port(25);
  Heard("a");
  EXPECT_EQ(SendBatch("a", BatchOf(grab, 0, grab.cursor(), grab.end(), payload)).status(),
            proto::Ack::OK);
  Tick();
  Tick();
  EXPECT_FALSE(store_->FindHost(run_.id(), *Address::Parse("127.9.0.1")).ok());
  EXPECT_TRUE(dispatcher_->AllRunsDone());
}

TEST_F(DispatcherOrdersTest, UnderPressureNothingIsGivenAndCreditComesBackAfterwards) {
  const uint64_t credit = Greet("a").credit_bytes();
  const proto::Job job = *AskForJob("a");
  dispatcher_->SetPressure("the disk is full", now_);
  const proto::Batch batch = SweepBatch(job, 0, 0, 10);
  SendBatch("a", batch);
  Tick();
  EXPECT_EQ(Heard("a").at(0).ack().credit_bytes(), 0U);
  EXPECT_EQ(Beat("a").credit_bytes(), 0U);
  Greet("b");
  EXPECT_FALSE(AskForJob("b"));
  EXPECT_EQ(dispatcher_->FleetView({}, now_, UnixMillis()).pressure(), "the disk is full");
  EXPECT_EQ(Greet("c").credit_bytes(), 0U);
  dispatcher_->SetPressure("", now_);
  EXPECT_EQ(Beat("a").credit_bytes(), batch.payload().size());
  EXPECT_EQ(Beat("a").credit_bytes(), 0U) << "once";
  EXPECT_EQ(Beat("c").credit_bytes(), credit);
}

TEST_F(DispatcherOrdersTest, TheCreditOfManyWorkersIsLessEach) {
  uint64_t sum = 0;
  for (int i = 0; i < 1100; ++i) {
    const uint64_t credit = Greet("w" + std::to_string(i)).credit_bytes();
    EXPECT_GE(credit, 32U << 10);
    sum = std::max(sum, credit);
    if (i == 1099) {
      EXPECT_EQ(credit, 32U << 10);
    }
  }
  EXPECT_EQ(sum, 4U << 20);
}

TEST_F(DispatcherOrdersTest, TimesAreCorrectedByTheOffsetAndInsaneOnesAreRefused) {
  Greet("a");
  SendBatch("a", SweepBatch(*AskForJob("a"), 0, 0, kPlanned));
  Tick();
  const auto visit_at = [&](int64_t unix_ms, int64_t offset) {
    const proto::Job grab = *AskForJob("a");
    proto::BatchPayload payload;
    proto::HostObservation& host = *payload.add_hosts();
    host.set_index(grab.cursor());
    host.set_address(grab.targets(0));
    host.set_started_unix_ms(unix_ms);
    host.add_ports()->set_port(25);
    proto::Batch batch = BatchOf(grab, 0, grab.cursor(), grab.end(), payload);
    batch.set_clock_offset_ms(offset);
    Heard("a");
    return SendBatch("a", batch).status();
  };
  constexpr int64_t kDays = 48 * 3600 * 1000;
  Heard("a");
  EXPECT_EQ(visit_at(UnixMillis() + kDays, 0), proto::Ack::BAD);
  EXPECT_EQ(visit_at(UnixMillis(), std::numeric_limits<int64_t>::max()), proto::Ack::BAD);
  EXPECT_EQ(StatusOf("a").strikes(), 2U);
  EXPECT_EQ(visit_at(UnixMillis() + kDays, -kDays), proto::Ack::OK);
  Tick();
  const auto row = store_->FindHost(run_.id(), *Address::Parse("127.9.0.1"));
  ASSERT_TRUE(row.ok());
  EXPECT_EQ(row->started_unix_ms(), UnixMillis());
  EXPECT_EQ(row->clock_offset_ms(), -kDays);
}

TEST_F(DispatcherOrdersTest, AClockOfOursThatIsSetMakesNobodysTimesInsane) {
  Greet("a");
  SendBatch("a", SweepBatch(*AskForJob("a"), 0, 0, kPlanned));
  Tick();
  const proto::Job grab = *AskForJob("a");
  const int64_t visited = UnixMillis();
  proto::BatchPayload payload;
  proto::HostObservation& host = *payload.add_hosts();
  host.set_index(grab.cursor());
  host.set_address(grab.targets(0));
  host.set_started_unix_ms(visited);
  host.add_ports()->set_port(25);
  proto::Envelope envelope;
  envelope.set_major(1);
  envelope.set_session(session_["a"]);
  *envelope.mutable_batch() = BatchOf(grab, 0, grab.cursor(), grab.end(), payload);
  dispatcher_->OnMessage("route-a", "a", envelope, now_, visited - 10LL * 24 * 3600 * 1000);
  EXPECT_EQ(StatusOf("a").strikes(), 0U);
}

TEST_F(DispatcherOrdersTest, ALeaseThatIsRenewedForEverAndBringsNothingIsTakenBack) {
  Greet("a");
  const proto::Job job = *AskForJob("a");
  bool kept = true;
  int minutes_kept = 0;
  for (; kept && minutes_kept < 60; ++minutes_kept) {
    for (int beat = 0; beat < 30; ++beat) {
      now_ += seconds(2);
      kept = Beat("a", {Holds(job)}).held(0).kind() == proto::Verdict::KEEP;
      Tick();
    }
  }
  EXPECT_FALSE(kept);
  EXPECT_GE(minutes_kept, 15);
  EXPECT_EQ(StatusOf("a").strikes(), 1U);
  EXPECT_FALSE(AskForJob("a")) << "not to the same worker";
  EXPECT_NE(Status().last_error().find("gets nowhere"), std::string::npos);
  EXPECT_NE(Status().jobs(0).why().find("another worker"), std::string::npos);
  Greet("b");
  const auto again = AskForJob("b");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->job(), job.job());
}

TEST_F(DispatcherOrdersTest, ThirdStrikesAreTakenOnceAndPardonedByTheOperator) {
  for (int strike = 0; strike < 3; ++strike) {
    Greet("a", {.boot_id = 50});
    const proto::Job job = *AskForJob("a");
    proto::BatchPayload payload;
    payload.add_hosts();
    EXPECT_EQ(SendBatch("a", BatchOf(job, 0, 0, 100, payload)).status(), proto::Ack::BAD);
  }
  const auto quarantined = dispatcher_->TakeQuarantined();
  ASSERT_EQ(quarantined.size(), 1U);
  EXPECT_EQ(quarantined[0].first, "a");
  EXPECT_TRUE(dispatcher_->TakeQuarantined().empty());
  EXPECT_TRUE(StatusOf("a").quarantined());
  dispatcher_->Pardon("a");
  EXPECT_GT(Greet("a", {.boot_id = 50}).session(), 0U);
}

TEST_F(DispatcherOrdersTest, AnOldWorkerWorksForOneRunAndHearsOfItByHeartbeats) {
  AddSecondRun();
  Greet("old", {.minor = 1});
  EXPECT_EQ(AskForJob("old")->run(), 1U);
  EXPECT_FALSE(AskForJob("old")) << "one run at a time";
  dispatcher_->SetOptOuts(3, RangeSet({*ParseRange("127.9.0.77")}), now_);
  EXPECT_TRUE(Heard("old").empty()) << "it knows no orders";
  const proto::Job again = *AskForJob("old");
  EXPECT_EQ(again.exclusions(again.exclusions_size() - 1),
            std::string("\x7f\x09\x00\x4d\x7f\x09\x00\x4d", 8));
  proto::RunSettings settings = Settings();
  settings.set_paused(true);
  ASSERT_TRUE(Change(settings));
  proto::Envelope beat;
  beat.mutable_heartbeat()->mutable_load()->set_applied_pps(25);
  EXPECT_EQ(Say("old", beat).at(0).heartbeat_ack().probes_per_second(), 0);
}

// It is told the same number for another run; what it had of the first one is the others' then.
TEST_F(DispatcherOrdersTest, AnOldWorkerThatChangesItsRunAtTheSameRateGivesTheFirstOnesBack) {
  AddSecondRun();
  proto::RunSettings settings = Settings();
  settings.set_probes_per_second(20);
  ASSERT_TRUE(dispatcher_->ChangeRun(1, settings, now_, UnixMillis()));
  proto::RunSettings second = settings;
  second.set_probes_per_second(10);
  second.add_only("name=old");
  ASSERT_TRUE(dispatcher_->ChangeRun(2, second, now_, UnixMillis()));
  Greet("old", {.minor = 1});
  EXPECT_EQ(Rate(Greet("new").orders().rates(), 1), 10);
  const auto beat = [&] {
    now_ += seconds(2);
    proto::Envelope applies;
    applies.mutable_heartbeat()->mutable_load()->set_applied_pps(10);
    EXPECT_EQ(Say("old", applies).at(0).heartbeat_ack().probes_per_second(), 10);
    Beat("new");
    Obey("new");
  };
  beat();
  settings.add_except("name=old");
  ASSERT_TRUE(dispatcher_->ChangeRun(1, settings, now_, UnixMillis()));
  for (int round = 0; round < 4; ++round) beat();
  EXPECT_EQ(Rate(Beat("new").rates(), 1), 20);
}

TEST_F(DispatcherOrdersTest, AnOldWorkerHearsOfTheNextRunsRateBeforeItHasAJobOfIt) {
  AddSecondRun();
  proto::RunSettings settings = Settings();
  settings.set_probes_per_second(8);
  ASSERT_TRUE(dispatcher_->ChangeRun(2, settings, now_, UnixMillis()));
  const auto beat = [&](double applied) {
    now_ += seconds(2);
    proto::Envelope applies;
    applies.mutable_heartbeat()->mutable_load()->set_applied_pps(applied);
    return Say("old", applies).at(0).heartbeat_ack().probes_per_second();
  };
  const double of_first = Greet("old", {.minor = 1}).probes_per_second();
  EXPECT_EQ(of_first, 46) << "what the second run leaves, for two";
  EXPECT_EQ(beat(of_first), of_first);
  settings = Settings();
  settings.add_except("name=old");
  ASSERT_TRUE(Change(settings));
  EXPECT_FALSE(AskForJob("old")) << "it is at the first one's rate";
  double applied = beat(of_first);
  EXPECT_FALSE(AskForJob("old")) << "it has not said that it is not";
  while (applied != 4) applied = beat(applied);
  beat(applied);
  const auto job = AskForJob("old");
  ASSERT_TRUE(job);
  EXPECT_EQ(job->run(), 2U);
}

TEST_F(DispatcherOrdersTest, AnOldWorkerGetsNoRunWithCeilingsItCannotKeep) {
  proto::RunSettings settings = Settings();
  settings.set_per_as(5);
  ASSERT_TRUE(Change(settings));
  Greet("old", {.minor = 1});
  EXPECT_FALSE(AskForJob("old"));
  EXPECT_NE(Status().jobs(0).why().find("too old"), std::string::npos);
}

TEST_F(DispatcherOrdersTest, TheViewSaysWhoHoldsWhatAndHowLongItWillTake) {
  Greet("a", {.region = "eu", .provider = "p"});
  const proto::Job job = *AskForJob("a");
  Tick();
  for (uint64_t i = 0; i < 8; ++i) {
    SendBatch("a", SweepBatch(job, i, i * 10, i * 10 + 10));
    for (int beat = 0; beat < 3; ++beat) {
      now_ += seconds(5);
      Beat("a", {Holds(job)});
      Tick();
    }
  }
  now_ += seconds(4);
  const proto::RunStatus status = Status();
  EXPECT_EQ(status.covered(), 80U);
  EXPECT_GT(status.eta_ms(), 0);
  EXPECT_EQ(status.oldest_lease_ms(), 124'000);
  ASSERT_EQ(status.jobs_size(), 1);
  EXPECT_EQ(status.jobs(0).worker(), "a");
  EXPECT_EQ(status.jobs(0).why(), "leased to a for 2 min, at 80 of 256, heard 4 s ago");
  EXPECT_EQ(Status(0).jobs_size(), 0) << "as many as were asked for";
  EXPECT_EQ(StatusOf("a").region(), "eu");
  EXPECT_EQ(StatusOf("a").jobs(), 1U);
  EXPECT_TRUE(StatusOf("a").connected());
}

// It would hold them for ever, without a share, and the run would not end.
TEST_F(DispatcherOrdersTest, WhomTheLimitsLeaveOutGivesItsLeasesBackWhenItHasHeardSo) {
  Greet("a");
  Greet("b");
  const auto job = AskForJob("a");
  ASSERT_TRUE(job);
  proto::RunSettings settings = Settings();
  settings.add_except("name=a");
  ASSERT_TRUE(Change(settings));
  EXPECT_EQ(Beat("a", {Holds(*job)}).held(0).kind(), proto::Verdict::KEEP) << "not heard yet";
  Obey("a");
  Tick();
  EXPECT_EQ(Beat("a", {Holds(*job)}).held(0).kind(), proto::Verdict::ABANDON);
  Tick();
  const auto again = AskForJob("b");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->job(), job->job());
}

// It was not there when the opt-outs came, and its job was made without them.
TEST_F(DispatcherOrdersTest, AWorkerWithoutOrdersComesBackToNoJobOfBeforeAnOptOut) {
  Terms old;
  old.minor = 1;
  Greet("old", old);
  const auto job = AskForJob("old");
  ASSERT_TRUE(job);
  dispatcher_->OnGone("route-old", now_);
  dispatcher_->SetOptOuts(1, RangeSet({*ParseRange("127.9.0.7")}), now_);
  old.held = {Holds(*job)};
  EXPECT_EQ(Greet("old", old).held(0).kind(), proto::Verdict::ABANDON);
  Tick();
  const auto again = AskForJob("old");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->job(), job->job());
  EXPECT_EQ(again->exclusions_size(), job->exclusions_size() + 1);
  old.held = {Holds(*again)};
  EXPECT_EQ(Greet("old", old).held(0).kind(), proto::Verdict::KEEP);
}

}  // namespace
}  // namespace hark

#include "coordinator/control_desk.h"

#include <limits>
#include <thread>

#include "base/testing/temp_directory.h"
#include "coordinator/dispatcher_fixture.h"
#include "coordinator/fleet_rate.h"
#include "coordinator/opt_outs.h"
#include "coordinator/plan_file.h"

namespace hark {
namespace {

class ControlDeskTest : public DispatcherTest {
 protected:
  void SetUp() override {
    DispatcherTest::SetUp();
    Open(true);
  }

  void Open(bool takes_runs) {
    desk_ = std::make_unique<ControlDesk>(ControlDeskOptions{db_.path(), takes_runs, started_rate_},
                                          *store_, geo_, *dispatcher_, clock_);
    desk_->SetRunAdder([this](LoadedRun run) {
      dispatcher_->AddRun(std::move(run.state), now_, UnixMillis(), std::move(run.as_table));
    });
  }

  // The committer of this test writes whenever it is asked for news.
  proto::ControlReply Ask(proto::ControlRequest request) {
    request.set_id(77);
    return AskBytes(request.SerializeAsString());
  }

  proto::ControlReply AskBytes(const std::string& bytes) {
    desk_->OnControl("operator", bytes);
    for (;;) {
      queue_->Flush();
      desk_->Tick();
      const std::vector<Dispatcher::Outgoing> out = desk_->TakeOutgoing();
      if (out.empty()) {
        std::this_thread::yield();  // the clerk has a thread of its own
        continue;
      }
      EXPECT_EQ(out.size(), 1U);
      EXPECT_EQ(out[0].route, "operator");
      proto::ControlReply reply;
      EXPECT_TRUE(reply.ParseFromString(out[0].envelope.control_reply()));
      return reply;
    }
  }

  proto::ControlRequest Create(const std::string& plan, const std::string& name) {
    proto::ControlRequest request;
    request.mutable_create_run()->set_plan(plan);
    request.mutable_create_run()->set_name(name);
    return request;
  }

  std::string NewPlan(const char* targets, const std::string& geo_source = "") {
    PlanOptions plan;
    plan.sources = RangeSet({*ParseRange(targets)});
    plan.geo_source = geo_source;
    return *WritePlanFile(db_.path(), *MakePlan(plan));
  }

  static proto::ControlRequest Change(const std::string& run, proto::ChangeRun::State state) {
    proto::ControlRequest request;
    request.mutable_change_run()->set_run(run);
    request.mutable_change_run()->set_state(state);
    return request;
  }

  TempDirectory db_;
  double started_rate_ = 150;
  GeoTable geo_;
  SystemClock clock_;
  std::unique_ptr<ControlDesk> desk_;
};

TEST_F(ControlDeskTest, ANewRunIsStoredAndWorkedOn) {
  proto::ControlRequest request = Create(NewPlan("127.8.0.0/24"), "second");
  request.mutable_create_run()->mutable_settings()->set_weight(2);
  const proto::ControlReply reply = Ask(request);
  EXPECT_EQ(reply.code(), 0U) << reply.text();
  EXPECT_EQ(reply.id(), 77U);
  EXPECT_EQ(reply.run(), "second");
  const proto::RunRow row = *store_->FindRun("second");
  EXPECT_EQ(row.settings().weight(), 2U);
  ASSERT_NE(dispatcher_->FindRun(row.id()), nullptr);
  EXPECT_EQ(dispatcher_->FindRun(row.id())->run().planned(), 256U);
}

TEST_F(ControlDeskTest, TheSamePlanTwiceIsOneRun) {
  EXPECT_EQ(Ask(Create(NewPlan("127.8.0.0/24"), "second")).code(), 0U);
  const proto::ControlReply again = Ask(Create(NewPlan("127.8.0.0/24"), "second"));
  EXPECT_NE(again.text().find("this very plan"), std::string::npos);
  EXPECT_EQ(store_->Runs()->size(), 2U);
}

TEST_F(ControlDeskTest, APlanThatNeedsGeoDataIsRefusedWithoutIt) {
  const proto::ControlReply reply = Ask(Create(NewPlan("127.8.0.0/24", "geo.csv"), "second"));
  EXPECT_NE(reply.text().find("--geo"), std::string::npos);
  EXPECT_EQ(store_->Runs()->size(), 1U);
}

TEST_F(ControlDeskTest, AScanTakesNoOtherRun) {
  Open(false);
  EXPECT_NE(Ask(Create(NewPlan("127.8.0.0/24"), "second")).code(), 0U);
}

TEST_F(ControlDeskTest, AChangeIsAnsweredWhenItIsInTheStore) {
  const uint64_t before = dispatcher_->orders_version();
  const proto::ControlReply reply = Ask(Change("t", proto::ChangeRun::PAUSE));
  EXPECT_EQ(reply.code(), 0U) << reply.text();
  EXPECT_TRUE(store_->FindRun("t")->settings().paused());
  EXPECT_GT(reply.orders_version(), before);
  EXPECT_EQ(Ask(Change("t", proto::ChangeRun::RESUME)).code(), 0U);
  EXPECT_FALSE(store_->FindRun("t")->settings().paused());
}

TEST_F(ControlDeskTest, WhatCannotBeChangesNothing) {
  const uint64_t before = dispatcher_->orders_version();
  EXPECT_NE(Ask(Change("nobody", proto::ChangeRun::PAUSE)).code(), 0U);
  proto::ControlRequest heavy = Change("t", proto::ChangeRun::KEEP);
  heavy.mutable_change_run()->set_weight(1'000'000);
  EXPECT_NE(Ask(heavy).code(), 0U);
  proto::ControlRequest by_as = Change("t", proto::ChangeRun::KEEP);
  by_as.mutable_change_run()->set_per_as(1);
  EXPECT_NE(Ask(by_as).text().find("--geo"), std::string::npos);
  EXPECT_EQ(dispatcher_->orders_version(), before);
}

TEST_F(ControlDeskTest, OptOutsAreDurableWhenTheyAreAnswered) {
  proto::ControlRequest request;
  request.mutable_add_opt_outs()->add_entries("192.0.2.0/24");
  const proto::ControlReply reply = Ask(request);
  EXPECT_EQ(reply.code(), 0U) << reply.text();
  EXPECT_EQ(reply.exclusions_version(), 1U);
  EXPECT_EQ(LoadOptOuts(*store_)->addresses.v4().size(), 256U);
  const uint64_t version = dispatcher_->orders_version();
  EXPECT_EQ(Ask(request).exclusions_version(), 1U);
  EXPECT_EQ(dispatcher_->orders_version(), version) << "nothing new is no order";
}

TEST_F(ControlDeskTest, TheRateIsBounded) {
  proto::ControlRequest request;
  for (const double rate : {0.0, -5.0, 1e12, std::numeric_limits<double>::quiet_NaN()}) {
    request.mutable_set_fleet_rate()->set_probes_per_second(rate);
    EXPECT_NE(Ask(request).code(), 0U) << rate;
  }
  request.mutable_set_fleet_rate()->set_probes_per_second(500);
  EXPECT_EQ(Ask(request).code(), 0U);
}

TEST_F(ControlDeskTest, TheRateThatWasSetOutlivesTheCoordinator) {
  EXPECT_EQ(*FleetRateOf(*store_, 1000), 1000);
  started_rate_ = 1000;
  Open(true);
  proto::ControlRequest request;
  request.mutable_set_fleet_rate()->set_probes_per_second(12.5);
  ASSERT_EQ(Ask(request).code(), 0U);
  EXPECT_EQ(*FleetRateOf(*store_, 1000), 12.5);
  EXPECT_EQ(*FleetRateOf(*store_, 2000), 2000) << "another --rate is a later wish";
  // Once more, by a coordinator that began with what was kept.
  request.mutable_set_fleet_rate()->set_probes_per_second(50);
  ASSERT_EQ(Ask(request).code(), 0U);
  EXPECT_EQ(*FleetRateOf(*store_, 1000), 50);
}

TEST_F(ControlDeskTest, AKeptRateThatIsNoneStopsTheStart) {
  for (const std::string& bytes : {std::string("x"), std::string(16, '\0'), std::string(17, '@')}) {
    const std::unique_ptr<StoreWrite> write = store_->NewWrite();
    write->PutMeta("fleet_rate", bytes);
    ASSERT_TRUE(store_->Commit(*write, true).ok());
    EXPECT_EQ(FleetRateOf(*store_, 1000).status().code(), StatusCode::kCorruption);
  }
}

TEST_F(ControlDeskTest, AnswersWhatItDoesNotUnderstandWithAnError) {
  EXPECT_NE(AskBytes("\xff\xff\xff garbage").code(), 0U);
  EXPECT_NE(AskBytes("").code(), 0U);
  EXPECT_NE(Ask({}).code(), 0U);
}

TEST_F(ControlDeskTest, TheStatusHasWhatTheCoordinatorAddsToIt) {
  desk_->SetOwnFacts([](proto::FleetStatus& status) { status.set_uptime_ms(5); });
  proto::ControlRequest request;
  request.mutable_get_status()->set_max_jobs(UINT32_MAX);
  const proto::ControlReply reply = Ask(request);
  EXPECT_EQ(reply.status().uptime_ms(), 5);
  ASSERT_EQ(reply.status().runs_size(), 1);
  EXPECT_EQ(reply.status().runs(0).name(), "t");
}

TEST_F(ControlDeskTest, ABackupThatCannotBeIsAnsweredWithWhy) {
  proto::ControlRequest request;
  request.mutable_back_up()->set_to("relative");
  const proto::ControlReply reply = Ask(request);
  EXPECT_EQ(reply.code(), static_cast<uint32_t>(StatusCode::kInvalidInput));
  EXPECT_NE(reply.text().find("absolute"), std::string::npos);
}

TEST_F(ControlDeskTest, MoreThanItsClerkCanHaveInHandIsRefusedAndNotKept) {
  proto::ControlRequest request = Create("0123456789abcdef", "x");  // no such file
  int refused = 0, answers = 0;
  constexpr int kAsked = 200;
  for (int i = 0; i < kAsked; ++i) desk_->OnControl("operator", request.SerializeAsString());
  while (answers < kAsked) {
    desk_->Tick();
    for (const auto& out : desk_->TakeOutgoing()) {
      proto::ControlReply reply;
      ASSERT_TRUE(reply.ParseFromString(out.envelope.control_reply()));
      refused += reply.text().find("too much to do") != std::string::npos ? 1 : 0;
      ++answers;
    }
    std::this_thread::yield();
  }
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace hark

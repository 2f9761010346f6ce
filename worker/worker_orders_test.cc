// What the worker does about orders and shares (worker_session_orders.cc).

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "keys/key_id.h"
#include "worker/memory_spool.h"
#include "worker/worker_session.h"

namespace hark {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Case = proto::Envelope::BodyCase;

const Address kOptedOut = Address::V4(0x0a000007);
const std::string kOptOut("\x0a\x00\x00\x07\x0a\x00\x00\x07", 8);

// Writes down what it was told, in order.
class Diary final : public JobHost {
 public:
  Status StartJob(const proto::Job& job, uint64_t, uint64_t,
                  std::shared_ptr<const RangeSet>) override {
    told.push_back(StrCat("start ", job.job()));
    ++jobs[job.run()];
    return Status::Ok();
  }
  void HoldJob(const JobKey& key, bool hold) override {
    told.push_back(StrCat(hold ? "hold " : "go ", key.job));
  }
  uint64_t TrimJob(const JobKey&, uint64_t new_end) override { return new_end; }
  void DropJob(const JobKey& key) override { told.push_back(StrCat("drop ", key.job)); }
  void FinishStarted() override {}
  size_t open_targets() const override { return 0; }
  size_t jobs_with_work() const override {
    size_t sum = 0;
    for (const auto& [run, count] : jobs) sum += count;
    return sum;
  }
  size_t run_jobs_with_work(uint32_t run) const override {
    return jobs.contains(run) ? jobs.at(run) : 0;
  }
  void SetRate(double pps) override { told.push_back(StrCat("rate ", static_cast<int>(pps))); }
  void SetShares(const RunShares& given, double total_given) override {
    shares = given;
    total = total_given;
  }
  void SetAsTable(uint32_t run, std::shared_ptr<const AsTable> table) override {
    told.push_back(StrCat("table of ", table->spans().size(), " for run ", run));
  }
  void Exclude(std::shared_ptr<const ExclusionFilter> filter) override {
    told.push_back(filter->Contains(kOptedOut) ? "excluded" : "not excluded");
  }
  void CancelJob(const JobKey& key) override { told.push_back(StrCat("cancel ", key.job)); }
  void FillLoad(proto::WorkerLoad* load) const override { load->set_rss_bytes(12345); }

  std::vector<std::string> told;
  std::map<uint32_t, size_t> jobs;  // with work, by run
  RunShares shares;
  double total = -1;
};

JobKey Key(uint32_t run, uint32_t job) {
  return {run, job, 3, job};
}

class WorkerOrdersTest : public ::testing::Test {
 protected:
  WorkerOrdersTest() {
    options_.orders_path = StrCat(::testing::TempDir(), "hark-orders-", getpid());
    unlink(options_.orders_path.c_str());
    orders_.set_version(1);
    orders_.set_has_exclusions(true);
    Share(1, 100);
    Share(2, 50);
    Restart();
  }
  ~WorkerOrdersTest() override { unlink(options_.orders_path.c_str()); }

  void Restart() {
    host_ = Diary();
    session_ = std::make_unique<WorkerSession>(options_, host_, spool_, targets_, ++seed_);
  }
  void Share(uint32_t run, double pps) {
    proto::RunRate* const rate = orders_.add_rates();
    rate->set_run(run);
    rate->set_probes_per_second(pps);
  }
  void Order(uint32_t run, proto::RunOrder::Kind kind) {
    proto::RunOrder* const order = orders_.add_runs();
    order->set_run(run);
    order->set_kind(kind);
  }

  std::vector<proto::Envelope> PollFor(Case wanted) {
    std::vector<proto::Envelope> out = session_->Poll(clock_.Now());
    std::erase_if(out, [&](const auto& e) { return e.body_case() != wanted; });
    return out;
  }
  proto::Envelope Message() {
    proto::Envelope envelope;
    envelope.set_major(1);
    envelope.set_session(41);
    return envelope;
  }
  void Tell(const proto::Envelope& envelope) { session_->On(envelope, clock_.Now(), unix_ms_); }
  proto::Hello Greet() {
    session_->LinkUp(clock_.Now());
    const auto out = PollFor(Case::kHello);
    EXPECT_EQ(out.size(), 1U);
    EXPECT_EQ(out[0].minor(), 2U);
    return out[0].hello();
  }
  proto::Envelope WelcomeTo(const proto::Hello& hello) {
    proto::Envelope e = Message();
    proto::Welcome* const w = e.mutable_welcome();
    w->set_hello_id(hello.hello_id());
    w->set_session(41);
    w->set_credit_bytes(1 << 20);
    w->set_heartbeat_ms(10000);
    w->set_lease_ms(60000);
    w->set_probes_per_second(1000);
    if (knows_orders_) *w->mutable_orders() = orders_;
    return e;
  }
  void Connect() {
    Tell(WelcomeTo(Greet()));
    ASSERT_EQ(session_->state(), WorkerSession::State::kReady);
  }
  void Reconnect() {
    session_->LinkDown();
    clock_.Advance(seconds(2));
    proto::Envelope welcome = WelcomeTo(Greet());
    for (const JobKey& key : held_) {
      proto::Verdict* const verdict = welcome.mutable_welcome()->add_held();
      key.Put(verdict);
      verdict->set_kind(proto::Verdict::KEEP);
    }
    Tell(welcome);
  }
  proto::Job JobOf(const JobKey& key) {
    proto::Job job;
    key.Put(&job);
    job.set_kind(proto::Job::GRAB);
    job.set_end(100);
    job.set_lease_ms(60000);
    return job;
  }
  void Give(const proto::Job& job) {
    proto::Envelope e = Message();
    *e.mutable_job() = job;
    Tell(e);
    held_.push_back(JobKey::Of(job));
  }
  void TellOrders() {
    proto::Envelope e = Message();
    *e.mutable_orders() = orders_;
    Tell(e);
  }
  // version/exclusions_version of the ORDERS_ACKs.
  std::vector<std::string> Acks() {
    std::vector<std::string> acks;
    for (const auto& e : PollFor(Case::kOrdersAck)) {
      acks.push_back(StrCat(e.orders_ack().version(), "/", e.orders_ack().exclusions_version()));
    }
    return acks;
  }
  std::vector<std::string> Told() { return std::exchange(host_.told, {}); }
  proto::Heartbeat Heartbeat() {
    clock_.Advance(seconds(10));
    const auto out = PollFor(Case::kHeartbeat);
    EXPECT_EQ(out.size(), 1U);
    return out.empty() ? proto::Heartbeat() : out[0].heartbeat();
  }

  ManualClock clock_;
  int64_t unix_ms_ = 1'000'000;
  SessionOptions options_;
  uint64_t seed_ = 0;
  bool knows_orders_ = true;
  proto::Orders orders_;
  std::vector<JobKey> held_;
  Diary host_;
  MemorySpool spool_;
  TargetSetCache targets_{""};
  std::unique_ptr<WorkerSession> session_;
};

// ---- shares

TEST_F(WorkerOrdersTest, TheSharesOfAWelcomeAreAppliedAcknowledgedAndReported) {
  Connect();
  EXPECT_EQ(host_.shares, (RunShares{{1, {100, 0, 0}}, {2, {50, 0, 0}}}));
  EXPECT_EQ(host_.total, 150);
  EXPECT_THAT(Acks(), ElementsAre("1/0"));
  const proto::Heartbeat heartbeat = Heartbeat();
  ASSERT_EQ(heartbeat.applied_size(), 2);
  EXPECT_EQ(heartbeat.applied(0).run(), 1U);
  EXPECT_EQ(heartbeat.applied(0).probes_per_second(), 100);
  EXPECT_EQ(heartbeat.orders_version(), 1U);
  EXPECT_EQ(heartbeat.load().rss_bytes(), 12345U);
  EXPECT_EQ(heartbeat.load().spool_free_bytes(), options_.spool_quota_bytes);
  // A restarted coordinator hears what it still obeys.
  session_->LinkDown();
  EXPECT_EQ(Greet().applied_size(), 2);
}

TEST_F(WorkerOrdersTest, AHeartbeatAnswerReplacesTheSharesWhole) {
  Connect();
  proto::Envelope e = Message();
  proto::RunRate* const rate = e.mutable_heartbeat_ack()->add_rates();
  rate->set_run(2);
  rate->set_probes_per_second(30);
  rate->set_per_prefix(2);
  rate->set_per_as(5);
  e.mutable_heartbeat_ack()->set_probes_per_second(7777);  // for workers that know no shares
  Tell(e);
  EXPECT_EQ(host_.shares, (RunShares{{2, {30, 2, 5}}}));
  EXPECT_EQ(host_.total, 30);
  e.mutable_heartbeat_ack()->set_command(proto::HeartbeatAck::PAUSE);
  Tell(e);
  EXPECT_THAT(host_.shares, IsEmpty());
  EXPECT_EQ(host_.total, 0);
}

TEST_F(WorkerOrdersTest, TheOwnCeilingIsTheTotalsLimit) {
  options_.max_pps = 120;
  Restart();
  Connect();
  EXPECT_EQ(host_.total, 120);
}

TEST_F(WorkerOrdersTest, RatesThatAreNoNumbersAreNoShares) {
  orders_.mutable_rates(0)->set_probes_per_second(-5);
  orders_.mutable_rates(1)->set_per_prefix(std::numeric_limits<double>::quiet_NaN());
  Connect();
  EXPECT_THAT(host_.shares, IsEmpty());
  EXPECT_EQ(host_.total, 0);
}

TEST_F(WorkerOrdersTest, ACoordinatorThatKnowsNoOrdersIsWorkedForAtItsOneRate) {
  knows_orders_ = false;
  Connect();
  EXPECT_THAT(Told(), ElementsAre("not excluded", "rate 1000"));
  EXPECT_THAT(Acks(), IsEmpty());
  Give(JobOf(Key(5, 1)));
  EXPECT_THAT(Told(), ElementsAre("start 1"));
  proto::Envelope e = Message();
  e.mutable_heartbeat_ack()->set_probes_per_second(600);
  Tell(e);
  EXPECT_THAT(Told(), ElementsAre("rate 600"));
}

TEST_F(WorkerOrdersTest, RunsWithTooLittleWorkAreNamedInTheRequest) {
  host_.jobs = {{1, 2}, {2, 1}};
  Connect();
  auto out = PollFor(Case::kRequest);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].request().slots(), 1U);
  EXPECT_THAT(out[0].request().hungry_runs(), ElementsAre(2U));
}

TEST_F(WorkerOrdersTest, JobsOfPausedRunsDoNotKeepOthersFromGettingWork) {
  host_.jobs = {{1, 2}};
  Order(1, proto::RunOrder::PAUSE);
  Connect();
  const auto out = PollFor(Case::kRequest);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].request().slots(), 2U);
  EXPECT_THAT(out[0].request().hungry_runs(), ElementsAre(2U));
}

TEST_F(WorkerOrdersTest, LeasesOfPausedRunsTakeNoPlaceUpToTheirOwnLimit) {
  options_.max_leases = 4;
  Restart();
  Order(1, proto::RunOrder::PAUSE);
  Connect();
  for (uint32_t job = 1; job <= 30; ++job) Give(JobOf(Key(1, job)));
  EXPECT_EQ(session_->leases(), 16U);
  session_->Poll(clock_.Now());
  orders_.clear_runs();
  Restart();
  Connect();
  for (uint32_t job = 1; job <= 30; ++job) Give(JobOf(Key(1, job)));
  EXPECT_EQ(session_->leases(), 4U);
}

TEST_F(WorkerOrdersTest, ANewShareEndsTheRestANoJobAskedFor) {
  host_.jobs = {{1, 2}};
  Connect();
  ASSERT_EQ(PollFor(Case::kRequest).size(), 1U);
  proto::Envelope e = Message();
  e.mutable_no_job()->set_retry_after_ms(100000);
  Tell(e);
  EXPECT_THAT(PollFor(Case::kRequest), IsEmpty());
  Share(3, 10);
  orders_.set_version(2);
  TellOrders();
  const auto out = PollFor(Case::kRequest);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_THAT(out[0].request().hungry_runs(), ElementsAre(2U, 3U));
}

// ---- opt-outs

TEST_F(WorkerOrdersTest, OptOutsHoldBeforeTheyAreAcknowledged) {
  Connect();
  Acks();
  Told();
  orders_.set_version(2);
  orders_.set_exclusions_version(9);
  orders_.add_exclusions(kOptOut);
  TellOrders();
  EXPECT_THAT(Told(), ElementsAre("excluded"));
  EXPECT_THAT(Acks(), ElementsAre("2/9"));
  // Orders without opt-outs leave them.
  orders_.set_version(3);
  orders_.set_has_exclusions(false);
  orders_.clear_exclusions();
  TellOrders();
  EXPECT_THAT(Told(), ElementsAre("excluded"));
  EXPECT_THAT(Acks(), ElementsAre("3/9"));
}

TEST_F(WorkerOrdersTest, OrdersOvertakenByNewerOnesAreIgnored) {
  orders_.set_version(5);
  Connect();
  Acks();
  Told();
  orders_.set_version(4);
  Order(1, proto::RunOrder::CANCEL);
  TellOrders();
  EXPECT_THAT(Told(), IsEmpty());
  EXPECT_THAT(Acks(), IsEmpty());
  // The same again: its acknowledgement was lost.
  orders_.set_version(5);
  orders_.clear_runs();
  TellOrders();
  EXPECT_THAT(Acks(), ElementsAre("5/0"));
}

TEST_F(WorkerOrdersTest, ARestartedWorkerObeysBeforeItHearsAgain) {
  orders_.set_exclusions_version(9);
  orders_.add_exclusions(kOptOut);
  Connect();
  Restart();
  EXPECT_THAT(Told(), ElementsAre("excluded"));
  EXPECT_EQ(Greet().orders_version(), 0U);  // nobody told this process yet
  struct stat info {};
  ASSERT_EQ(stat(options_.orders_path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(WorkerOrdersTest, OptOutsSurviveAReconnectAndACoordinatorThatKnowsNone) {
  orders_.set_exclusions_version(9);
  orders_.add_exclusions(kOptOut);
  Connect();
  knows_orders_ = false;
  Reconnect();
  EXPECT_EQ(session_->orders().exclusions_version(), 9U);
  EXPECT_TRUE(session_->orders().exclusions()->Contains(kOptedOut));
}

TEST_F(WorkerOrdersTest, AJobWaitsForTheOptOutsItWasMadeUnder) {
  Connect();
  proto::Job job = JobOf(Key(1, 1));
  job.set_exclusions_version(9);
  Told();
  Give(job);
  EXPECT_THAT(Told(), ElementsAre("start 1", "hold 1"));
  orders_.set_version(2);
  orders_.set_exclusions_version(9);
  TellOrders();
  EXPECT_THAT(Told(), ElementsAre("not excluded", "go 1"));
}

TEST_F(WorkerOrdersTest, OrdersThatCannotBeReadStopEverythingUntilOthersCome) {
  Connect();
  Acks();
  Give(JobOf(Key(1, 1)));
  Told();
  orders_.set_version(2);
  orders_.add_exclusions("12345");
  TellOrders();
  EXPECT_THAT(Told(), ElementsAre("hold 1"));
  EXPECT_THAT(Acks(), IsEmpty());
  orders_.clear_exclusions();
  TellOrders();
  EXPECT_THAT(Told(), ElementsAre("not excluded", "go 1"));
  EXPECT_THAT(Acks(), ElementsAre("2/0"));
}

// ---- pause, go, cancel

TEST_F(WorkerOrdersTest, APausedRunStandsStillWithItsLeasesAndGoesOn) {
  Connect();
  Give(JobOf(Key(1, 1)));
  Give(JobOf(Key(2, 2)));
  Told();
  orders_.set_version(2);
  Order(1, proto::RunOrder::PAUSE);
  TellOrders();
  EXPECT_THAT(Told(), ElementsAre("not excluded", "hold 1"));
  EXPECT_EQ(session_->leases(), 2U);
  Give(JobOf(Key(1, 3)));  // was on its way
  EXPECT_THAT(Told(), ElementsAre("start 3", "hold 3"));
  orders_.set_version(3);
  orders_.clear_runs();
  Order(1, proto::RunOrder::GO);
  TellOrders();
  EXPECT_THAT(Told(), ElementsAre("not excluded", "go 1", "go 3"));
}

TEST_F(WorkerOrdersTest, APausedRunStaysPausedOverAReconnect) {
  Connect();
  Give(JobOf(Key(1, 1)));
  orders_.set_version(2);
  Order(1, proto::RunOrder::PAUSE);
  TellOrders();
  Told();
  Reconnect();
  session_->Poll(clock_.Now());
  EXPECT_THAT(Told(), ElementsAre("not excluded"));  // still held
}

TEST_F(WorkerOrdersTest, ACancelledRunsJobsAndSpoolsAreDropped) {
  Connect();
  Give(JobOf(Key(1, 1)));
  Give(JobOf(Key(2, 2)));
  Told();
  orders_.set_version(2);
  Order(1, proto::RunOrder::CANCEL);
  TellOrders();
  EXPECT_THAT(Told(), ElementsAre("not excluded", "cancel 1", "drop 1"));
  EXPECT_EQ(session_->leases(), 1U);
  EXPECT_EQ(spool_.jobs(), 1U);
  // One that was on its way is given back.
  Give(JobOf(Key(1, 3)));
  const auto out = PollFor(Case::kRelease);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].release().job(), 3U);
}

// ---- clocks, credit, tables

TEST_F(WorkerOrdersTest, TheClockOffsetIsReckonedWithHalfTheRoundTrip) {
  unix_ms_ = 1'000'400;  // when the WELCOME is here
  const proto::Hello hello = Greet();
  proto::Envelope welcome = WelcomeTo(hello);
  welcome.mutable_welcome()->set_coordinator_unix_ms(5'000'000);
  clock_.Advance(milliseconds(400));
  Tell(welcome);
  EXPECT_EQ(session_->clock_offset_ms(), 5'000'200 - 1'000'400);
  Give(JobOf(Key(1, 1)));
  proto::Batch batch;
  Key(1, 1).Put(&batch);
  batch.set_to_index(10);
  session_->AddBatch(batch, clock_.Now());
  const auto out = PollFor(Case::kBatch);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].batch().clock_offset_ms(), 3'999'800);
  EXPECT_EQ(Heartbeat().clock_offset_ms(), 3'999'800);
  // This machine's clock was set back by an hour; the next WELCOME finds out.
  unix_ms_ -= 3'600'000;
  session_->LinkDown();
  welcome.mutable_welcome()->set_hello_id(Greet().hello_id());
  Tell(welcome);
  EXPECT_EQ(session_->clock_offset_ms(), 5'000'000 - unix_ms_);
}

TEST_F(WorkerOrdersTest, CreditOfAHeartbeatAnswerIsAdded) {
  proto::Envelope welcome = WelcomeTo(Greet());
  welcome.mutable_welcome()->set_credit_bytes(0);
  Tell(welcome);
  Give(JobOf(Key(1, 1)));
  for (uint64_t i = 0; i < 3; ++i) {
    proto::Batch batch;
    Key(1, 1).Put(&batch);
    batch.set_from_index(i);
    batch.set_to_index(i + 1);
    batch.set_payload(std::string(100, 'x'));
    session_->AddBatch(std::move(batch), clock_.Now());
  }
  EXPECT_EQ(PollFor(Case::kBatch).size(), 1U);  // the one that is always allowed
  proto::Envelope e = Message();
  e.mutable_heartbeat_ack()->set_credit_bytes(150);
  Tell(e);
  EXPECT_EQ(PollFor(Case::kBatch).size(), 1U);
}

TEST_F(WorkerOrdersTest, AJobsTableOfAsesIsFetchedLikeATargetSet) {
  const std::string bytes = AsTable::Make({{1, 2, 3}, {5, 6, 7}})->Encode();
  Connect();
  Told();
  proto::Job job = JobOf(Key(1, 1));
  job.set_as_table(Sha256(bytes));
  Give(job);
  EXPECT_THAT(Told(), IsEmpty());
  const auto out = PollFor(Case::kTargetSetGet);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].target_set_get().hash(), job.as_table());
  proto::Envelope e = Message();
  e.mutable_target_set_chunk()->set_hash(job.as_table());
  e.mutable_target_set_chunk()->set_total(bytes.size());
  e.mutable_target_set_chunk()->set_data(bytes);
  Tell(e);
  EXPECT_THAT(Told(), ElementsAre("table of 2 for run 1", "start 1"));
  // Once is enough.
  job.set_job(2);
  Give(job);
  EXPECT_THAT(Told(), ElementsAre("table of 2 for run 1", "start 2"));
}

TEST_F(WorkerOrdersTest, ATableOfAsesThatIsNoneGivesTheJobBack) {
  Connect();
  proto::Job job = JobOf(Key(1, 1));
  job.set_as_table(Sha256("nonsense"));
  Give(job);
  session_->Poll(clock_.Now());
  proto::Envelope e = Message();
  e.mutable_target_set_chunk()->set_hash(job.as_table());
  e.mutable_target_set_chunk()->set_total(8);
  e.mutable_target_set_chunk()->set_data("nonsense");
  Tell(e);
  const auto out = PollFor(Case::kRelease);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].release().reason(), proto::Release::TARGET_SET);
}

TEST_F(WorkerOrdersTest, ADrainOfManyRunsReturnsAllOfThemAndEndsInTime) {
  for (uint32_t run = 3; run <= 20; ++run) Share(run, 5);
  Connect();
  for (uint32_t run = 1; run <= 20; ++run) Give(JobOf(Key(run, run)));
  session_->Poll(clock_.Now());
  // One has a batch nobody acknowledges: it stays in the spool for the next process.
  proto::Batch batch;
  Key(1, 1).Put(&batch);
  batch.set_to_index(10);
  session_->AddBatch(batch, clock_.Now());
  session_->StartDrain(clock_.Now());
  PollFor(Case::kBatch);
  EXPECT_FALSE(session_->finished());
  clock_.Advance(options_.drain_time);
  const auto out = session_->Poll(clock_.Now());
  EXPECT_EQ(std::count_if(out.begin(), out.end(), [](const auto& e) { return e.has_release(); }),
            19);
  EXPECT_TRUE(out.back().has_bye());
  EXPECT_TRUE(session_->finished());
  EXPECT_EQ(spool_.jobs(), 1U);
}

}  // namespace
}  // namespace hark

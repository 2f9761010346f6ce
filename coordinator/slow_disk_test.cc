// Row 17 of docs/failures.md with everything real but the disk: a coordinator on a port of the
// loopback interface, whose disk takes as long for a sync as the test says.

#include <gtest/gtest.h>

#include <functional>

#include "base/crc32c.h"
#include "bus/dealer.h"
#include "coordinator/coordinator.h"
#include "coordinator/plan.h"
#include "coordinator/run_registry.h"
#include "storage/testing/frail_disk.h"

namespace hark {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class SlowDiskTest : public testing::Test {
 protected:
  void SetUp() override {
    store_ = std::move(disk_.Open()).value();
    PlanOptions plan;
    plan.sources = RangeSet({*ParseRange("127.9.0.0/24")});
    const proto::RunRow run = OpenRun(*store_, *MakePlan(plan), "t", 0)->run;
    CoordinatorOptions options;
    options.endpoints = {"tcp://127.0.0.1:*"};
    options.keys = GenerateKeyPair();
    options.dispatcher.expected_workers = 1;
    allowed_.Allow(CurveKeyBytes(worker_.public_key));
    const std::string server_key = options.keys.public_key;
    auto coordinator = Coordinator::Start(*store_, geo_, allowed_, {run}, options, clock_);
    ASSERT_TRUE(coordinator.ok()) << coordinator.status().message();
    coordinator_ = std::move(coordinator).value();
    dealer_ = std::move(Dealer::Connect({coordinator_->endpoints().front(), server_key,
                                         worker_.public_key, worker_.secret_key}))
                  .value();
  }
  void TearDown() override { disk_.ReleaseSyncs(); }

  void Send(proto::Envelope envelope) {
    envelope.set_major(1);
    envelope.set_session(session_);
    ASSERT_TRUE(dealer_->Send(envelope));
  }

  // Turns of the coordinator's loop until this is so; answers are kept in heard_.
  void StepUntil(const std::function<bool()>& so) {
    while (!so()) {
      ASSERT_TRUE(coordinator_->Step(milliseconds(5)).ok());
      while (auto envelope = dealer_->Receive()) heard_.push_back(std::move(*envelope));
    }
  }
  // The next answer of this kind; others of before it are dropped, except acknowledgements.
  proto::Envelope Hear(proto::Envelope::BodyCase what) {
    proto::Envelope answer;
    StepUntil([&] {
      for (auto& envelope : heard_) {
        if (envelope.body_case() == proto::Envelope::kAck) ++acks_;
        if (envelope.body_case() == what) answer = envelope;
      }
      heard_.clear();
      return answer.body_case() == what;
    });
    return answer;
  }

  proto::Job BeginJob() {
    proto::Envelope hello;
    hello.mutable_hello()->set_hello_id(1);
    hello.mutable_hello()->set_proto_min(1);
    hello.mutable_hello()->set_proto_max(1);
    Send(hello);
    session_ = Hear(proto::Envelope::kWelcome).welcome().session();
    proto::Envelope request;
    request.mutable_request()->set_slots(1);
    Send(request);
    return Hear(proto::Envelope::kJob).job();
  }

  void SendBatch(const proto::Job& job, uint64_t seq) {
    proto::BatchPayload payload;
    payload.mutable_sweep()->set_silent(8);
    proto::Envelope envelope;
    proto::Batch& batch = *envelope.mutable_batch();
    batch.set_run(job.run());
    batch.set_job(job.job());
    *batch.mutable_token() = job.token();
    batch.set_seq(seq);
    batch.set_from_index(seq * 8);
    batch.set_to_index(seq * 8 + 8);
    batch.set_payload(payload.SerializeAsString());
    batch.set_crc32c(Crc32c(batch.payload()));
    Send(envelope);
  }

  FrailDisk disk_{1};
  const KeyPair worker_ = GenerateKeyPair();
  ManualClock clock_;
  GeoTable geo_;
  AllowedKeys allowed_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<Dealer> dealer_;
  uint64_t session_ = 0;
  std::vector<proto::Envelope> heard_;
  int acks_ = 0;
};

TEST_F(SlowDiskTest, Row17HeartbeatsAreAnsweredWhileASyncHangsAndAcksAndCreditWait) {
  const proto::Job job = BeginJob();
  disk_.HoldSyncs();
  SendBatch(job, 0);
  StepUntil([this] { return disk_.HoldsSomebody(); });
  SendBatch(job, 1);  // waits behind it
  proto::Envelope beat;
  proto::HeldJob& held = *beat.mutable_heartbeat()->add_held();
  held.set_run(job.run());
  held.set_job(job.job());
  *held.mutable_token() = job.token();
  held.set_next_seq(2);
  // Longer than any lease, so it is the heartbeats that keep it.
  for (int i = 0; i < 60; ++i) {
    clock_.Advance(seconds(2));
    Send(beat);
    const proto::HeartbeatAck ack = Hear(proto::Envelope::kHeartbeatAck).heartbeat_ack();
    ASSERT_EQ(ack.held(0).kind(), proto::Verdict::KEEP);
    ASSERT_EQ(ack.held(0).durable_next_seq(), 0U);
  }
  EXPECT_TRUE(disk_.HoldsSomebody());
  EXPECT_EQ(acks_, 0);
  disk_.ReleaseSyncs();
  uint64_t durable = 0, credit = 0;
  while (durable < 2) {
    const proto::Ack ack = Hear(proto::Envelope::kAck).ack();
    durable = ack.durable_next_seq();
    credit += ack.credit_bytes();
  }
  EXPECT_GT(credit, 0U);
}

}  // namespace
}  // namespace hark

#include "coordinator/fleet_gate.h"

#include "base/log.h"
#include "base/testing/temp_directory.h"
#include "coordinator/dispatcher_fixture.h"

namespace hark {
namespace {

using Speaker = FleetGate::Speaker;
using State = FleetWorker::State;

std::string Key(char c) {
  return std::string(32, c);
}

class FleetGateTest : public DispatcherTest {
 protected:
  void SetUp() override {
    DispatcherTest::SetUp();
    SetLogSink([](LogLevel, std::string_view) {});
    Put('a', State::kAllowed);
    Put('d', State::kDraining);
    Put('r', State::kRevoked);
    Put('q', State::kQuarantined);
    Start();
  }
  void TearDown() override { SetLogSink(nullptr); }

  void Start() {
    gate_ = std::make_unique<FleetGate>(directory_.path(), allowed_, Key('O'));
    ASSERT_TRUE(gate_->Start(*dispatcher_, now_).ok());
  }

  void Put(char key, State state) {
    const Status done =
        FleetDirectory(directory_.path())
            .Edit(
                [&](FleetRegistry& registry) -> Result<bool> {
                  return registry.SetState(Key(key), state, std::string("worker-") + key, 1);
                },
                std::chrono::seconds(5));
    ASSERT_TRUE(done.ok()) << done.message();
  }

  // A second on the clock: the gate looks at the registry.
  void NextSecond() {
    now_ += std::chrono::seconds(1);
    gate_->Tick(*dispatcher_, now_, UnixMillis());
  }

  Speaker Says(char key, proto::Envelope envelope) {
    Router::Incoming in;
    in.route = std::string("route-") + key;
    in.key = Key(key);
    in.envelope = std::move(envelope);
    return gate_->Admit(in, now_, UnixMillis());
  }
  Speaker SaysHeartbeat(char key) {
    proto::Envelope envelope;
    envelope.mutable_heartbeat();
    return Says(key, envelope);
  }
  Speaker SaysControl(char key) {
    proto::Envelope envelope;
    envelope.set_control("x");
    return Says(key, envelope);
  }
  std::optional<proto::Reject::Code> Rejected() {
    const std::vector<Dispatcher::Outgoing> out = gate_->TakeOutgoing();
    if (out.size() != 1 || !out[0].envelope.has_reject()) return std::nullopt;
    return out[0].envelope.reject().code();
  }

  TempDirectory directory_;
  AllowedKeys allowed_;
  std::unique_ptr<FleetGate> gate_;
};

TEST_F(FleetGateTest, LetsInWhomTheRegistryNames) {
  EXPECT_TRUE(gate_->MayConnect(Key('a')));
  EXPECT_TRUE(gate_->MayConnect(Key('d')));
  EXPECT_TRUE(gate_->MayConnect(Key('q'))) << "to be told";
  EXPECT_TRUE(gate_->MayConnect(Key('O')));
  EXPECT_FALSE(gate_->MayConnect(Key('r')));
  EXPECT_FALSE(gate_->MayConnect(Key('x')));
  allowed_.Allow(Key('x'));
  EXPECT_TRUE(gate_->MayConnect(Key('x')));
  allowed_.Allow(Key('r'));
  EXPECT_FALSE(gate_->MayConnect(Key('r'))) << "the registry wins";
}

TEST_F(FleetGateTest, GivesEachKeyItsOwnWords) {
  EXPECT_EQ(SaysHeartbeat('a'), Speaker::kWorker);
  EXPECT_EQ(SaysHeartbeat('d'), Speaker::kWorker);
  EXPECT_EQ(SaysHeartbeat('r'), Speaker::kNobody);
  EXPECT_EQ(Rejected(), proto::Reject::REVOKED);
  EXPECT_EQ(SaysHeartbeat('q'), Speaker::kNobody);
  EXPECT_EQ(Rejected(), proto::Reject::QUARANTINED);
  EXPECT_EQ(SaysControl('O'), Speaker::kOperator);
}

TEST_F(FleetGateTest, AWorkerGivesNoOrdersAndAnOperatorDoesNoWork) {
  EXPECT_EQ(SaysControl('a'), Speaker::kNobody);
  EXPECT_EQ(Rejected(), std::nullopt);
  EXPECT_EQ(SaysControl('q'), Speaker::kNobody);
  EXPECT_EQ(Rejected(), proto::Reject::QUARANTINED);
  EXPECT_EQ(SaysHeartbeat('O'), Speaker::kNobody);
  EXPECT_EQ(Rejected(), proto::Reject::UNKNOWN_WORKER);
}

TEST_F(FleetGateTest, FollowsTheRegistryWithinASecond) {
  Put('a', State::kRevoked);
  NextSecond();
  EXPECT_FALSE(gate_->MayConnect(Key('a')));
  EXPECT_EQ(SaysHeartbeat('a'), Speaker::kNobody);
  Put('r', State::kAllowed);
  NextSecond();
  EXPECT_EQ(SaysHeartbeat('r'), Speaker::kWorker);
}

TEST_F(FleetGateTest, AQuarantineOutlivesTheCoordinatorAndEndsWithAllow) {
  Start();
  EXPECT_EQ(SaysHeartbeat('q'), Speaker::kNobody);
  gate_->TakeOutgoing();
  Put('q', State::kAllowed);
  NextSecond();
  EXPECT_EQ(SaysHeartbeat('q'), Speaker::kWorker);
}

TEST_F(FleetGateTest, QuarantineIsWrittenOverAnyStateButRevoked) {
  FleetRegistry registry;
  registry.SetState(Key('r'), State::kRevoked, "", 1);
  EXPECT_FALSE(registry.Quarantine(Key('r'), "r", 2));
  EXPECT_TRUE(registry.Quarantine(Key('n'), "new one", 2));
  EXPECT_FALSE(registry.Quarantine(Key('n'), "new one", 3));
  const Result<FleetRegistry> back = FleetRegistry::Parse(registry.Encode());
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ(back->workers().at(Key('n')).state, State::kQuarantined);
  EXPECT_EQ(back->workers().at(Key('n')).name, "new_one");
  EXPECT_EQ(back->workers().at(Key('r')).state, State::kRevoked);
}

}  // namespace
}  // namespace hark

// The coordinator's part in rows of the failure table (docs/failures.md) that no other test has.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/log.h"
#include "coordinator/dispatcher_fixture.h"

namespace hark {
namespace {

using std::chrono::seconds;

class FailureRowsTest : public DispatcherTest {
 protected:
  proto::HeldJob HeldOf(const proto::Job& job, uint64_t next_seq) {
    proto::HeldJob held;
    held.set_run(job.run());
    held.set_job(job.job());
    *held.mutable_token() = job.token();
    held.set_next_seq(next_seq);
    return held;
  }
};

TEST_F(FailureRowsTest, Row5AWorkerThatCannotSupplyWhatTheDiskForgotGivesTheJobBackAtTheCursor) {
  Hello("a", 1);
  const proto::Job job = *AskForJob("a");
  SendBatch("a", SweepBatch(job, 0, 0, 40));
  Tick();
  SendBatch("a", SweepBatch(job, 1, 40, 80));  // never written: the power goes
  queue_ = std::make_unique<ManualQueue>(*store_);
  Restart();
  const proto::Welcome welcome = Hello("a", 2, {HeldOf(job, 2)});
  ASSERT_EQ(welcome.held(0).kind(), proto::Verdict::KEEP);
  EXPECT_EQ(welcome.held(0).durable_next_seq(), 1U);
  proto::Envelope release;
  *release.mutable_release()->mutable_token() = job.token();
  release.mutable_release()->set_run(job.run());
  release.mutable_release()->set_job(job.job());
  release.mutable_release()->set_reason(proto::Release::CANNOT_SUPPLY);
  Say("a", release);
  EXPECT_EQ(AskForJob("a")->cursor(), 40U);
}

TEST_F(FailureRowsTest, Row7ANewConnectionOfAWorkerReplacesTheHalfOpenOne) {
  Hello("a", 1);
  const proto::Job job = *AskForJob("a");
  proto::Envelope hello;
  hello.set_major(1);
  hello.mutable_hello()->set_hello_id(2);
  hello.mutable_hello()->set_proto_min(1);
  hello.mutable_hello()->set_proto_max(1);
  *hello.mutable_hello()->add_held() = HeldOf(job, 0);
  dispatcher_->OnMessage("new-route", "a", hello, now_, UnixMillis());
  const auto answers = dispatcher_->TakeOutgoing();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].route, "new-route");
  EXPECT_EQ(answers[0].envelope.welcome().held(0).kind(), proto::Verdict::KEEP);
  EXPECT_EQ(dispatcher_->Workers().size(), 1U);
  proto::Envelope late;  // from the old connection's buffers
  late.mutable_request()->set_slots(1);
  EXPECT_TRUE(Say("a", late).at(0).has_need_hello());
}

TEST_F(FailureRowsTest, Row7ASilentWorkerLosesItsSessionAndKeepsItsLease) {
  Hello("a", 1);
  const proto::Job job = *AskForJob("a");
  now_ += seconds(7);
  Tick();
  EXPECT_FALSE(dispatcher_->HasSession("a"));
  EXPECT_EQ(Hello("a", 2, {HeldOf(job, 0)}).held(0).kind(), proto::Verdict::KEEP);
}

TEST_F(FailureRowsTest, Row17AStalledDiskHoldsBackAcksAndTheirCreditButNotHeartbeats) {
  Hello("a", 1);
  const proto::Job job = *AskForJob("a");
  SendBatch("a", SweepBatch(job, 0, 0, 10));
  proto::Envelope beat;
  *beat.mutable_heartbeat()->add_held() = HeldOf(job, 1);
  for (int i = 0; i < 100; ++i) {
    now_ += seconds(2);
    dispatcher_->OnTick(now_, UnixMillis());  // and nothing is flushed
    const auto answers = Say("a", beat);
    ASSERT_EQ(answers.size(), 1U);
    ASSERT_EQ(answers[0].heartbeat_ack().held(0).kind(), proto::Verdict::KEEP);
    ASSERT_EQ(answers[0].heartbeat_ack().held(0).durable_next_seq(), 0U);
  }
  Tick();
  const auto answers = Heard("a");
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].ack().durable_next_seq(), 1U);
  EXPECT_GT(answers[0].ack().credit_bytes(), 0U);
}

TEST_F(FailureRowsTest, Row24VersionsAreServedWhereTheRangesMeetAndRefusedWhereNot) {
  const auto answer_to = [&](uint32_t low, uint32_t high) {
    proto::Envelope hello;
    hello.mutable_hello()->set_hello_id(low * 100 + high + 1);
    hello.mutable_hello()->set_proto_min(low);
    hello.mutable_hello()->set_proto_max(high);
    return Say("a", hello).at(0);
  };
  for (const auto& [low, high] : {std::pair(0U, 1U), {1U, 1U}, {1U, 7U}, {0U, 0xffffffffU}}) {
    EXPECT_EQ(answer_to(low, high).welcome().proto(), 1U) << low << "-" << high;
  }
  for (const auto& [low, high] : {std::pair(0U, 0U), {2U, 2U}, {2U, 0xffffffffU}, {3U, 0U}}) {
    const proto::Envelope answer = answer_to(low, high);
    EXPECT_EQ(answer.reject().code(), proto::Reject::VERSION) << low << "-" << high;
    EXPECT_GT(answer.reject().retry_after_ms(), 0U);
    EXPECT_FALSE(answer.reject().text().empty());
  }
}

TEST(FailureRowsStoreTest, Row29AStoreOfANewerVersionIsRefusedInOneLine) {
  const std::string path =
      std::filesystem::temp_directory_path() / ("hark-newer-" + std::to_string(getpid()));
  {
    auto store = std::move(Store::Open(path, Store::Mode::kReadWrite)).value();
    const auto write = store->NewWrite();
    write->PutMeta("schema_version", "99");
    ASSERT_TRUE(store->Commit(*write, true).ok());
  }
  for (const Store::Mode mode : {Store::Mode::kReadWrite, Store::Mode::kReadOnly}) {
    const auto store = Store::Open(path, mode);
    ASSERT_FALSE(store.ok());
    EXPECT_NE(store.status().message().find("newer hark"), std::string::npos);
    EXPECT_EQ(store.status().message().find('\n'), std::string::npos);
  }
  std::filesystem::remove_all(path);
}

}  // namespace
}  // namespace hark

// Row 24 of docs/failures.md: what a worker of the last release sends (tests/integration/recorded)
// is served today, and what it is answered it can read.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "coordinator/dispatcher_fixture.h"
#include "tests/integration/recorded/recorded_wire.pb.h"

namespace hark {
namespace {

using std::chrono::seconds;

class RecordedMessagesTest : public DispatcherTest, public testing::WithParamInterface<int> {
 protected:
  static std::string Recorded(const std::string& name) {
    const std::string path =
        "tests/integration/recorded/minor" + std::to_string(GetParam()) + "/" + name;
    std::ifstream in(path, std::ios::binary);
    std::string bytes((std::istreambuf_iterator<char>(in)), {});
    EXPECT_FALSE(bytes.empty()) << path;
    return bytes;
  }

  // Sends the recorded bytes; then reads the answers with the words of that release.
  std::vector<recorded::Envelope> Play(const std::string& bytes) {
    proto::Envelope envelope;
    EXPECT_TRUE(envelope.ParseFromString(bytes));
    EXPECT_EQ(envelope.minor(), static_cast<uint32_t>(GetParam()));
    dispatcher_->OnMessage("route-old", "old", envelope, now_, UnixMillis());
    return Answers();
  }

  std::vector<recorded::Envelope> Answers() {
    std::vector<recorded::Envelope> answers;
    for (const proto::Envelope& envelope : Heard("old")) {
      EXPECT_TRUE(answers.emplace_back().ParseFromString(envelope.SerializeAsString()));
      EXPECT_NE(answers.back().body_case(), recorded::Envelope::BODY_NOT_SET)
          << "a message of a kind that it does not know";
    }
    return answers;
  }

  // The same with the session and the token it was given meanwhile.
  std::vector<recorded::Envelope> PlayNow(const std::string& name) {
    recorded::Envelope envelope;
    EXPECT_TRUE(envelope.ParseFromString(Recorded(name)));
    if (!envelope.has_hello()) envelope.set_session(welcome_.session());
    if (envelope.has_hello() && envelope.hello().held_size() > 0) {
      *envelope.mutable_hello()->mutable_held(0)->mutable_token() = job_.token();
    }
    if (envelope.has_batch()) *envelope.mutable_batch()->mutable_token() = job_.token();
    if (envelope.has_release()) *envelope.mutable_release()->mutable_token() = job_.token();
    if (envelope.has_heartbeat()) {
      *envelope.mutable_heartbeat()->mutable_held(0)->mutable_token() = job_.token();
    }
    return Play(envelope.SerializeAsString());
  }

  void Begin() {
    const auto greeted = Play(Recorded("hello"));
    ASSERT_EQ(greeted.size(), 1U);
    ASSERT_TRUE(greeted[0].has_welcome());
    welcome_ = greeted[0].welcome();
    // A JOB comes when its lease is written.
    PlayNow("request");
    Tick();
    const auto answered = Answers();
    ASSERT_EQ(answered.size(), 1U);
    ASSERT_TRUE(answered[0].has_job());
    job_ = answered[0].job();
  }

  recorded::Welcome welcome_;
  recorded::Job job_;
};

TEST_P(RecordedMessagesTest, Row24AWorkerOfTheLastReleaseIsWelcomedAndGivenAJobItCanRead) {
  Begin();
  EXPECT_EQ(welcome_.hello_id(), 81985529216486895U);
  EXPECT_EQ(welcome_.proto(), 1U);
  EXPECT_GT(welcome_.probes_per_second(), 0);
  EXPECT_LE(welcome_.probes_per_second(), options_.probes_per_second);
  EXPECT_GT(welcome_.credit_bytes(), 0U);
  EXPECT_EQ(welcome_.lease_ms(), 60'000U);
  EXPECT_EQ(job_.kind(), recorded::Job::SWEEP);
  EXPECT_EQ(job_.target_set(), run_.target_set());
  EXPECT_EQ(job_.end(), kPlanned);
  EXPECT_EQ(job_.gate_port(), 25U);
  EXPECT_EQ(job_.exclusions_size(), run_.exclusions_size());
}

TEST_P(RecordedMessagesTest, Row24ItsBatchIsKeptAndAcknowledgedOnceItIsDurable) {
  Begin();
  EXPECT_TRUE(PlayNow("batch").empty());
  Tick();
  const auto acks = Answers();
  ASSERT_EQ(acks.size(), 1U);
  EXPECT_EQ(acks[0].ack().status(), recorded::Ack::OK);
  EXPECT_EQ(acks[0].ack().durable_next_seq(), 1U);
  EXPECT_GT(acks[0].ack().credit_bytes(), 0U);
  EXPECT_EQ(store_->Jobs(run_.id())->at(0).cursor(), 40U);
  EXPECT_EQ(store_->Jobs(run_.id())->at(0).tally().refused(), 9U);
}

TEST_P(RecordedMessagesTest, Row24ItsHeartbeatsKeepItsLeaseAndSayItsRate) {
  Begin();
  PlayNow("batch");
  Tick();
  Answers();
  for (int i = 0; i < 60; ++i) {
    now_ += seconds(2);
    const auto answers = PlayNow("heartbeat");
    ASSERT_EQ(answers.size(), 1U);
    const recorded::HeartbeatAck& ack = answers[0].heartbeat_ack();
    ASSERT_EQ(ack.held(0).kind(), recorded::Verdict::KEEP);
    ASSERT_EQ(ack.held(0).durable_next_seq(), 1U);
    ASSERT_GT(ack.probes_per_second(), 0);
    ASSERT_EQ(ack.command(), recorded::HeartbeatAck::NONE);
    Tick();
    Answers();
  }
}

TEST_P(RecordedMessagesTest, Row24ItComesBackWithWhatItHoldsAndGivesItBackWhenItGoes) {
  Begin();
  const auto greeted = PlayNow("hello_held");
  ASSERT_EQ(greeted.size(), 1U);
  ASSERT_EQ(greeted[0].welcome().held(0).kind(), recorded::Verdict::KEEP);
  EXPECT_EQ(greeted[0].welcome().held(0).durable_next_seq(), 0U);
  welcome_ = greeted[0].welcome();
  EXPECT_TRUE(PlayNow("batch").empty());
  EXPECT_TRUE(PlayNow("release").empty());
  EXPECT_TRUE(PlayNow("bye").empty());
  Tick();
  EXPECT_FALSE(dispatcher_->HasSession("old"));
  EXPECT_EQ(store_->Jobs(run_.id())->at(0).state(), proto::JobRow::PENDING);
  EXPECT_EQ(store_->Jobs(run_.id())->at(0).cursor(), 40U);
}

INSTANTIATE_TEST_SUITE_P(Minor, RecordedMessagesTest, testing::Values(0, 1),
                         [](const auto& test) { return std::to_string(test.param); });

}  // namespace
}  // namespace hark

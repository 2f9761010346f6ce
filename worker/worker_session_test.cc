#include "worker/worker_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/log.h"
#include "keys/key_id.h"
#include "worker/memory_spool.h"

namespace hark {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Case = proto::Envelope::BodyCase;

// Keeps the jobs it was given and writes down what it was told.
class FakeHost final : public JobHost {
 public:
  Status StartJob(const proto::Job& job, uint64_t cursor, uint64_t end,
                  std::shared_ptr<const RangeSet> targets) override {
    if (refuse) return InvalidInput("no");
    started.push_back(StrCat(job.job(), "@", cursor, "-", end, targets ? " with targets" : ""));
    working.insert(JobKey::Of(job));
    return Status::Ok();
  }
  void HoldJob(const JobKey& key, bool hold) override {
    holds.push_back(StrCat(hold ? "hold " : "go ", key.job));
  }
  uint64_t TrimJob(const JobKey&, uint64_t new_end) override { return std::max(new_end, begun); }
  void DropJob(const JobKey& key) override {
    if (working.erase(key) > 0) dropped.push_back(key.job);
  }
  void FinishStarted() override { finishing = true; }
  size_t open_targets() const override { return open; }
  size_t jobs_with_work() const override { return with_work; }
  void SetRate(double pps) override { rate = pps; }
  void FillLoad(proto::WorkerLoad* load) const override { load->set_applied_pps(rate); }

  bool refuse = false;
  uint64_t begun = 0;
  bool finishing = false;
  size_t open = 0;
  size_t with_work = 2;
  double rate = -1;
  std::set<JobKey> working;
  std::vector<std::string> started;
  std::vector<std::string> holds;
  std::vector<uint32_t> dropped;
};

constexpr uint64_t kSession = 41;
constexpr Duration kHeartbeat = seconds(10);
constexpr Duration kLease = seconds(60);

JobKey Key(uint32_t job, uint64_t counter = 1) {
  return {7, job, 3, counter};
}

// The coordinator's side is played by hand: each helper sends one message or answers one.
class WorkerSessionTest : public ::testing::Test {
 protected:
  WorkerSessionTest() { Restart(); }

  void Restart() {
    host_ = FakeHost();
    session_ = std::make_unique<WorkerSession>(options_, host_, spool_, targets_, ++seed_);
  }

  std::vector<proto::Envelope> Poll() { return session_->Poll(clock_.Now()); }
  std::vector<Case> PollCases() {
    std::vector<Case> cases;
    for (const proto::Envelope& e : Poll()) cases.push_back(e.body_case());
    return cases;
  }
  // The messages of one kind that Poll gives.
  std::vector<proto::Envelope> PollFor(Case wanted) {
    std::vector<proto::Envelope> out = Poll();
    out.erase(std::remove_if(out.begin(), out.end(),
                             [&](const auto& e) { return e.body_case() != wanted; }),
              out.end());
    return out;
  }
  proto::Hello PollHello() {
    const auto out = PollFor(Case::kHello);
    EXPECT_EQ(out.size(), 1U);
    return out.empty() ? proto::Hello() : out[0].hello();
  }

  proto::Envelope Message(uint64_t session = kSession) {
    proto::Envelope envelope;
    envelope.set_major(1);
    envelope.set_session(session);
    return envelope;
  }
  void Tell(const proto::Envelope& envelope) { session_->On(envelope, clock_.Now()); }

  proto::Envelope WelcomeTo(const proto::Hello& hello, uint64_t session = kSession) {
    proto::Envelope e = Message(session);
    proto::Welcome* const w = e.mutable_welcome();
    w->set_hello_id(hello.hello_id());
    w->set_session(session);
    w->set_credit_bytes(credit_);
    w->set_heartbeat_ms(static_cast<uint32_t>(ToMillis(kHeartbeat)));
    w->set_lease_ms(static_cast<uint32_t>(ToMillis(kLease)));
    w->set_probes_per_second(1000);
    return e;
  }
  static void AddVerdict(proto::Envelope* e, const JobKey& key, uint64_t durable,
                         proto::Verdict::Kind kind = proto::Verdict::KEEP) {
    proto::Verdict* const v = e->has_welcome() ? e->mutable_welcome()->add_held()
                                               : e->mutable_heartbeat_ack()->add_held();
    key.Put(v);
    v->set_kind(kind);
    v->set_durable_next_seq(durable);
  }
  void Connect() {
    session_->LinkUp(clock_.Now());
    Tell(WelcomeTo(PollHello()));
    ASSERT_EQ(session_->state(), WorkerSession::State::kReady);
  }
  static proto::Job MakeJob(const JobKey& key, uint64_t end = 100) {
    proto::Job job;
    key.Put(&job);
    job.set_kind(proto::Job::GRAB);
    job.set_end(end);
    job.set_lease_ms(static_cast<uint32_t>(ToMillis(kLease)));
    return job;
  }
  void GiveJob(const proto::Job& job) {
    proto::Envelope e = Message();
    *e.mutable_job() = job;
    Tell(e);
  }
  void FinishBatch(const JobKey& key, uint64_t from, uint64_t to, size_t bytes = 100,
                   bool final = false) {
    proto::Batch batch;
    key.Put(&batch);
    batch.set_from_index(from);
    batch.set_to_index(to);
    batch.set_final(final);
    batch.set_payload(std::string(bytes, 'x'));
    session_->AddBatch(std::move(batch), clock_.Now());
  }
  std::vector<uint64_t> SentSeqs() {
    std::vector<uint64_t> seqs;
    for (const proto::Envelope& e : PollFor(Case::kBatch)) seqs.push_back(e.batch().seq());
    return seqs;
  }
  void Ack(const JobKey& key, uint64_t durable, proto::Ack::Status status = proto::Ack::OK,
           uint64_t credit = 100) {
    proto::Envelope e = Message();
    key.Put(e.mutable_ack());
    e.mutable_ack()->set_durable_next_seq(durable);
    e.mutable_ack()->set_status(status);
    e.mutable_ack()->set_credit_bytes(credit);
    Tell(e);
  }
  proto::Envelope HeartbeatAckFor(const JobKey& key, uint64_t durable = 0) {
    proto::Envelope e = Message();
    e.mutable_heartbeat_ack()->set_probes_per_second(500);
    e.mutable_heartbeat_ack()->set_lease_ms(static_cast<uint32_t>(ToMillis(kLease)));
    AddVerdict(&e, key, durable);
    return e;
  }
  proto::Release PollRelease() {
    const auto out = PollFor(Case::kRelease);
    EXPECT_EQ(out.size(), 1U);
    return out.empty() ? proto::Release() : out[0].release();
  }

  ManualClock clock_;
  SessionOptions options_;
  uint64_t credit_ = 1 << 20;
  uint64_t seed_ = 0;
  FakeHost host_;
  MemorySpool spool_;
  TargetSetCache targets_{""};
  std::unique_ptr<WorkerSession> session_;
};

// ---- greeting

TEST_F(WorkerSessionTest, SaysNothingWithoutALinkAndHelloWithOne) {
  EXPECT_THAT(Poll(), IsEmpty());
  session_->LinkUp(clock_.Now());
  const auto out = Poll();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].major(), 1U);
  EXPECT_EQ(out[0].session(), 0U);
  EXPECT_EQ(out[0].hello().proto_min(), 1U);
  EXPECT_THAT(Poll(), IsEmpty());  // one outstanding
}

TEST_F(WorkerSessionTest, AnUnansweredHelloIsSaidAgainUnderANewIdEverMoreSeldom) {
  options_.hello_answer_time = milliseconds(100);
  Restart();
  session_->LinkUp(clock_.Now());
  std::set<uint64_t> ids;
  std::vector<int64_t> gaps;
  MonoTime last = clock_.Now();
  while (ids.size() < 10) {
    if (session_->wants_new_link()) {
      session_->LinkDown();
      session_->LinkUp(clock_.Now());
    }
    for (const auto& e : Poll()) {
      ids.insert(e.hello().hello_id());
      gaps.push_back(ToMillis(clock_.Now() - last));
      last = clock_.Now();
    }
    clock_.Advance(milliseconds(100));
  }
  ASSERT_EQ(gaps.size(), 10U);
  for (size_t i = 1; i < gaps.size(); ++i) EXPECT_GE(gaps[i], 1000) << i;
  EXPECT_GE(gaps[2], 2000);
  EXPECT_GE(gaps[3], 4000);
}

TEST_F(WorkerSessionTest, OnlyTheWelcomeToTheLatestHelloCounts) {
  session_->LinkUp(clock_.Now());
  const proto::Hello first = PollHello();
  clock_.Advance(seconds(6));
  const proto::Hello second = PollHello();
  EXPECT_NE(first.hello_id(), second.hello_id());
  Tell(WelcomeTo(first, 40));
  EXPECT_EQ(session_->state(), WorkerSession::State::kGreeting);
  Tell(WelcomeTo(second));
  EXPECT_EQ(session_->state(), WorkerSession::State::kReady);
  EXPECT_EQ(host_.rate, 1000);
  host_.with_work = 0;
  Tell(WelcomeTo(second, 99));  // doubled on the way: nothing new
  EXPECT_EQ(Poll().at(0).session(), kSession);
}

TEST_F(WorkerSessionTest, AfterARejectItWaitsAsLongAsToldOnANewLink) {
  session_->LinkUp(clock_.Now());
  PollHello();
  SetLogLevel(LogLevel::kError);
  proto::Envelope reject = Message(0);
  reject.mutable_reject()->set_code(proto::Reject::BUSY);
  reject.mutable_reject()->set_retry_after_ms(30'000);
  Tell(reject);
  SetLogLevel(LogLevel::kWarning);
  EXPECT_TRUE(session_->wants_new_link());
  session_->LinkDown();
  session_->LinkUp(clock_.Now());
  clock_.Advance(seconds(1));
  EXPECT_THAT(Poll(), IsEmpty());
}

TEST_F(WorkerSessionTest, ARevokedWorkerDropsWhatItHoldsSinceOthersHaveItNow) {
  Connect();
  GiveJob(MakeJob(Key(1)));
  ASSERT_EQ(session_->leases(), 1U);
  SetLogLevel(LogLevel::kError);
  proto::Envelope reject = Message(0);
  reject.mutable_reject()->set_code(proto::Reject::BUSY);
  Tell(reject);
  EXPECT_EQ(session_->leases(), 1U) << "any other refusal ends no lease";
  session_->LinkDown();
  session_->LinkUp(clock_.Now());
  reject.mutable_reject()->set_code(proto::Reject::REVOKED);
  Tell(reject);
  SetLogLevel(LogLevel::kWarning);
  EXPECT_EQ(session_->leases(), 0U);
  EXPECT_TRUE(session_->wants_new_link());
}

TEST_F(WorkerSessionTest, NeedHelloCountsOnlyForThePresentSession) {
  Connect();
  clock_.Advance(seconds(2));
  proto::Envelope need = Message(0);
  need.mutable_need_hello()->set_stale_session(kSession - 1);
  Tell(need);
  EXPECT_EQ(session_->state(), WorkerSession::State::kReady);
  need.mutable_need_hello()->set_stale_session(kSession);
  Tell(need);
  EXPECT_EQ(session_->state(), WorkerSession::State::kGreeting);
  EXPECT_THAT(PollCases(), ElementsAre(Case::kHello));
  Tell(need);  // again, for another old message: the HELLO is under way
  EXPECT_THAT(Poll(), IsEmpty());
}

TEST_F(WorkerSessionTest, WordsOfAnotherSessionAreIgnored) {
  Connect();
  proto::Envelope e = Message(kSession - 1);
  *e.mutable_job() = MakeJob(Key(1));
  Tell(e);
  EXPECT_THAT(host_.started, IsEmpty());
  e.set_session(kSession);
  e.set_major(2);
  Tell(e);
  EXPECT_THAT(host_.started, IsEmpty());
}

// ---- jobs

TEST_F(WorkerSessionTest, AsksForJobsUntilTwoHaveWorkAndRestsAfterNoJob) {
  Connect();
  host_.with_work = 0;
  auto out = PollFor(Case::kRequest);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].request().slots(), 2U);
  EXPECT_THAT(PollFor(Case::kRequest), IsEmpty());  // outstanding
  GiveJob(MakeJob(Key(1)));
  EXPECT_THAT(host_.started, ElementsAre("1@0-100"));
  host_.with_work = 1;
  proto::Envelope none = Message();
  none.mutable_no_job()->set_retry_after_ms(3000);
  Tell(none);
  EXPECT_THAT(PollFor(Case::kRequest), IsEmpty());
  clock_.Advance(seconds(3));
  out = PollFor(Case::kRequest);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].request().slots(), 1U);
  host_.with_work = 2;
  clock_.Advance(seconds(20));
  EXPECT_THAT(PollFor(Case::kRequest), IsEmpty());
}

TEST_F(WorkerSessionTest, ANewLeaseOfAJobReplacesTheOldOne) {
  Connect();
  GiveJob(MakeJob(Key(1, 1)));
  FinishBatch(Key(1, 1), 0, 10);
  GiveJob(MakeJob(Key(1, 1)));  // doubled
  EXPECT_THAT(host_.dropped, IsEmpty());
  GiveJob(MakeJob(Key(1, 2)));
  EXPECT_THAT(host_.dropped, ElementsAre(1U));
  EXPECT_EQ(spool_.jobs(), 1U);
  EXPECT_EQ(session_->leases(), 1U);
  EXPECT_THAT(SentSeqs(), IsEmpty());
}

TEST_F(WorkerSessionTest, AJobThatCannotBeDoneIsReleased) {
  Connect();
  host_.refuse = true;
  GiveJob(MakeJob(Key(1)));
  const proto::Release release = PollRelease();
  EXPECT_EQ(release.reason(), proto::Release::REFUSED);
  EXPECT_EQ(JobKey::Of(release), Key(1));
  EXPECT_EQ(session_->leases(), 0U);
  EXPECT_EQ(spool_.jobs(), 0U);
}

TEST_F(WorkerSessionTest, AFullDiskReleasesTheJobInsteadOfLosingResults) {
  Connect();
  GiveJob(MakeJob(Key(1)));
  spool_.FailAppends(true);
  SetLogLevel(LogLevel::kError);
  std::string errors;
  SetLogSink([&](LogLevel, std::string_view line) { errors += line; });
  FinishBatch(Key(1), 0, 10);
  SetLogSink(nullptr);
  SetLogLevel(LogLevel::kWarning);
  EXPECT_THAT(errors, ::testing::HasSubstr("no space"));
  EXPECT_EQ(PollRelease().reason(), proto::Release::LOCAL_ERROR);
  EXPECT_THAT(host_.dropped, ElementsAre(1U));
  host_.with_work = 0;
  EXPECT_THAT(PollFor(Case::kRequest), IsEmpty());  // the next job would meet the same disk
}

// ---- target sets

class TargetSetTest : public WorkerSessionTest {
 protected:
  TargetSetTest() : set_({{10, 20}, {40, 1000}}), bytes_(set_.Encode()), hash_(Sha256(bytes_)) {}

  proto::Job Sweep(const JobKey& key) {
    proto::Job job = MakeJob(key);
    job.set_kind(proto::Job::SWEEP);
    job.set_target_set(hash_);
    job.set_target_set_size(set_.size());
    return job;
  }
  void Chunk(uint64_t offset, const std::string& data, uint64_t total) {
    proto::Envelope e = Message();
    e.mutable_target_set_chunk()->set_hash(hash_);
    e.mutable_target_set_chunk()->set_offset(offset);
    e.mutable_target_set_chunk()->set_total(total);
    e.mutable_target_set_chunk()->set_data(data);
    Tell(e);
  }
  std::vector<uint64_t> AskedOffsets() {
    std::vector<uint64_t> offsets;
    for (const auto& e : PollFor(Case::kTargetSetGet)) {
      offsets.push_back(e.target_set_get().offset());
    }
    return offsets;
  }

  RangeSet set_;
  std::string bytes_;
  std::string hash_;
};

TEST_F(TargetSetTest, AreFetchedInPiecesOnceAndUsedByAllJobsThatWait) {
  Connect();
  GiveJob(Sweep(Key(1)));
  GiveJob(Sweep(Key(2)));
  EXPECT_THAT(host_.started, IsEmpty());
  EXPECT_THAT(AskedOffsets(), ElementsAre(0U));
  EXPECT_THAT(AskedOffsets(), IsEmpty());  // outstanding
  Chunk(0, bytes_.substr(0, 10), bytes_.size());
  EXPECT_THAT(AskedOffsets(), ElementsAre(10U));
  Chunk(0, bytes_.substr(0, 10), bytes_.size());  // doubled
  Chunk(10, bytes_.substr(10), bytes_.size());
  EXPECT_THAT(host_.started, ElementsAre("1@0-100 with targets", "2@0-100 with targets"));
  EXPECT_THAT(AskedOffsets(), IsEmpty());
  GiveJob(Sweep(Key(3)));
  EXPECT_EQ(host_.started.size(), 3U);  // from the cache
}

TEST_F(TargetSetTest, AnOverdueAnswerIsAskedForAgain) {
  Connect();
  GiveJob(Sweep(Key(1)));
  EXPECT_THAT(AskedOffsets(), ElementsAre(0U));
  clock_.Advance(seconds(6));
  EXPECT_THAT(AskedOffsets(), ElementsAre(0U));
}

TEST_F(TargetSetTest, OneThatIsNotWhatItsHashSaysIsNotUsed) {
  for (const bool unknown : {false, true}) {
    Restart();
    Connect();
    GiveJob(Sweep(Key(1)));
    if (unknown) {
      Chunk(0, "", 0);  // the coordinator does not have it
    } else {
      std::string wrong = bytes_;
      wrong[3] ^= 1;
      Chunk(0, wrong, wrong.size());
    }
    EXPECT_THAT(host_.started, IsEmpty());
    EXPECT_EQ(PollRelease().reason(), proto::Release::TARGET_SET);
  }
}

// ---- batches

TEST_F(WorkerSessionTest, BatchesAreNumberedSentInOrderAndForgottenWhenDurable) {
  Connect();
  GiveJob(MakeJob(Key(1), 30));
  FinishBatch(Key(1), 0, 10);
  FinishBatch(Key(1), 10, 20);
  EXPECT_THAT(SentSeqs(), ElementsAre(0U, 1U));
  EXPECT_THAT(SentSeqs(), IsEmpty());
  Ack(Key(1), 1);
  EXPECT_EQ(spool_.unacked_bytes(), 100U);
  FinishBatch(Key(1), 20, 30, 100, true);
  EXPECT_THAT(SentSeqs(), ElementsAre(2U));
  Ack(Key(1), 2);
  EXPECT_EQ(session_->leases(), 1U);
  Ack(Key(1), 3);
  EXPECT_EQ(session_->leases(), 0U);
  EXPECT_EQ(spool_.jobs(), 0U);
}

TEST_F(WorkerSessionTest, CreditIsNeverOverdrawnExceptByALoneBatch) {
  credit_ = 250;
  Connect();
  GiveJob(MakeJob(Key(1)));
  for (uint64_t i = 0; i < 4; ++i) FinishBatch(Key(1), i * 10, i * 10 + 10);
  EXPECT_THAT(SentSeqs(), ElementsAre(0U, 1U));
  Ack(Key(1), 1);
  EXPECT_THAT(SentSeqs(), ElementsAre(2U));
  Ack(Key(1), 2, proto::Ack::OK, 0);
  EXPECT_THAT(SentSeqs(), IsEmpty());
  Ack(Key(1), 3, proto::Ack::OK, 0);  // nothing under way: no answer could bring credit
  EXPECT_THAT(SentSeqs(), ElementsAre(3U));
}

TEST_F(WorkerSessionTest, AGapSendsItBackOnceHoweverManyBatchesItHit) {
  Connect();
  GiveJob(MakeJob(Key(1)));
  for (uint64_t i = 0; i < 4; ++i) FinishBatch(Key(1), i * 10, i * 10 + 10);
  EXPECT_THAT(SentSeqs(), ElementsAre(0U, 1U, 2U, 3U));
  Ack(Key(1), 1);
  Ack(Key(1), 1, proto::Ack::GAP);  // 2 came without 1
  EXPECT_THAT(SentSeqs(), ElementsAre(1U, 2U, 3U));
  Ack(Key(1), 1, proto::Ack::GAP);  // and 3
  EXPECT_THAT(SentSeqs(), IsEmpty());
  Ack(Key(1), 2);
  Ack(Key(1), 3);
  Ack(Key(1), 4);
  EXPECT_EQ(spool_.unacked_bytes(), 0U);
}

TEST_F(WorkerSessionTest, AGapItCannotFillGivesTheJobBack) {
  Connect();
  GiveJob(MakeJob(Key(1)));
  FinishBatch(Key(1), 0, 10);
  SentSeqs();
  Ack(Key(1), 7, proto::Ack::GAP);  // a batch that was never made
  EXPECT_EQ(PollRelease().reason(), proto::Release::CANNOT_SUPPLY);
}

TEST_F(WorkerSessionTest, AGapOvertakenByANewerAnswerIsIgnored) {
  Connect();
  GiveJob(MakeJob(Key(1)));
  FinishBatch(Key(1), 0, 10);
  FinishBatch(Key(1), 10, 20);
  SentSeqs();
  Ack(Key(1), 2);
  Ack(Key(1), 1, proto::Ack::GAP);
  EXPECT_THAT(PollFor(Case::kRelease), IsEmpty());
  EXPECT_EQ(spool_.jobs(), 1U);
}

TEST_F(WorkerSessionTest, AStaleOrBadAnswerEndsTheLease) {
  SetLogSink([](LogLevel, std::string_view) {});
  for (const auto status : {proto::Ack::STALE, proto::Ack::BAD}) {
    Restart();
    Connect();
    GiveJob(MakeJob(Key(1)));
    FinishBatch(Key(1), 0, 10);
    SentSeqs();
    Ack(Key(1), 0, status);
    EXPECT_THAT(host_.dropped, ElementsAre(1U));
    EXPECT_EQ(spool_.jobs(), 0U);
    EXPECT_THAT(PollFor(Case::kRelease), IsEmpty());
  }
  SetLogSink(nullptr);
}

TEST_F(WorkerSessionTest, AnswersToALeaseItNoLongerHasStillReturnCredit) {
  credit_ = 150;
  Connect();
  GiveJob(MakeJob(Key(1, 1)));
  FinishBatch(Key(1, 1), 0, 10);
  EXPECT_THAT(SentSeqs(), ElementsAre(0U));
  GiveJob(MakeJob(Key(1, 2)));
  GiveJob(MakeJob(Key(2)));
  FinishBatch(Key(2), 0, 10);
  FinishBatch(Key(2), 10, 20);
  EXPECT_THAT(SentSeqs(), ElementsAre(0U));  // alone
  Ack(Key(1, 1), 1, proto::Ack::STALE);
  EXPECT_THAT(SentSeqs(), ElementsAre(1U));
}

TEST_F(WorkerSessionTest, ANewSessionResendsFromWhatIsDurable) {
  Connect();
  GiveJob(MakeJob(Key(1)));
  for (uint64_t i = 0; i < 4; ++i) FinishBatch(Key(1), i * 10, i * 10 + 10);
  SentSeqs();
  Ack(Key(1), 1);
  session_->LinkDown();
  clock_.Advance(seconds(2));
  session_->LinkUp(clock_.Now());
  const proto::Hello hello = PollHello();
  ASSERT_EQ(hello.held_size(), 1);
  EXPECT_EQ(hello.held(0).low_seq(), 1U);
  EXPECT_EQ(hello.held(0).next_seq(), 4U);
  EXPECT_EQ(hello.held(0).cursor(), 40U);
  EXPECT_FALSE(hello.held(0).final_in_spool());
  proto::Envelope welcome = WelcomeTo(hello);
  AddVerdict(&welcome, Key(1), 2);
  Tell(welcome);
  EXPECT_EQ(host_.started.size(), 1U);  // it never stopped
  EXPECT_THAT(SentSeqs(), ElementsAre(2U, 3U));
}

TEST_F(WorkerSessionTest, ARestartedWorkerGoesOnWhereItsSpoolEnds) {
  Connect();
  GiveJob(MakeJob(Key(1)));
  GiveJob(MakeJob(Key(2)));
  GiveJob(MakeJob(Key(3)));
  FinishBatch(Key(1), 0, 10);
  FinishBatch(Key(2), 0, 25);
  Restart();
  session_->LinkUp(clock_.Now());
  const proto::Hello hello = PollHello();
  EXPECT_EQ(hello.held_size(), 3);
  proto::Envelope welcome = WelcomeTo(hello);
  AddVerdict(&welcome, Key(2), 1);
  AddVerdict(&welcome, Key(3), 0, proto::Verdict::ABANDON);
  Tell(welcome);  // says nothing of 1: the coordinator does not know it
  EXPECT_THAT(host_.started, ElementsAre("2@25-100"));
  EXPECT_EQ(session_->leases(), 1U);
  EXPECT_EQ(spool_.jobs(), 1U);
  EXPECT_THAT(SentSeqs(), IsEmpty());
}

TEST_F(WorkerSessionTest, WhatItCannotSupplyIsGivenBack) {
  struct Row {
    size_t lost;       // batches the disk lost
    uint64_t durable;  // what the coordinator has
    bool keeps;
  };
  for (const Row& row :
       {Row{0, 2, true}, Row{0, 4, true}, Row{2, 2, true}, Row{2, 3, false}, Row{0, 1, false}}) {
    spool_ = MemorySpool();
    Restart();
    Connect();
    GiveJob(MakeJob(Key(1)));
    for (uint64_t i = 0; i < 4; ++i) FinishBatch(Key(1), i * 10, i * 10 + 10);
    SentSeqs();
    Ack(Key(1), 2);
    spool_.LoseTail(row.lost);
    Restart();
    session_->LinkUp(clock_.Now());
    proto::Envelope welcome = WelcomeTo(PollHello());
    AddVerdict(&welcome, Key(1), row.durable);
    Tell(welcome);
    EXPECT_EQ(session_->leases(), row.keeps ? 1U : 0U) << row.lost << " " << row.durable;
    if (row.keeps) continue;
    EXPECT_EQ(PollRelease().reason(), proto::Release::CANNOT_SUPPLY);
  }
}

TEST_F(WorkerSessionTest, AFinishedJobThatIsDurableIsForgottenAtTheWelcome) {
  Connect();
  GiveJob(MakeJob(Key(1), 10));
  FinishBatch(Key(1), 0, 10, 100, true);
  Restart();
  session_->LinkUp(clock_.Now());
  const proto::Hello hello = PollHello();
  EXPECT_TRUE(hello.held(0).final_in_spool());
  proto::Envelope welcome = WelcomeTo(hello);
  AddVerdict(&welcome, Key(1), 1);
  Tell(welcome);
  EXPECT_EQ(session_->leases(), 0U);
  EXPECT_THAT(host_.started, IsEmpty());
}

// ---- leases and heartbeats

TEST_F(WorkerSessionTest, ProbingStopsAtFourFifthsOfALeaseAndGoesOnWhenItIsRenewed) {
  Connect();
  GiveJob(MakeJob(Key(1)));
  session_->LinkDown();  // nobody answers; the work goes on
  clock_.Advance(seconds(47));
  Poll();
  EXPECT_THAT(host_.holds, IsEmpty());
  EXPECT_EQ(session_->WakeTime(), clock_.Now() + seconds(1));
  clock_.Advance(seconds(1));
  Poll();
  EXPECT_THAT(host_.holds, ElementsAre("hold 1"));
  session_->LinkUp(clock_.Now());
  proto::Envelope welcome = WelcomeTo(PollHello());
  AddVerdict(&welcome, Key(1), 0);
  Tell(welcome);
  Poll();
  EXPECT_THAT(host_.holds, ElementsAre("hold 1", "go 1"));
}

TEST_F(WorkerSessionTest, ALeaseCountsFromWhenTheAnsweredHeartbeatWasSent) {
  Connect();
  GiveJob(MakeJob(Key(1)));
  clock_.Advance(kHeartbeat);
  auto out = PollFor(Case::kHeartbeat);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(JobKey::Of(out[0].heartbeat().held(0)), Key(1));
  EXPECT_EQ(out[0].heartbeat().load().applied_pps(), 1000);
  const MonoTime sent = clock_.Now();
  clock_.Advance(seconds(8));  // a slow answer
  Tell(HeartbeatAckFor(Key(1)));
  EXPECT_EQ(host_.rate, 500);
  while (clock_.Now() < sent + seconds(47)) {
    clock_.Advance(seconds(1));
    Tell(Message());  // the link is alive, but nothing renews the lease
    Poll();
  }
  EXPECT_THAT(host_.holds, IsEmpty());
  clock_.Set(sent + seconds(48));
  Poll();
  EXPECT_THAT(host_.holds, ElementsAre("hold 1"));
}

TEST_F(WorkerSessionTest, ThreeHeartbeatsOfSilenceAskForANewLink) {
  Connect();
  clock_.Advance(kHeartbeat * 3);
  Poll();
  EXPECT_FALSE(session_->wants_new_link());
  SetLogLevel(LogLevel::kError);
  clock_.Advance(milliseconds(1));
  Poll();
  SetLogLevel(LogLevel::kWarning);
  EXPECT_TRUE(session_->wants_new_link());
  EXPECT_EQ(session_->state(), WorkerSession::State::kDisconnected);
  session_->LinkDown();
  EXPECT_FALSE(session_->wants_new_link());
}

TEST_F(WorkerSessionTest, AHeartbeatAnswerAbandonsPausesAndReplacesALostAck) {
  Connect();
  GiveJob(MakeJob(Key(1)));
  GiveJob(MakeJob(Key(2), 10));
  FinishBatch(Key(2), 0, 10, 100, true);
  SentSeqs();
  clock_.Advance(kHeartbeat);
  Poll();
  proto::Envelope ack = HeartbeatAckFor(Key(2), 1);
  AddVerdict(&ack, Key(1), 0, proto::Verdict::ABANDON);
  ack.mutable_heartbeat_ack()->set_command(proto::HeartbeatAck::PAUSE);
  Tell(ack);
  EXPECT_EQ(session_->leases(), 0U);
  EXPECT_EQ(host_.rate, 0);
}

TEST_F(WorkerSessionTest, BatchesNobodyEverAnsweredAreSentAgain) {
  Connect();
  GiveJob(MakeJob(Key(1)));
  FinishBatch(Key(1), 0, 10);
  EXPECT_THAT(SentSeqs(), ElementsAre(0U));
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(SentSeqs(), IsEmpty());
    clock_.Advance(kHeartbeat);
    Poll();
    Tell(HeartbeatAckFor(Key(1), 0));
  }
  EXPECT_THAT(SentSeqs(), ElementsAre(0U));
}

TEST_F(WorkerSessionTest, TheOwnCeilingHoldsWhateverTheCoordinatorGrants) {
  options_.max_pps = 200;
  Restart();
  Connect();
  EXPECT_EQ(host_.rate, 200);
  Tell(HeartbeatAckFor(Key(1)));
  EXPECT_EQ(host_.rate, 200);
}

TEST_F(WorkerSessionTest, AFullSpoolStopsProbingUntilAcksEmptyIt) {
  options_.spool_quota_bytes = 1000;
  Restart();
  credit_ = 1;
  Connect();
  GiveJob(MakeJob(Key(1)));
  host_.with_work = 0;
  for (uint64_t i = 0; i < 3; ++i) FinishBatch(Key(1), i * 10, i * 10 + 10, 400);
  EXPECT_THAT(PollFor(Case::kRequest), IsEmpty());
  EXPECT_THAT(host_.holds, ElementsAre("hold 1"));
  Ack(Key(1), 1);  // 800 left: not yet
  Poll();
  EXPECT_EQ(host_.holds.size(), 1U);
  Ack(Key(1), 2);
  EXPECT_EQ(PollFor(Case::kRequest).size(), 1U);
  EXPECT_THAT(host_.holds, ElementsAre("hold 1", "go 1"));
}

// ---- TRIM

TEST_F(WorkerSessionTest, ATrimGivesUpWhatIsNotBegunAndIsConfirmedAgainInANewSession) {
  Connect();
  GiveJob(MakeJob(Key(1)));
  host_.begun = 60;
  proto::Envelope trim = Message();
  Key(1).Put(trim.mutable_trim());
  trim.mutable_trim()->set_new_end(50);
  Tell(trim);
  auto out = PollFor(Case::kTrimAck);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].trim_ack().accepted_end(), 60U);
  FinishBatch(Key(1), 0, 10);
  Restart();  // the process dies, the trim is remembered
  session_->LinkUp(clock_.Now());
  proto::Envelope welcome = WelcomeTo(PollHello());
  AddVerdict(&welcome, Key(1), 0);
  Tell(welcome);
  EXPECT_THAT(host_.started, ElementsAre("1@10-60"));
  out = PollFor(Case::kTrimAck);
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].trim_ack().accepted_end(), 60U);
}

TEST_F(WorkerSessionTest, AJobAlreadyFinishedIsNotTrimmed) {
  Connect();
  GiveJob(MakeJob(Key(1), 100));
  FinishBatch(Key(1), 0, 100, 100, true);
  proto::Envelope trim = Message();
  Key(1).Put(trim.mutable_trim());
  trim.mutable_trim()->set_new_end(50);
  Tell(trim);
  EXPECT_EQ(PollFor(Case::kTrimAck).at(0).trim_ack().accepted_end(), 100U);
}

// ---- the end

TEST_F(WorkerSessionTest, ADrainFinishesWhatIsBegunHandsOverTheRestAndSaysBye) {
  Connect();
  GiveJob(MakeJob(Key(1)));
  host_.open = 3;
  session_->StartDrain(clock_.Now());
  EXPECT_TRUE(host_.finishing);
  host_.with_work = 0;
  EXPECT_THAT(PollFor(Case::kRequest), IsEmpty());
  FinishBatch(Key(1), 0, 10);
  host_.open = 0;
  EXPECT_THAT(PollCases(), ElementsAre(Case::kBatch));
  EXPECT_FALSE(session_->finished());
  Ack(Key(1), 1);
  EXPECT_THAT(PollCases(), ElementsAre(Case::kRelease, Case::kBye));
  EXPECT_TRUE(session_->finished());
  EXPECT_EQ(spool_.jobs(), 0U);
}

TEST_F(WorkerSessionTest, ADrainEndsInTimeAndKeepsWhatNobodyTook) {
  Connect();
  GiveJob(MakeJob(Key(1)));
  GiveJob(MakeJob(Key(2)));
  FinishBatch(Key(1), 0, 10);
  host_.open = 1;
  session_->StartDrain(clock_.Now());
  Poll();
  clock_.Advance(options_.drain_time);
  const auto out = Poll();
  EXPECT_TRUE(session_->finished());
  // The spool keeps job 1's batch for the next process; job 2 is free at once.
  EXPECT_EQ(spool_.jobs(), 1U);
  ASSERT_GE(out.size(), 2U);
  EXPECT_EQ(out[out.size() - 2].release().job(), 2U);
  EXPECT_TRUE(out.back().has_bye());
}

TEST_F(WorkerSessionTest, ADrainWithoutACoordinatorEndsAtOnceOrAtItsLimit) {
  session_->StartDrain(clock_.Now());
  Poll();
  EXPECT_TRUE(session_->finished());
  Restart();
  Connect();
  GiveJob(MakeJob(Key(1)));
  session_->LinkDown();
  session_->StartDrain(clock_.Now());
  Poll();
  EXPECT_FALSE(session_->finished());
  clock_.Advance(options_.drain_time);
  Poll();
  EXPECT_TRUE(session_->finished());
  EXPECT_EQ(spool_.jobs(), 1U);
}

TEST_F(WorkerSessionTest, TheCoordinatorCanDrainItAndAJobThatCrossesIsReturned) {
  Connect();
  proto::Envelope ack = Message();
  ack.mutable_heartbeat_ack()->set_command(proto::HeartbeatAck::DRAIN);
  Tell(ack);
  EXPECT_TRUE(session_->draining());
  GiveJob(MakeJob(Key(1)));
  EXPECT_EQ(PollRelease().reason(), proto::Release::DRAIN);
  EXPECT_TRUE(session_->finished());
}

TEST_F(WorkerSessionTest, AfterByeItGreetsAgainAndKeepsWorking) {
  Connect();
  GiveJob(MakeJob(Key(1)));
  proto::Envelope bye = Message();
  bye.mutable_bye();
  Tell(bye);
  EXPECT_EQ(session_->state(), WorkerSession::State::kGreeting);
  clock_.Advance(seconds(2));
  EXPECT_EQ(PollHello().held_size(), 1);
  EXPECT_THAT(host_.dropped, IsEmpty());
}

}  // namespace
}  // namespace hark

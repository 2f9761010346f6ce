#include "worker/job_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

#include <map>
#include <set>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/random.h"
#include "worker/engine/engine.h"
#include "worker/engine/engine_test_util.h"

namespace hark {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::IsEmpty;

// Holds requests until the test answers them, in the order the test likes.
class FakeProber final : public Prober {
 public:
  struct Request {
    PolicyPtr policy;
    Address address;
    uint16_t port = 0;
    std::vector<uint16_t> ports;
    KnockCallback knocked;
    VisitCallback visited;
  };

  void Knock(PolicyPtr policy, const Address& address, uint16_t port, KnockCallback done) override {
    open.push_back({std::move(policy), address, port, {}, std::move(done), {}});
  }
  void Visit(PolicyPtr policy, const Address& address, std::vector<uint16_t> ports,
             VisitCallback done) override {
    open.push_back({std::move(policy), address, 0, std::move(ports), {}, std::move(done)});
  }
  size_t KnockRoom() const override { return room - std::min(room, open.size()); }
  size_t VisitRoom() const override { return KnockRoom(); }
  void SetRate(double per_second) override { rate = per_second; }
  void SetMaxInFlight(size_t sockets) override { max_in_flight = sockets; }
  void SetPermission(const PolicyPtr& policy, Permission permission) override {
    policy->permission = permission;
    if (permission == Permission::kGo) return;
    std::vector<Request> back;
    for (size_t i = open.size(); i-- > started;) {
      if (open[i].policy != policy) continue;
      back.push_back(std::move(open[i]));
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(i));
    }
    for (const Request& r : back) Answer(r, KnockResult::kNotSent);
  }

  void Abort(const AbortFilter& filter) override {
    std::vector<Request> aborted;
    for (size_t i = open.size(); i-- > 0;) {
      if (!filter(*open[i].policy, open[i].address)) continue;
      aborted.push_back(std::move(open[i]));
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(i));
    }
    for (const Request& r : aborted) Answer(r, KnockResult::kExcluded);
  }

  // Answers the i-th open request; a host that answers gives one observation a port.
  void AnswerOne(size_t i, KnockResult result, size_t greeting_bytes = 10) {
    const Request request = std::move(open[i]);
    open.erase(open.begin() + static_cast<std::ptrdiff_t>(i));
    Answer(request, result, greeting_bytes);
  }

  std::vector<Request> open;
  size_t started = 0;  // so many of the open ones cannot be taken back any more
  size_t room = 50;
  double rate = -1;
  size_t max_in_flight = 0;

 private:
  static void Answer(const Request& request, KnockResult result, size_t greeting_bytes = 10) {
    if (request.knocked) {
      request.knocked(result);
      return;
    }
    VisitResult visit;
    if (result == KnockResult::kNotSent) visit.end = VisitResult::End::kNotSent;
    if (result == KnockResult::kExcluded) visit.end = VisitResult::End::kExcluded;
    if (result == KnockResult::kAnswered) {
      for (uint16_t port : request.ports) {
        PortObservation o;
        o.port = port;
        o.outcome = Outcome::kOk;
        o.tls.emplace();
        Random noise(port);
        std::string der;
        while (der.size() < greeting_bytes) der += static_cast<char>(noise.Next());
        o.tls->chain = {der};
        visit.ports.push_back(std::move(o));
      }
    }
    request.visited(std::move(visit));
  }
};

proto::BatchPayload Unpack(const proto::Batch& batch) {
  EXPECT_EQ(Crc32c(batch.payload()), batch.crc32c());
  std::string raw = batch.payload();
  if (batch.codec() == proto::Batch::ZSTD) {
    raw.assign(batch.raw_bytes(), '\0');
    EXPECT_EQ(
        ZSTD_decompress(raw.data(), raw.size(), batch.payload().data(), batch.payload().size()),
        raw.size());
  }
  EXPECT_EQ(raw.size(), batch.raw_bytes());
  proto::BatchPayload payload;
  EXPECT_TRUE(payload.ParseFromString(raw));
  return payload;
}

class JobRunnerTest : public ::testing::Test {
 protected:
  JobRunnerTest() { Make({}); }

  void Make(BatchLimits limits) {
    runner_ = std::make_unique<JobRunner>(
        RunnerOptions{1000, limits}, prober_,
        [](const proto::ProbePolicy&) { return SurveyMaker(); }, clock_);
  }

  static proto::Job BaseJob(uint32_t number, proto::Job::Kind kind, uint64_t cursor, uint64_t end) {
    proto::Job job;
    JobKey{1, number, 1, number}.Put(&job);
    job.set_kind(kind);
    job.set_cursor(cursor);
    job.set_end(end);
    job.mutable_policy()->set_concurrency(25);
    return job;
  }
  proto::Job Sweep(uint64_t cursor, uint64_t end, uint32_t number = 1) {
    proto::Job job = BaseJob(number, proto::Job::SWEEP, cursor, end);
    job.set_target_set_size(targets_->size());
    job.set_seed(kSeed);
    job.set_gate_port(25);
    return job;
  }
  static proto::Job Grab(uint64_t cursor, uint64_t end, uint32_t number = 2) {
    proto::Job job = BaseJob(number, proto::Job::GRAB, cursor, end);
    for (uint64_t i = cursor; i < end; ++i) {
      job.add_targets(std::string(GrabAddress(i).bytes()));
    }
    job.add_ports(22);
    job.add_ports(443);
    return job;
  }
  static Address GrabAddress(uint64_t index) {
    return Address::V4(0x7f020000 + static_cast<uint32_t>(index));
  }
  Address SweepAddress(uint64_t index) const {
    return Address::V4(targets_->At(Permutation(targets_->size(), kSeed).At(index)));
  }
  void Start(const proto::Job& job) {
    const bool sweep = job.kind() == proto::Job::SWEEP;
    ASSERT_TRUE(runner_->StartJob(job, job.cursor(), job.end(), sweep ? targets_ : nullptr).ok());
  }
  std::vector<proto::Batch> Take() { return runner_->TakeBatches(clock_.Now()); }

  static constexpr uint64_t kSeed = 99;
  ManualClock clock_;
  FakeProber prober_;
  std::shared_ptr<const RangeSet> targets_ =
      std::make_shared<const RangeSet>(std::vector<Range>{{0x7f010000, 0x7f01ffff}});
  std::unique_ptr<JobRunner> runner_;
};

TEST_F(JobRunnerTest, BatchesAreContiguousWhateverTheOrderOfCompletion) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    Random random(seed);
    Make({.max_indices = 100});
    Start(Sweep(500, 2500));
    std::map<std::string, KnockResult> truth;
    uint64_t next = 500;
    bool final = false;
    proto::SweepResult sum;
    while (!final) {
      clock_.Advance(milliseconds(static_cast<int64_t>(random.Below(30))));
      runner_->Feed();
      ASSERT_FALSE(prober_.open.empty());
      const size_t i = random.Below(prober_.open.size());
      const auto result = static_cast<KnockResult>(random.Below(6));
      truth[prober_.open[i].address.ToString()] = result;
      prober_.AnswerOne(i, result);
      for (const proto::Batch& batch : Take()) {
        ASSERT_EQ(batch.from_index(), next);
        ASSERT_GT(batch.to_index(), next);
        next = batch.to_index();
        final = batch.final();
        const proto::SweepResult sweep = Unpack(batch).sweep();
        EXPECT_EQ(sweep.silent() + sweep.refused() + sweep.unreachable() + sweep.excluded() +
                      sweep.local_error() + static_cast<uint64_t>(sweep.hits_size()),
                  batch.to_index() - batch.from_index());
        sum.MergeFrom(sweep);
        for (const proto::SweepHit& hit : sweep.hits()) {
          ASSERT_GE(hit.index(), batch.from_index());
          ASSERT_LT(hit.index(), batch.to_index());
          EXPECT_EQ(*Address::FromBytes(hit.address()), SweepAddress(hit.index()));
          EXPECT_EQ(truth[SweepAddress(hit.index()).ToString()], KnockResult::kAnswered);
        }
      }
    }
    EXPECT_EQ(next, 2500U);
    EXPECT_EQ(truth.size(), 2000U);  // no target twice
    EXPECT_TRUE(prober_.open.empty());
    EXPECT_EQ(static_cast<size_t>(sum.hits_size()),
              static_cast<size_t>(std::count_if(truth.begin(), truth.end(), [](const auto& t) {
                return t.second == KnockResult::kAnswered;
              })));
  }
}

TEST_F(JobRunnerTest, ASweepBatchIsDueBySizeByAgeAndSoonerWithHits) {
  Make({.max_indices = 20});
  Start(Sweep(0, 1000));
  runner_->Feed();
  for (int i = 0; i < 19; ++i) prober_.AnswerOne(0, KnockResult::kRefused);
  EXPECT_THAT(Take(), IsEmpty());
  prober_.AnswerOne(0, KnockResult::kRefused);
  auto out = Take();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(Unpack(out[0]).sweep().refused(), 20U);
  prober_.AnswerOne(0, KnockResult::kSilent);
  EXPECT_THAT(Take(), IsEmpty());
  clock_.Advance(seconds(1));
  EXPECT_EQ(Take().size(), 1U);
  prober_.AnswerOne(0, KnockResult::kAnswered);
  EXPECT_THAT(Take(), IsEmpty());
  clock_.Advance(milliseconds(100));
  EXPECT_EQ(Take().size(), 1U);
}

TEST_F(JobRunnerTest, TheSlowestTargetHoldsBackABoundedWindow) {
  prober_.room = 100'000;
  Start(Sweep(0, 50'000));
  runner_->Feed();
  EXPECT_EQ(prober_.open.size(), 4096U);
  while (prober_.open.size() > 1) prober_.AnswerOne(1, KnockResult::kRefused);
  clock_.Advance(seconds(10));
  EXPECT_THAT(Take(), IsEmpty());
  runner_->Feed();
  EXPECT_EQ(prober_.open.size(), 1U);
  prober_.AnswerOne(0, KnockResult::kSilent);
  EXPECT_EQ(Take().size(), 0U);
  clock_.Advance(seconds(1));
  const auto out = Take();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].to_index(), 4096U);
}

TEST_F(JobRunnerTest, AGrabHasOneObservationAnIndexWithEveryPortInOrder) {
  Start(Grab(40, 60));
  EXPECT_EQ(prober_.max_in_flight, 25U);
  runner_->Feed();
  Random random(5);
  std::set<std::string> excluded;
  while (!prober_.open.empty()) {
    const size_t i = random.Below(prober_.open.size());
    const bool out = random.Below(3) == 0;
    if (out) excluded.insert(prober_.open[i].address.ToString());
    prober_.AnswerOne(i, out ? KnockResult::kExcluded : KnockResult::kAnswered);
  }
  const auto out = Take();
  ASSERT_EQ(out.size(), 1U);  // the job's end needs no age
  EXPECT_TRUE(out[0].final());
  const proto::BatchPayload payload = Unpack(out[0]);
  ASSERT_EQ(payload.hosts_size(), 20);
  for (int i = 0; i < 20; ++i) {
    const proto::HostObservation& host = payload.hosts(i);
    EXPECT_EQ(host.index(), 40U + static_cast<uint64_t>(i));
    EXPECT_EQ(*Address::FromBytes(host.address()), GrabAddress(host.index()));
    ASSERT_EQ(host.ports_size(), 2);
    EXPECT_EQ(host.ports(0).port(), 22U);
    EXPECT_EQ(host.ports(1).port(), 443U);
    EXPECT_EQ(host.excluded(), excluded.contains(GrabAddress(host.index()).ToString()));
  }
}

TEST_F(JobRunnerTest, NoGrabBatchExceedsItsBytes) {
  const BatchLimits limits{.max_bytes = 20'000};
  Make(limits);
  Start(Grab(0, 40));
  runner_->Feed();
  // Noise does not compress: the limit must hold for what is sent. Host 7 alone is too large.
  for (int i = 0; i < 40; ++i) {
    prober_.AnswerOne(0, KnockResult::kAnswered, i == 7 ? 50'000 : 2'000);
  }
  int hosts = 0;
  const auto out = Take();
  EXPECT_GE(out.size(), 8U);
  for (const proto::Batch& batch : out) {
    EXPECT_LE(batch.payload().size(), limits.max_bytes);
    EXPECT_EQ(batch.from_index(), static_cast<uint64_t>(hosts));
    const proto::BatchPayload payload = Unpack(batch);
    for (const proto::HostObservation& host : payload.hosts()) {
      EXPECT_EQ(host.index(), static_cast<uint64_t>(hosts));
      const bool shrunk = host.ports(0).tls().chain_size() == 0;
      EXPECT_EQ(shrunk, hosts == 7);
      if (shrunk) {
        EXPECT_THAT(host.ports(0).detail(), ::testing::HasSubstr("too large"));
      }
      ++hosts;
    }
  }
  EXPECT_EQ(hosts, 40);
}

TEST_F(JobRunnerTest, ExclusionsOfTheJobAreAskedAtTheConnect) {
  proto::Job job = Sweep(0, 100);
  ByteWriter range;
  range.U32(0x7f010100);
  range.U32(0x7f0101ff);
  job.add_exclusions(range.str());
  Start(job);
  runner_->Feed();
  const ContactFilter& may = prober_.open.at(0).policy->may_contact;
  EXPECT_FALSE(may(Address::V4(0x7f010100)));
  EXPECT_FALSE(may(Address::V4(0x7f0101ff)));
  EXPECT_TRUE(may(Address::V4(0x7f010200)));
  EXPECT_TRUE(may(Address::V4(0x7f0100ff)));
}

TEST_F(JobRunnerTest, AHeldJobGoesOnWithTheTargetsItGotBack) {
  prober_.room = 10;
  Start(Sweep(0, 30));
  runner_->Feed();
  prober_.started = 4;
  runner_->HoldJob({1, 1, 1, 1}, true);
  EXPECT_EQ(prober_.open.size(), 4U);
  runner_->Feed();
  EXPECT_EQ(prober_.open.size(), 4U);
  EXPECT_EQ(runner_->jobs_with_work(), 1U);
  runner_->HoldJob({1, 1, 1, 1}, false);
  std::set<Address> seen;
  uint64_t covered = 0;
  for (int turn = 0; turn < 40 && covered < 30; ++turn) {
    runner_->Feed();
    if (!prober_.open.empty()) {
      EXPECT_TRUE(seen.insert(prober_.open[0].address).second);
      prober_.AnswerOne(0, KnockResult::kRefused);
    }
    clock_.Advance(seconds(1));
    for (const auto& batch : Take()) covered = batch.to_index();
  }
  EXPECT_EQ(covered, 30U);
  EXPECT_EQ(seen.size(), 30U);
}

TEST_F(JobRunnerTest, ATrimKeepsWhatIsBegunAndTheLastBatchIsFinal) {
  prober_.room = 10;
  Start(Sweep(0, 100));
  EXPECT_EQ(runner_->TrimJob({1, 1, 1, 1}, 90), 90U);
  runner_->Feed();
  EXPECT_EQ(runner_->TrimJob({1, 1, 1, 1}, 5), 10U);
  while (!prober_.open.empty()) prober_.AnswerOne(0, KnockResult::kRefused);
  const auto out = Take();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].to_index(), 10U);
  EXPECT_TRUE(out[0].final());
}

TEST_F(JobRunnerTest, ATrimLeavesAnIndexToCarryTheFinalBatch) {
  prober_.room = 5;
  Start(Sweep(0, 100));
  runner_->Feed();
  while (!prober_.open.empty()) prober_.AnswerOne(0, KnockResult::kRefused);
  Take();
  clock_.Advance(seconds(2));
  ASSERT_EQ(Take().size(), 1U);  // [0, 5) is gone
  EXPECT_EQ(runner_->TrimJob({1, 1, 1, 1}, 2), 6U);
  runner_->Feed();
  ASSERT_EQ(prober_.open.size(), 1U);
  prober_.AnswerOne(0, KnockResult::kRefused);
  EXPECT_TRUE(Take().at(0).final());
}

TEST_F(JobRunnerTest, ADrainFinishesBegunTargetsAndFlushesThem) {
  prober_.room = 10;
  Start(Sweep(0, 100));
  runner_->Feed();
  prober_.started = 3;
  runner_->FinishStarted();
  EXPECT_EQ(runner_->open_targets(), 3U);
  for (int i = 0; i < 3; ++i) prober_.AnswerOne(0, KnockResult::kRefused);
  const auto out = Take();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].to_index(), 3U);
  EXPECT_FALSE(out[0].final());
  EXPECT_EQ(runner_->open_targets(), 0U);
  runner_->Feed();
  EXPECT_THAT(prober_.open, IsEmpty());
}

TEST_F(JobRunnerTest, ResultsOfADroppedJobVanish) {
  prober_.room = 10;
  Start(Grab(0, 20));
  runner_->Feed();
  prober_.started = 5;
  runner_->DropJob({1, 2, 1, 2});
  EXPECT_EQ(prober_.open.size(), 5U);
  while (!prober_.open.empty()) prober_.AnswerOne(0, KnockResult::kAnswered);
  clock_.Advance(seconds(5));
  EXPECT_THAT(Take(), IsEmpty());
  EXPECT_EQ(runner_->open_targets(), 0U);
}

TEST_F(JobRunnerTest, ARestartedJobCountsItsTargetsFromTheLease) {
  const proto::Job job = Grab(40, 60);
  ASSERT_TRUE(runner_->StartJob(job, 55, 58, nullptr).ok());
  runner_->Feed();
  ASSERT_EQ(prober_.open.size(), 3U);
  EXPECT_EQ(prober_.open[0].address, GrabAddress(55));
  while (!prober_.open.empty()) prober_.AnswerOne(0, KnockResult::kAnswered);
  const auto out = Take();
  ASSERT_EQ(out.size(), 1U);
  EXPECT_EQ(out[0].from_index(), 55U);
  EXPECT_TRUE(out[0].final());
}

TEST_F(JobRunnerTest, JobsThatMakeNoSenseAreRefused) {
  const auto refused = [&](const proto::Job& good, auto spoil) {
    proto::Job job = good;
    spoil(job);
    const bool sweep = good.kind() == proto::Job::SWEEP;
    return !runner_->StartJob(job, job.cursor(), job.end(), sweep ? targets_ : nullptr).ok();
  };
  const proto::Job sweep = Sweep(0, 10);
  EXPECT_TRUE(refused(sweep, [](auto& j) { j.set_end(0); }));
  EXPECT_TRUE(refused(sweep, [](auto& j) { j.set_end(70'000); }));
  EXPECT_TRUE(refused(sweep, [](auto& j) { j.set_target_set_size(5); }));
  EXPECT_TRUE(refused(sweep, [](auto& j) { j.set_gate_port(0); }));
  EXPECT_TRUE(refused(sweep, [](auto& j) { j.set_gate_port(65'536); }));
  EXPECT_TRUE(refused(sweep, [](auto& j) { j.add_exclusions("short"); }));
  EXPECT_TRUE(refused(sweep, [](auto& j) { j.set_kind(proto::Job::UNSPECIFIED); }));
  const proto::Job grab = Grab(0, 10);
  EXPECT_TRUE(refused(grab, [](auto& j) { j.add_targets("1234"); }));
  EXPECT_TRUE(refused(grab, [](auto& j) { j.set_targets(3, "12345"); }));
  EXPECT_TRUE(refused(grab, [](auto& j) { j.clear_ports(); }));
  EXPECT_TRUE(refused(grab, [](auto& j) { j.set_ports(0, 0); }));
  EXPECT_FALSE(refused(grab, [](auto&) {}));
  EXPECT_FALSE(refused(sweep, [](auto&) {}));
}

TEST_F(JobRunnerTest, TheOlderJobIsFedFirst) {
  prober_.room = 10;
  Start(Sweep(0, 6, 1));
  Start(Sweep(100, 200, 3));
  runner_->Feed();
  ASSERT_EQ(prober_.open.size(), 10U);
  for (uint64_t i = 0; i < 6; ++i) EXPECT_EQ(prober_.open[i].address, SweepAddress(i));
  EXPECT_EQ(prober_.open[6].address, SweepAddress(100));
  EXPECT_EQ(runner_->jobs_with_work(), 1U);
}

TEST_F(JobRunnerTest, AnExclusionHoldsForTheIPv6WayOfWritingIt) {
  proto::Job job = BaseJob(1, proto::Job::GRAB, 0, 3);
  for (const char* target : {"::ffff:10.0.0.7", "::ffff:10.0.1.7", "2001:db8::a00:7"}) {
    job.add_targets(std::string(Address::Parse(target)->bytes()));
  }
  job.add_ports(22);
  job.add_exclusions(std::string("\x0a\x00\x00\x00\x0a\x00\x00\xff", 8));
  ASSERT_TRUE(runner_->StartJob(job, 0, 3, nullptr).ok());
  runner_->Feed();
  ASSERT_EQ(prober_.open.size(), 3U);
  std::vector<bool> allowed;
  for (const auto& r : prober_.open) allowed.push_back(r.policy->may_contact(r.address));
  EXPECT_THAT(allowed, ::testing::ElementsAre(false, true, true));
}

TEST_F(JobRunnerTest, EachRunHasItsShareAndAPacerForAllItsJobs) {
  runner_->SetShares({{1, {100, 2, 5}}}, 100);
  EXPECT_EQ(prober_.rate, 100);
  Start(Sweep(0, 10, 1));
  Start(Grab(0, 3, 2));
  proto::Job other = Grab(0, 3, 3);
  other.set_run(9);
  Start(other);
  runner_->Feed();
  ASSERT_EQ(prober_.open.size(), 16U);
  const PacerPtr mine = prober_.open[0].policy->pacer;
  EXPECT_EQ(prober_.open[12].policy->pacer, mine);
  const PacerPtr theirs = prober_.open[15].policy->pacer;
  EXPECT_EQ(mine->rate(), 100);
  EXPECT_EQ(theirs->rate(), 0);  // no share: nothing is sent
  EXPECT_EQ(runner_->run_jobs_with_work(1), 0U);
  runner_->SetShares({{9, {30, 0, 0}}}, 30);
  EXPECT_EQ(mine->rate(), 0);
  EXPECT_EQ(theirs->rate(), 30);
  runner_->SetRate(500);  // a coordinator that knows no shares
  EXPECT_EQ(mine->Take(Address::V4(1), clock_.Now()).kind, RunPacer::Answer::Kind::kGo);
  EXPECT_EQ(prober_.rate, 500);
}

TEST_F(JobRunnerTest, APacerIsForgottenWithItsRunAndNotBeforeItsDebtsAreOver) {
  runner_->SetShares({{1, {100, 0.1, 0}}}, 100);
  Start(Grab(0, 3));
  runner_->Feed();
  const PacerPtr pacer = prober_.open[0].policy->pacer;
  clock_.Advance(seconds(1));
  EXPECT_EQ(pacer->Take(Address::V4(1), clock_.Now()).kind, RunPacer::Answer::Kind::kGo);
  runner_->DropJob({1, 2, 1, 2});
  runner_->SetShares({}, 0);
  EXPECT_FALSE(pacer->retired());
  clock_.Advance(seconds(11));
  runner_->SetShares({}, 0);
  EXPECT_TRUE(pacer->retired());
}

TEST_F(JobRunnerTest, OptOutsEndWhatIsUnderWayAndAreAskedByEveryJob) {
  Start(Grab(0, 3));
  runner_->Feed();
  ASSERT_EQ(prober_.open.size(), 3U);
  const PolicyPtr policy = prober_.open[0].policy;
  EXPECT_TRUE(policy->may_contact(GrabAddress(1)));
  const std::string range =
      std::string(GrabAddress(1).bytes()) + std::string(GrabAddress(1).bytes());
  runner_->Exclude(std::make_shared<const ExclusionFilter>(
      *ExclusionFilter::Parse(std::vector<std::string>{range})));
  EXPECT_EQ(prober_.open.size(), 2U);
  EXPECT_FALSE(policy->may_contact(GrabAddress(1)));
  EXPECT_TRUE(policy->may_contact(GrabAddress(0)));
  prober_.AnswerOne(0, KnockResult::kAnswered);
  prober_.AnswerOne(0, KnockResult::kAnswered);
  const auto batches = Take();
  ASSERT_EQ(batches.size(), 1U);
  const proto::BatchPayload payload = Unpack(batches[0]);
  ASSERT_EQ(payload.hosts_size(), 3);
  EXPECT_TRUE(payload.hosts(1).excluded());
  EXPECT_FALSE(payload.hosts(0).excluded());
}

TEST_F(JobRunnerTest, ACancelledJobEndsWithItsOpenConnections) {
  Start(Grab(0, 3, 2));
  Start(Grab(0, 3, 3));
  runner_->Feed();
  prober_.started = 6;  // all are under way
  runner_->CancelJob({1, 2, 1, 2});
  EXPECT_EQ(prober_.open.size(), 3U);
  EXPECT_EQ(runner_->open_targets(), 3U);
}

TEST(JobRunnerIPv6Test, AnIPv6TargetIsGrabbedFromSocketToBatch) {
  const SystemClock clock;
  const auto engine = *Engine::Create({.probes_per_second = 1e6, .goodbye_wait = {}}, clock);
  std::vector<std::string> heard;
  const auto surveys = [&](const proto::ProbePolicy&) -> SurveyMaker {
    return [&](uint16_t port, const Address&) {
      return std::make_unique<ScriptedSurvey>(port, SurveyScript(), &heard);
    };
  };
  JobRunner runner({1000, {}}, *engine, surveys, clock);
  const Address home6 = *Address::Parse("::1");
  LoopbackServer server(home6, 64);
  proto::Job job;
  job.set_kind(proto::Job::GRAB);
  job.set_end(1);
  job.add_targets(std::string(home6.bytes()));
  job.add_ports(server.port());
  ASSERT_TRUE(runner.StartJob(job, 0, 1, nullptr).ok());
  std::vector<proto::Batch> batches;
  std::vector<UniqueFd> peers;
  const MonoTime give_up = clock.Now() + std::chrono::seconds(20);
  while (batches.empty()) {
    ASSERT_LT(clock.Now(), give_up);
    runner.Feed();
    engine->RunOnce(std::chrono::milliseconds(5));
    UniqueFd peer = server.Accept();
    if (peer.valid()) {
      Say(peer, "ok\n");
      peers.push_back(std::move(peer));
    }
    batches = runner.TakeBatches(clock.Now());
  }
  ASSERT_EQ(batches.size(), 1U);
  const proto::BatchPayload payload = Unpack(batches[0]);
  ASSERT_EQ(payload.hosts_size(), 1);
  EXPECT_EQ(payload.hosts(0).address(), home6.bytes());
  ASSERT_EQ(payload.hosts(0).ports_size(), 1);
  EXPECT_EQ(payload.hosts(0).ports(0).outcome(), static_cast<uint32_t>(Outcome::kOk));
}

}  // namespace
}  // namespace hark

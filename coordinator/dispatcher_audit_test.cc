#include <gtest/gtest.h>

#include <algorithm>

#include "base/log.h"
#include "coordinator/dispatcher_fixture.h"

namespace hark {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Everything is audited, unless a test says otherwise.
class DispatcherAuditTest : public DispatcherTest {
 protected:
  void SetUp() override {
    DispatcherTest::SetUp();
    const auto write = store_->NewWrite();
    write->PutMeta(kAuditSecretName, std::string(32, 's'));
    ASSERT_TRUE(store_->Commit(*write, true).ok());
    Restart();
    Set([](proto::RunSettings& settings) { settings.set_audit(1); });
  }

  void Set(const std::function<void(proto::RunSettings&)>& change) {
    proto::RunSettings settings = Run().run().settings();
    change(settings);
    ASSERT_TRUE(dispatcher_->ChangeRun(run_.id(), settings, now_, UnixMillis()));
    Tick();
  }

  const RunState& Run() const { return *dispatcher_->FindRun(run_.id()); }

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

  // Asks until the rest of what is to be audited is over.
  std::optional<proto::Job> AskForAudit(const std::string& worker,
                                        const std::vector<std::string>& workers) {
    EXPECT_FALSE(AskForJob(worker)) << "no rest";
    Pass(seconds(11), workers);
    return AskForJob(worker);
  }

  proto::Ack SendSweep(const std::string& worker, const proto::Job& job,
                       const std::vector<uint64_t>& hits) {
    proto::BatchPayload payload;
    for (const uint64_t index : hits) {
      proto::SweepHit& hit = *payload.mutable_sweep()->add_hits();
      hit.set_index(index);
      hit.set_address(std::string(Run().TargetAt(index).bytes()));
    }
    payload.mutable_sweep()->set_refused(job.end() - job.cursor() - hits.size());
    proto::Ack ack = SendBatch(worker, BatchOf(job, 0, job.cursor(), job.end(), payload));
    Tick();
    return ack;
  }

  proto::Ack SendVisit(const std::string& worker, const proto::Job& job, const std::string& blob) {
    proto::BatchPayload payload;
    for (uint64_t i = job.cursor(); i < job.end(); ++i) {
      proto::HostObservation& host = *payload.add_hosts();
      host.set_index(i);
      host.set_address(job.targets(static_cast<int>(i - job.cursor())));
      host.set_started_unix_ms(UnixMillis());
      proto::PortObservation& port = *host.add_ports();
      port.set_port(25);
      port.set_stage(static_cast<uint32_t>(Stage::kDone));
      port.mutable_ssh()->add_keys()->set_blob(blob);
    }
    proto::Ack ack = SendBatch(worker, BatchOf(job, 0, job.cursor(), job.end(), payload));
    Tick();
    return ack;
  }

  // a sweeps everything and visits the one listener.
  void Survey() {
    Hello("a", 1);
    Hello("b", 2);
    Tick();
    const proto::Job sweep = *AskForJob("a");
    EXPECT_NE(SendBatch("a", SweepBatch(sweep, 0, 0, kPlanned)).status(), proto::Ack::BAD);
    Tick();
    const proto::Job grab = *AskForJob("a");
    ASSERT_EQ(grab.kind(), proto::Job::GRAB);
    SendVisit("a", grab, "key");
  }

  uint64_t Listener() const {
    uint64_t index = 0;
    while (Run().TargetAt(index) != *Address::Parse("127.9.0.1")) ++index;
    return index;
  }
};

TEST_F(DispatcherAuditTest, ASecondWorkerIsAskedAndChangesNothing) {
  Survey();
  const std::string digest = *store_->LogicalDigest("t");
  const proto::Job sweep = *AskForAudit("b", {"a", "b"});
  EXPECT_EQ(sweep.kind(), proto::Job::SWEEP);
  EXPECT_EQ(sweep.cursor(), 0U);
  EXPECT_EQ(sweep.end(), kPlanned);
  EXPECT_FALSE(AskForJob("b")) << "two audits of one host at once";
  SendSweep("b", sweep, {Listener()});
  const proto::Job grab = *AskForJob("b");
  EXPECT_EQ(grab.kind(), proto::Job::GRAB);
  ASSERT_EQ(grab.targets_size(), 1);
  EXPECT_EQ(grab.ports(0), 25U);
  SendVisit("b", grab, "another key");

  EXPECT_EQ(Run().audits().findings.audited, 2U);
  EXPECT_EQ(Run().audits().findings.disagreed, 1U);
  EXPECT_EQ(Run().audits_of().at("a").disagreed, 1U);
  EXPECT_EQ(Run().audits_of().at("b").disagreed, 1U) << "it may be b who is wrong";
  Tick();
  EXPECT_TRUE(dispatcher_->AllRunsDone());
  EXPECT_EQ(*store_->LogicalDigest("t"), digest);
  EXPECT_EQ(Run().Sum().visited, 1U);
  EXPECT_EQ(Run().Sum().covered, kPlanned);
  EXPECT_EQ(*store_->ListenerCount(run_.id()), 1U);
}

TEST_F(DispatcherAuditTest, NobodyAuditsHimself) {
  Survey();
  Pass(seconds(20), {"a", "b"});
  EXPECT_FALSE(AskForJob("a"));
}

TEST_F(DispatcherAuditTest, AHostIsVisitedBeforeItIsKnockedAtAgain) {
  Hello("a", 1);
  Hello("b", 2);
  Tick();
  SendSweep("a", *AskForJob("a"), {Listener()});
  const proto::Job visit = *AskForJob("a");
  AskForJob("b");
  Pass(seconds(20), {"a", "b"});
  EXPECT_FALSE(AskForJob("b")) << "a is still there";
  SendVisit("a", visit, "key");
  EXPECT_TRUE(AskForAudit("b", {"a", "b"}));
}

TEST_F(DispatcherAuditTest, ARunThatNobodyElseComesForEndsUnaudited) {
  Survey();
  Pass(seconds(28), {"a"});
  EXPECT_FALSE(dispatcher_->AllRunsDone());
  Pass(seconds(5), {"a"});
  EXPECT_TRUE(dispatcher_->AllRunsDone());
  EXPECT_EQ(Run().audits().left_out, kPlanned + 1);
  EXPECT_EQ(Run().audits().findings.audited, 0U);
}

TEST_F(DispatcherAuditTest, APausedRunWaitsWithItsAudits) {
  Survey();
  Set([](proto::RunSettings& settings) { settings.set_paused(true); });
  Pass(minutes(3), {"a", "b"});
  EXPECT_FALSE(dispatcher_->AllRunsDone());
  EXPECT_EQ(Run().audits().left_out, 0U);
}

TEST_F(DispatcherAuditTest, AnAuditGivenBackThreeTimesIsLeftOut) {
  Hello("a", 1);
  Hello("b", 2);
  Tick();
  SendSweep("a", *AskForJob("a"), {});
  std::optional<proto::Job> job = AskForAudit("b", {"a", "b"});
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(job && job->kind() == proto::Job::SWEEP) << i;
    Pass(seconds(2), {"a", "b"});  // somebody is at it: the grace begins anew
    proto::Envelope envelope;
    envelope.mutable_release()->set_run(job->run());
    envelope.mutable_release()->set_job(job->job());
    *envelope.mutable_release()->mutable_token() = job->token();
    Say("b", envelope);
    AskForJob("b");
    Pass(seconds(11), {"a", "b"});
    if (i < 2) job = AskForJob("b");
  }
  EXPECT_EQ(Run().audits().left_out, kPlanned);
}

TEST_F(DispatcherAuditTest, WhoOptsOutIsForgottenInMemoryAndInTheStore) {
  Survey();
  dispatcher_->SetOptOuts(1, RangeSet({*ParseRange("127.9.0.1")}), now_);
  Tick();
  const std::string victim(Address::Parse("127.9.0.1")->bytes());
  const std::vector<proto::JobRow> jobs = *store_->Jobs(run_.id());
  for (const proto::JobRow& job : jobs) {
    EXPECT_EQ(job.audit().hits_size(), 0) << job.id();
    for (const proto::AuditHost& host : job.audit().hosts()) EXPECT_NE(host.address(), victim);
  }
  const proto::Job grab = [&] {
    proto::Job job = *AskForAudit("b", {"a", "b"});
    while (job.kind() != proto::Job::GRAB) {
      SendSweep("b", job, {});
      job = *AskForJob("b");
    }
    return job;
  }();
  ASSERT_EQ(grab.targets_size(), 1);
  EXPECT_NE(grab.targets(0), victim);
  EXPECT_EQ(Run().audits().findings.disagreed, 0U) << "nothing is compared there";
}

TEST_F(DispatcherAuditTest, CountsOutliveTheCoordinator) {
  Survey();
  SendSweep("b", *AskForAudit("b", {"a", "b"}), {});
  EXPECT_EQ(Run().audits_of().at("a").disagreed, 1U);
  Tick();
  Restart();
  EXPECT_EQ(Run().audits_of().at("a").audited, 1U);
  EXPECT_EQ(Run().audits_of().at("a").disagreed, 1U);
  // What was not audited yet still is.
  Hello("b", 3);
  const proto::Job grab = *AskForAudit("b", {"b"});
  SendVisit("b", grab, "key");
  EXPECT_EQ(Run().audits_of().at("a").audited, 2U);
  EXPECT_EQ(Run().audits_of().at("a").disagreed, 1U);
}

// Six SWEEP jobs of 1024, two for each of three workers. a's network lets nothing through.
class DispatcherAuditFleetTest : public DispatcherAuditTest {
 protected:
  void Tune(PlanOptions& plan) override {
    plan.sources = RangeSet({*ParseRange("127.9.0.0-127.9.23.255")});
  }
  void TearDown() override { SetLogSink(nullptr); }

  void SweepAs(const std::string& worker, const proto::Job& job) {
    ASSERT_EQ(job.kind(), proto::Job::SWEEP);
    std::vector<uint64_t> hits;
    for (uint64_t i = 0; i < 30 && worker != "a"; ++i) hits.push_back(job.cursor() + 7 * i);
    SendSweep(worker, job, hits);
  }
};

TEST_F(DispatcherAuditFleetTest, WhoSeesNothingIsNamedOnceAndNobodyElseIs) {
  std::vector<std::string> warnings;
  SetLogSink([&](LogLevel level, std::string_view text) {
    if (level == LogLevel::kWarning) warnings.emplace_back(text);
  });
  const std::vector<std::string> workers = {"a", "b", "c"};
  for (const std::string& worker : workers) Hello(worker, 1);
  Tick();
  std::vector<std::pair<std::string, proto::Job>> jobs;
  for (int i = 0; i < 2; ++i) {
    for (const std::string& worker : workers) jobs.emplace_back(worker, *AskForJob(worker));
  }
  for (const auto& [worker, job] : jobs) SweepAs(worker, job);
  while (const std::optional<proto::Job> grab = AskForJob("b")) SendVisit("b", *grab, "key");
  AskForJob("c");
  Pass(seconds(11), workers);
  // b audits a, c audits b and a, a audits c.
  for (const char* auditor : {"b", "c", "c", "a"}) SweepAs(auditor, *AskForJob(auditor));

  EXPECT_EQ(Run().audits_of().at("a").audited, 90U);
  EXPECT_EQ(Run().audits_of().at("a").disagreed, 90U);
  EXPECT_EQ(Run().audits_of().at("b").disagreed, 30U);
  EXPECT_EQ(Run().audits_of().at("c").disagreed, 60U);
  std::erase_if(warnings, [](const auto& text) { return text.find("stands out") == text.npos; });
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find("worker 61 stands out"), std::string::npos) << warnings[0];
}

}  // namespace
}  // namespace hark

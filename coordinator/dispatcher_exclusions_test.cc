// The check when a job is cut: who is excluded is handed to no worker, and what comes of it all the
// same is nobody's record. And IPv6 targets, which are handed out without a sweep.

#include <gtest/gtest.h>

#include "coordinator/dispatcher_fixture.h"

namespace hark {
namespace {

constexpr const char* kExcluded = "127.9.0.200";

class DispatcherExclusionsTest : public DispatcherTest {
 protected:
  void Tune(PlanOptions& plan) override {
    plan.exclusions = AddressSet(RangeSet({*ParseRange(kExcluded)}));
    plan.sources6 = {*Address::Parse("fd00::7")};
  }

  // Of this kind, while there is any; the worker keeps the others.
  std::optional<proto::Job> JobOf(const std::string& worker, proto::Job::Kind kind) {
    for (int i = 0; i < 4; ++i) {
      const std::optional<proto::Job> job = AskForJob(worker);
      if (!job || job->kind() == kind) return job;
    }
    return std::nullopt;
  }

  // Host `address` answered on port 25.
  proto::Batch VisitBatch(const proto::Job& job, const Address& address) {
    proto::BatchPayload payload;
    proto::HostObservation& host = *payload.add_hosts();
    host.set_index(job.cursor());
    host.set_address(std::string(address.bytes()));
    proto::PortObservation& port = *host.add_ports();
    port.set_port(25);
    port.set_stage(static_cast<uint32_t>(Stage::kDone));
    return BatchOf(job, 0, job.cursor(), job.end(), payload);
  }
};

TEST_F(DispatcherExclusionsTest, AnExcludedListenerIsHandedOutAsNobody) {
  const auto write = store_->NewWrite();
  write->PutListener(run_.id(), 0, *Address::Parse(kExcluded));
  // The IPv6 target is done with, so that the listener is all there is to visit.
  const std::vector<proto::JobRow> before = *store_->Jobs(run_.id());
  for (proto::JobRow job : before) {
    if (job.kind() != proto::JobRow::GRAB_TARGETS) continue;
    job.set_state(proto::JobRow::DONE);
    job.set_cursor(job.end());
    write->PutJob(run_.id(), job);
  }
  ASSERT_TRUE(store_->Commit(*write, true).ok());
  Restart();
  Hello("a", 1);
  const std::optional<proto::Job> grab = JobOf("a", proto::Job::GRAB);
  ASSERT_TRUE(grab);
  ASSERT_EQ(grab->targets_size(), 1);
  EXPECT_EQ(grab->targets(0), std::string(4, '\0'));
  // A worker that had it from before still names the address: no strike, and no record.
  SendBatch("a", VisitBatch(*grab, *Address::Parse(kExcluded)));
  Tick();
  const std::vector<proto::JobRow> jobs = *store_->Jobs(run_.id());
  EXPECT_EQ(jobs.back().state(), proto::JobRow::DONE);
  EXPECT_EQ(jobs.back().tally().excluded(), 1U);
  EXPECT_FALSE(store_->FindHost(run_.id(), *Address::Parse(kExcluded)).ok());
}

TEST_F(DispatcherExclusionsTest, IPv6TargetsAreVisitedBesideTheSweepAndNoPartOfIt) {
  Hello("a", 1);
  std::map<proto::Job::Kind, proto::Job> jobs;
  while (const std::optional<proto::Job> job = AskForJob("a")) jobs[job->kind()] = *job;
  ASSERT_EQ(jobs.size(), 2U);
  const proto::Job* const sweep = &jobs[proto::Job::SWEEP];
  EXPECT_EQ(sweep->target_set_size(), kPlanned - 1);
  EXPECT_EQ(sweep->end(), kPlanned - 1);
  const proto::Job* const visit = &jobs[proto::Job::GRAB];
  ASSERT_EQ(visit->targets_size(), 1);
  EXPECT_EQ(visit->targets(0), Address::Parse("fd00::7")->bytes());
  SendBatch("a", VisitBatch(*visit, *Address::Parse("fd00::7")));
  Tick();
  EXPECT_TRUE(store_->FindPort(run_.id(), *Address::Parse("fd00::7"), 25).ok());
}

}  // namespace
}  // namespace hark

#include "coordinator/purge.h"

#include <gtest/gtest.h>

#include "base/outcome.h"
#include "base/permutation.h"
#include "base/target_states.h"
#include "coordinator/opt_outs.h"
#include "coordinator/remembering.h"
#include "keys/key_id.h"
#include "storage/run_order.h"

namespace hark {
namespace {

Address At(std::string_view text) {
  return *Address::Parse(text);
}

// Two runs: 1 with a gate, 2 without. In both the same two hosts, which share a key.
class PurgeTest : public ::testing::Test {
 protected:
  PurgeTest() {
    const auto write = store_->NewWrite();
    for (const uint32_t run : {1U, 2U}) {
      proto::RunRow row;
      row.set_id(run);
      row.set_name("r" + std::to_string(run));
      row.set_gate_port(run == 1 ? 25 : 0);
      write->PutRun(row);
      proto::JobRow job;
      job.set_id(1);
      job.set_kind(run == 1 ? proto::JobRow::GRAB_LISTENERS : proto::JobRow::GRAB_TARGETS);
      write->PutJob(run, job);
      for (const char* host : {"192.0.2.7", "192.0.2.9"}) PutHost(*write, run, At(host));
    }
    PutHost(*write, 2, At("2001:db8::7"));
    write->PutListener(1, 0, At("192.0.2.7"));
    write->PutListener(1, 1, At("192.0.2.9"));
    StoredRevisit revisit;
    revisit.list = 1;
    revisit.row.set_address(std::string(At("192.0.2.7").bytes()));
    write->PutRevisit(1, revisit);
    proto::NameRow names;
    names.add_names("www.example.org");
    write->PutNames(2, At("192.0.2.7"), names);
    EXPECT_TRUE(store_->Commit(*write, true).ok());
  }

  void PutHost(StoreWrite& write, uint32_t run, const Address& address) {
    proto::HostRow host;
    host.set_job(1);
    host.set_started_unix_ms(1000);
    write.PutHost(run, address, host);
    proto::PortRow port;
    port.mutable_observation()->set_port(22);
    port.mutable_observation()->set_outcome(static_cast<uint32_t>(Outcome::kOk));
    port.mutable_observation()->set_stage(static_cast<uint32_t>(Stage::kDone));
    port.add_keys(Sha256("shared"));
    write.PutPort(run, address, 22, port);
  }

  void Ask(const std::vector<std::string>& entries) {
    proto::AddOptOuts what;
    what.set_purge(true);
    for (const std::string& entry : entries) what.add_entries(entry);
    ASSERT_TRUE(AddOptOuts(*store_, what, 0).ok());
  }

  std::set<Address> KeyHolders(const char* run) {
    std::set<Address> holders;
    EXPECT_TRUE((*store_->ReadRun(run))
                    ->ForEachKeyUse([&](const KeyUse& use) {
                      holders.insert(use.address);
                      return Status::Ok();
                    })
                    .ok());
    return holders;
  }

  std::set<std::string> Remembered() {
    std::set<std::string> hosts;
    EXPECT_TRUE(store_->ReadHistory()
                    ->ForEachPort({},
                                  [&](const FactUse& place, const Timeline&) {
                                    hosts.insert(place.host.ToString());
                                    return Status::Ok();
                                  })
                    .ok());
    return hosts;
  }

  const std::unique_ptr<Store> store_ = std::move(*Store::OpenInMemory());
};

TEST_F(PurgeTest, LeavesNothingOfThemInAnyRun) {
  Ask({"192.0.2.0/29", "2001:db8::/64"});
  EXPECT_EQ(*PurgeDue(*store_), 3U);
  for (const uint32_t run : {1U, 2U}) {
    EXPECT_EQ(store_->FindHost(run, At("192.0.2.7")).status().code(), StatusCode::kNotFound);
    EXPECT_EQ(store_->FindPort(run, At("192.0.2.7"), 22).status().code(), StatusCode::kNotFound);
    EXPECT_TRUE(store_->FindPort(run, At("192.0.2.9"), 22).ok());
  }
  EXPECT_FALSE(store_->FindHost(2, At("2001:db8::7")).ok());
  EXPECT_EQ(KeyHolders("r1"), std::set<Address>{At("192.0.2.9")});
  EXPECT_EQ(KeyHolders("r2"), std::set<Address>{At("192.0.2.9")});
  uint64_t names = 0;
  ASSERT_TRUE(store_
                  ->ForEachName(2,
                                [&](const Address&, const proto::NameRow&) {
                                  ++names;
                                  return Status::Ok();
                                })
                  .ok());
  EXPECT_EQ(names, 0U);
}

TEST_F(PurgeTest, ForgetsWhatTheyShowedInEveryRunAndImport) {
  for (const char* name : {"r1", "r2"}) {
    proto::RunRow run = *store_->FindRun(name);
    run.set_state(proto::RunRow::DONE);
    const auto write = store_->NewWrite();
    write->PutRun(run);
    write->PutSighting({At("192.0.2.6"), 22, 5, {BannerFact("SSH-2.0-imported")}});
    ASSERT_TRUE(store_->Commit(*write, true).ok());
  }
  ASSERT_TRUE(RememberRuns(*store_, [](const std::string&, uint64_t) { return true; }).ok());
  EXPECT_EQ(Remembered(),
            (std::set<std::string>{"192.0.2.6", "192.0.2.7", "192.0.2.9", "2001:db8::7"}));
  Ask({"192.0.2.0/29", "2001:db8::/64"});
  ASSERT_TRUE(PurgeDue(*store_).ok());
  EXPECT_EQ(Remembered(), std::set<std::string>{"192.0.2.9"});
  // What a fold had read before comes back behind it, and goes again.
  const auto write = store_->NewWrite();
  write->PutSighting({At("192.0.2.7"), 22, 5, {BannerFact("SSH-2.0-late")}});
  ASSERT_TRUE(store_->Commit(*write, true).ok());
  ASSERT_TRUE(ForgetPurgedSince(*store_, 0).ok());
  EXPECT_EQ(Remembered(), std::set<std::string>{"192.0.2.9"});
}

TEST_F(PurgeTest, TakesOutAgainWhatAnImportBroughtBack) {
  Ask({"192.0.2.7"});
  ASSERT_TRUE(PurgeDue(*store_).ok());
  const auto write = store_->NewWrite();
  PutHost(*write, 1, At("192.0.2.7"));
  write->PutSighting({At("192.0.2.7"), 22, 5, {BannerFact("SSH-2.0-imported")}});
  write->PutSighting({At("192.0.2.8"), 22, 5, {BannerFact("SSH-2.0-imported")}});
  ASSERT_TRUE(store_->Commit(*write, true).ok());
  EXPECT_EQ(*PurgeDue(*store_), 0U);
  EXPECT_EQ(*PurgeAgain(*store_), 1U);
  EXPECT_FALSE(store_->FindHost(1, At("192.0.2.7")).ok());
  EXPECT_EQ(Remembered(), std::set<std::string>{"192.0.2.8"});
}

TEST_F(PurgeTest, ListsKeepTheirPositions) {
  Ask({"192.0.2.7"});
  ASSERT_TRUE(PurgeDue(*store_).ok());
  EXPECT_EQ(*store_->Listeners(1, 0, 2), (std::vector<Address>{Address(), At("192.0.2.9")}));
  EXPECT_EQ(*store_->Revisits(1, 1, 0, 1), std::vector<Address>{Address()});
}

TEST_F(PurgeTest, RemembersWhereTheyStoodInTheLedgers) {
  Ask({"192.0.2.7"});
  ASSERT_TRUE(PurgeDue(*store_).ok());
  const proto::PurgeRow gated = *store_->Purged(1);
  EXPECT_EQ(gated.hosts(), 1U);
  EXPECT_EQ(gated.listeners(), 1U);
  EXPECT_EQ(gated.grabs().answered(), 1U);
  EXPECT_EQ(gated.plan().answered(), 0U);
  const proto::PurgeRow open = *store_->Purged(2);
  EXPECT_EQ(open.listeners(), 0U);
  EXPECT_EQ(open.plan().answered(), 1U);
}

TEST_F(PurgeTest, TakesThemOutOfWhatTheSweepsSaw) {
  const RangeSet targets({*ParseRange("192.0.2.0/28")});
  proto::RunRow run;
  run.set_id(1);
  run.set_name("r1");
  run.set_gate_port(25);
  run.set_target_set(Sha256(targets.Encode()));
  TargetStates states;
  for (int i = 0; i < 16; ++i) states.Add(TargetState::kRefused);
  proto::SweptRow row;
  row.set_targets(16);
  row.set_states(states.bytes());
  const auto write = store_->NewWrite();
  write->PutRun(run);
  write->PutTargetSet(run.target_set(), targets.Encode());
  write->PutSwept(1, 0, row);
  ASSERT_TRUE(store_->Commit(*write, true).ok());
  Ask({"192.0.2.4-192.0.2.6"});
  ASSERT_TRUE(PurgeDue(*store_).ok());
  Ask({"192.0.2.6-192.0.2.7"});
  ASSERT_TRUE(PurgeDue(*store_).ok());
  EXPECT_EQ(store_->Purged(1)->swept().refused(), 4U) << "each once";
  const auto left_of = [&](const proto::SweptRow& now) {
    return TargetStates::Decode(now.states(), now.targets());
  };
  const Permutation order(16, PermutationKey(run));
  ASSERT_TRUE(store_
                  ->ForEachSwept(1,
                                 [&](uint64_t first, const proto::SweptRow& now) {
                                   EXPECT_EQ(first, 0U);
                                   for (uint32_t n = 0; n < 16; ++n) {
                                     const bool gone = n >= 4 && n <= 7;
                                     EXPECT_EQ(left_of(now)->At(order.IndexOf(n)),
                                               gone ? TargetState::kPurged : TargetState::kRefused)
                                         << n;
                                   }
                                   return Status::Ok();
                                 })
                  .ok());
}

TEST_F(PurgeTest, DoesEachStepOnceAndOnlyThoseThatAskForIt) {
  proto::AddOptOuts kept;
  kept.add_entries("192.0.2.9");
  ASSERT_TRUE(AddOptOuts(*store_, kept, 0).ok());
  EXPECT_EQ(*PurgeDue(*store_), 0U);
  EXPECT_TRUE(store_->FindHost(1, At("192.0.2.9")).ok());
  Ask({"192.0.2.7"});
  EXPECT_EQ(*PurgeDue(*store_), 2U);
  EXPECT_EQ(*PurgeDue(*store_), 0U);
  EXPECT_EQ(store_->Purged(1)->hosts(), 1U);
}

TEST_F(PurgeTest, ForgetsWhatWaitsToBeAudited) {
  const auto write = store_->NewWrite();
  proto::JobRow audit;
  audit.set_id(2);
  audit.set_kind(proto::JobRow::AUDIT_GRAB);
  proto::AuditHost& host = *audit.mutable_audit()->add_hosts();
  host.set_address(std::string(At("192.0.2.7").bytes()));
  host.add_ports()->add_keys("0123456789abcdef");
  write->PutJob(1, audit);
  ASSERT_TRUE(store_->Commit(*write, true).ok());
  Ask({"192.0.2.7"});
  ASSERT_TRUE(PurgeDue(*store_).ok());
  const proto::JobRow after = store_->Jobs(1)->at(1);
  EXPECT_EQ(after.audit().hosts(0).address(), std::string(4, '\0'));
  EXPECT_TRUE(after.audit().hosts(0).ports(0).unknown());
  EXPECT_EQ(after.audit().hosts(0).ports(0).keys_size(), 0);
}

}  // namespace
}  // namespace hark

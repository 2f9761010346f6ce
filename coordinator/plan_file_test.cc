#include "coordinator/plan_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/testing/temp_directory.h"
#include "keys/key_id.h"

namespace hark {
namespace {

RangeSet Set(const char* text) {
  return RangeSet({*ParseRange(text)});
}

Plan SomePlan() {
  PlanOptions options;
  options.sources = Set("192.0.2.0/24");
  options.exclusions = Set("192.0.2.128/25");
  options.opt_outs = Set("192.0.2.7");
  options.opt_outs_version = 3;
  return *MakePlan(options);
}

std::string Complaint(const Plan& plan) {
  return DecodePlan(EncodePlan(plan)).status().message();
}

TEST(PlanTest, LeavesOptOutsOutAndRemembersWhichOnesItKnew) {
  const Plan plan = SomePlan();
  EXPECT_EQ(plan.run.planned(), 127U);
  EXPECT_EQ(plan.run.excluded(), 129U);
  EXPECT_EQ(plan.run.exclusions_version(), 3U);
  EXPECT_TRUE(ExclusionsOf(plan.run)->Contains(Address::V4(Set("192.0.2.7").At(0))));
}

TEST(PlanTest, AnOptOutMakesNoOtherRunOfACommand) {
  PlanOptions options;
  options.sources = Set("192.0.2.0/24");
  const std::string before = MakePlan(options)->run.plan_hash();
  options.opt_outs = Set("192.0.2.7");
  EXPECT_EQ(MakePlan(options)->run.plan_hash(), before);
  options.exclusions = Set("192.0.2.8");
  EXPECT_NE(MakePlan(options)->run.plan_hash(), before);
}

TEST(PlanFileTest, GivesBackWhatWasWritten) {
  const Plan plan = SomePlan();
  const Result<Plan> back = DecodePlan(EncodePlan(plan));
  ASSERT_TRUE(back.ok()) << back.status().message();
  EXPECT_EQ(back->run.SerializeAsString(), plan.run.SerializeAsString());
  EXPECT_EQ(back->targets.Encode(), plan.targets.Encode());
}

TEST(PlanFileTest, RefusesWhatIsCutShortAtAnyByte) {
  const std::string bytes = EncodePlan(SomePlan());
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(DecodePlan(std::string_view(bytes).substr(0, n)).ok()) << n;
  }
}

TEST(PlanFileTest, RefusesTargetsThatAreNotThoseItNames) {
  Plan plan = SomePlan();
  plan.targets = Set("198.51.100.0/25");
  EXPECT_NE(Complaint(plan).find("not those it names"), std::string::npos);
}

TEST(PlanFileTest, RefusesTargetsAmongItsExclusions) {
  Plan plan = SomePlan();
  plan.targets = Set("192.0.2.0/24");
  plan.run.set_planned(plan.targets.size());
  plan.run.set_target_set(Sha256(plan.targets.Encode()));
  EXPECT_NE(Complaint(plan).find("among its exclusions"), std::string::npos);
}

TEST(PlanFileTest, RefusesPortsThatCannotBe) {
  for (const uint32_t port : {0U, 65536U, 22U}) {  // 22 is there already
    Plan plan = SomePlan();
    plan.run.add_ports(port);
    EXPECT_NE(Complaint(plan).find("ports"), std::string::npos) << port;
  }
  Plan plan = SomePlan();
  plan.run.set_gate_port(65536);
  EXPECT_NE(Complaint(plan).find("ports"), std::string::npos);
}

TEST(PlanFileTest, RefusesARunThatIsOneAlready) {
  Plan plan = SomePlan();
  plan.run.set_id(4);
  EXPECT_NE(Complaint(plan).find("a run already"), std::string::npos);
  plan = SomePlan();
  plan.run.set_state(proto::RunRow::DONE);
  EXPECT_NE(Complaint(plan).find("a run already"), std::string::npos);
}

TEST(PlanFileTest, LiesInTheInboxForNobodyElseAndIsTakenOnce) {
  const TempDirectory directory;
  const std::string& db = directory.path();
  const std::string name = *WritePlanFile(db, SomePlan());
  struct stat info {};
  ASSERT_EQ(stat((db + "/inbox/" + name).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_TRUE(TakePlanFile(db, name).ok());
  EXPECT_FALSE(TakePlanFile(db, name).ok());
  for (const char* other : {"", "../coordinator.key", "a/b", "0123456789abcdefg"}) {
    EXPECT_EQ(TakePlanFile(db, other).status().message(), "that is no name of a plan") << other;
  }
}

}  // namespace
}  // namespace hark

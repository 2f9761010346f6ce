// No address that is excluded is ever a target, in a job, or let through by the worker's own check:
// a hundred thousand random sets of sources, exclusions and opt-outs of both families.

#include <gtest/gtest.h>

#include <set>

#include "base/address_set.h"
#include "base/random.h"
#include "base/special_ranges.h"
#include "cli/opt_out_file.h"
#include "coordinator/plan.h"
#include "coordinator/run_registry.h"
#include "worker/exclusion_filter.h"

namespace hark {
namespace {

constexpr int kSets = 100'000;
constexpr uint32_t kUniverse = 48;  // addresses of each family

// Address n of the universe; the upper half is IPv6.
Address Nth(uint32_t n) {
  static const std::vector<Address> all = [] {
    std::vector<Address> out;
    for (uint32_t i = 0; i < kUniverse; ++i) out.push_back(Address::V4(0x0a090800 + i));
    std::string bytes(Address::Parse("fd00::")->bytes());
    for (uint32_t i = 0; i < kUniverse; ++i) {
      bytes[15] = static_cast<char>(i);
      out.push_back(*Address::FromBytes(bytes));
    }
    return out;
  }();
  return all[n];
}

struct Drawn {
  AddressSet set;
  std::set<uint32_t> members;
};

Drawn Draw(Random& random, uint64_t most_spans) {
  std::vector<AddressSpan> spans;
  Drawn drawn;
  const uint64_t count = random.Below(most_spans + 1);
  for (uint64_t i = 0; i < count; ++i) {
    const auto family = static_cast<uint32_t>(random.Below(2)) * kUniverse;
    const auto first = static_cast<uint32_t>(random.Below(kUniverse));
    const auto last =
        std::min<uint32_t>(kUniverse - 1, first + static_cast<uint32_t>(random.Below(6)));
    spans.push_back({Nth(family + first), Nth(family + last)});
    for (uint32_t n = first; n <= last; ++n) drawn.members.insert(family + n);
  }
  drawn.set = AddressSet(spans);
  return drawn;
}

PlanOptions OptionsOf(const Drawn& sources, const Drawn& listed, const Drawn& opted_out) {
  static const AddressSet special =
      *SpecialExclusionsOf(AddressSet({*ParseSpan("10.9.8.0/24"), *ParseSpan("fd00::/64")}));
  PlanOptions options;
  options.sources = sources.set.v4();
  for (const uint32_t n : sources.members) {
    if (n >= kUniverse) options.sources6.push_back(Nth(n));
  }
  options.special = special;
  options.exclusions = special.Union(listed.set);
  options.opt_outs = opted_out.set;
  return options;
}

// Everybody the jobs of this run would be sent to.
std::set<Address> Contacts(const RunState& run, const std::vector<proto::JobRow>& jobs) {
  std::set<Address> contacts;
  for (const proto::JobRow& job : jobs) {
    for (uint64_t i = job.base(); i < job.end(); ++i) {
      EXPECT_TRUE(contacts.insert(run.TargetAt(i)).second);
    }
  }
  return contacts;
}

TEST(ExclusionsTest, NobodyExcludedIsEverContactedWhateverTheSets) {
  Random random(20261122);
  uint64_t planned = 0, excluded = 0, late = 0;
  for (int round = 0; round < kSets; ++round) {
    const Drawn sources = Draw(random, 6), listed = Draw(random, 6), opted_out = Draw(random, 3);
    const Drawn added_later = Draw(random, 2);
    std::set<Address> wanted;
    for (const uint32_t n : sources.members) {
      if (!listed.members.contains(n) && !opted_out.members.contains(n)) wanted.insert(Nth(n));
    }
    PlanOptions options = OptionsOf(sources, listed, opted_out);
    options.gate_port = round % 2 == 0 ? 25 : 0;
    const Result<Plan> plan = MakePlan(options);
    ASSERT_EQ(plan.ok(), !wanted.empty());
    if (!plan.ok()) continue;
    ASSERT_EQ(plan->run.excluded() + plan->run.planned(), sources.members.size());
    // The second check, and what jobs are cut from.
    ASSERT_TRUE(CheckTargets(plan->run, plan->targets, plan->targets6).ok());
    RunState run(plan->run, plan->targets, *ExclusionsOf(plan->run), FirstJobs(plan->run), 0);
    run.SetTargets6(plan->targets6);
    ASSERT_EQ(Contacts(run, FirstJobs(plan->run)), wanted);
    // The third: the worker's, of the job's exclusions and of the orders' opt-outs.
    const ExclusionFilter job = *ExclusionFilter::Parse(plan->run.exclusions());
    const ExclusionFilter orders = *ExclusionFilter::Parse(added_later.set.Encode());
    for (const uint32_t n : sources.members) {
      const Address address = Nth(n);
      ASSERT_EQ(orders.Contains(address), added_later.members.contains(n));
      late += orders.Contains(address);
      // Without an IPv6 target a run is sent no IPv6 exclusions.
      if (!address.is_v4() && plan->targets6.empty()) continue;
      ASSERT_EQ(job.Contains(address), !wanted.contains(address)) << address.ToString();
    }
    ASSERT_TRUE(job.Contains(Address()));
    ASSERT_TRUE(job.Contains(*Address::Parse("224.0.0.1")));
    planned += wanted.size();
    excluded += plan->run.excluded();
  }
  // All three kinds did come up, often.
  EXPECT_GT(planned, uint64_t{kSets});
  EXPECT_GT(excluded, uint64_t{kSets});
  EXPECT_GT(late, uint64_t{kSets} / 10);
}

TEST(ExclusionsTest, TheChecksCatchATargetThatSlippedIn) {
  PlanOptions options;
  options.sources = RangeSet({*ParseRange("192.18.0.0/24")});
  options.exclusions = AddressSet(RangeSet({*ParseRange("192.18.0.0/28")}));
  Plan plan = *MakePlan(options);
  EXPECT_TRUE(CheckTargets(plan.run, plan.targets, {}).ok());
  EXPECT_FALSE(CheckTargets(plan.run, options.sources, {}).ok());
  EXPECT_TRUE(
      ExclusionFilter::Parse(plan.run.exclusions())->Contains(*Address::Parse("192.18.0.7")));
}

TEST(ExclusionsTest, ARunWhoseStoredTargetsAreExcludedIsNotTakenUp) {
  const std::unique_ptr<Store> store = std::move(*Store::OpenInMemory());
  PlanOptions options;
  options.sources = RangeSet({*ParseRange("192.18.0.0/24")});
  Plan plan = *MakePlan(options);
  plan.run.add_exclusions(AddressSet(RangeSet({*ParseRange("192.18.0.9")})).Encode().front());
  const OpenedRun opened = *OpenRun(*store, plan, "", 0);
  EXPECT_EQ(LoadRun(*store, opened.run).status().code(), StatusCode::kCorruption);
}

TEST(OptOutFileTest, ReadsEntriesDatesAndReasons) {
  const auto lines = ParseOptOutText(
      "# who asked\n"
      "192.0.2.0/24, 2001:db8::/32  2026-11-20  mail of their NOC, twice # by hand\n"
      "AS64496 2026-01-02\n"
      "\n"
      "198.51.100.7\t198.51.100.9-198.51.100.12\r\n",
      "f");
  ASSERT_TRUE(lines.ok()) << lines.status().message();
  const std::vector<OptOutLine> wanted = {
      {"192.0.2.0/24", "2026-11-20", "mail of their NOC, twice"},
      {"2001:db8::/32", "2026-11-20", "mail of their NOC, twice"},
      {"AS64496", "2026-01-02", ""},
      {"198.51.100.7", "", ""},
      {"198.51.100.9-198.51.100.12", "", ""}};
  EXPECT_EQ(*lines, wanted);
}

TEST(OptOutFileTest, NamesTheLineThatIsWrong) {
  const auto message = [](const char* text) {
    return ParseOptOutText(text, "f").status().message();
  };
  EXPECT_EQ(message("192.0.2.1\n192.0.2.1/24\n"),
            "f:2: '192.0.2.1/24': host bits are set; did you mean 192.0.2.0/24?");
  EXPECT_EQ(message("2026-11-20 nobody\n"), "f:1: a date without an entry before it");
  EXPECT_NE(message("192.0.2.1 nonsense\n"), "");
  EXPECT_NE(message("192.0.2.1 2026-13-20 x\n"), "");
}

}  // namespace
}  // namespace hark

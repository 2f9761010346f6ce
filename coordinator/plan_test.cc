#include "coordinator/plan.h"

#include <gtest/gtest.h>

#include <set>

#include "base/address.h"
#include "base/special_ranges.h"
#include "base/strings.h"
#include "coordinator/geo.h"
#include "coordinator/run_registry.h"
#include "coordinator/targets.h"

namespace hark {
namespace {

uint32_t V4(const char* text) {
  return Address::Parse(text)->v4();
}

TEST(GeoTest, TheLongestPrefixKnowsBest) {
  const GeoTable geo = std::move(GeoTable::Parse("prefix,country,asn\n"
                                                 "10.0.0.0/8,NA,64500\n"
                                                 "10.1.0.0/16,ZA,64501  # inside\n"
                                                 "10.1.2.3/32,NA,AS64502\n"
                                                 "11.0.0.0/8,,64503\n",
                                                 "geo.csv"))
                           .value();
  EXPECT_EQ(geo.Find(V4("10.0.0.1")).country, "NA");
  EXPECT_EQ(geo.Find(V4("10.1.2.2")).country, "ZA");
  EXPECT_EQ(geo.Find(V4("10.1.2.3")).asn, 64502U);
  EXPECT_EQ(geo.Find(V4("10.1.2.4")).asn, 64501U);
  EXPECT_EQ(geo.Find(V4("10.255.255.255")).country, "NA");
  EXPECT_EQ(geo.Find(V4("11.0.0.0")).country, "");
  EXPECT_EQ(geo.Find(V4("11.0.0.0")).asn, 64503U);
  EXPECT_EQ(geo.Find(V4("12.0.0.0")).asn, 0U);
  EXPECT_EQ(geo.Country("NA").size(), (1U << 24) - (1U << 16) + 1);
  EXPECT_EQ(Join(geo.Countries(), " "), "NA ZA");
}

TEST(GeoTest, NamesFileAndLineOfWhatItCannotRead) {
  auto message = [](std::string_view csv) {
    return GeoTable::Parse(csv, "g.csv").status().message();
  };
  EXPECT_EQ(message("1.0.0.0/8,NA,1\n1.0.0.0/33,NA,1\n"),
            "g.csv:2: '1.0.0.0/33': prefix length must be 0 to 32");
  EXPECT_EQ(message("1.0.0.0/8,NAM,1\n"), "g.csv:1: 'NAM' is not a two-letter country");
  EXPECT_EQ(message("1.0.0.0/8,NA,x\n"), "g.csv:1: 'x' is not an AS number");
  EXPECT_EQ(message("1.0.0.0/8\n"), "g.csv:1: expected prefix,country,asn");
  EXPECT_EQ(message("1.0.0.0-1.0.0.9,NA,1\n1.0.0.5-1.0.0.20,ZA,1\n"),
            "g.csv:2: overlaps line 1 without lying inside it");
  EXPECT_EQ(message("\n# nothing\n"), "g.csv: no prefixes in it");
}

TEST(TargetsTest, ReadsListsWithCommentsAndNamesBadLines) {
  const TargetWords words = *ParseTargetWords(
      "# mine\n1.2.3.4, 1.2.3.5\n\n10.0.0.0/30 # four\nWWW.Example.org. fd00::7 fd00::/126\n", "t");
  const RangeSet& set = words.v4;
  EXPECT_EQ(set.size(), 6U);
  EXPECT_EQ(words.names, std::vector<std::string>{"www.example.org"});
  EXPECT_EQ(words.v6.size(), 5U);
  EXPECT_EQ(ParseTargetWords("1.2.3.4\nexample\n", "t.txt").status().message(),
            "t.txt:2: 'example': not an IP address, prefix or range");
  EXPECT_EQ(ReadTargetWords("10.0.0.0/40").status().code(), StatusCode::kInvalidInput);
  EXPECT_NE(ReadTargetWords("no-such-file").status().message().find("No such file"),
            std::string::npos);
  EXPECT_FALSE(ReadAddresses("www.example.org").ok());
}

TEST(TargetsTest, AnIPv6PrefixIsAListOrNothing) {
  EXPECT_EQ(ReadTargetWords("2001:db8::/120")->v6.size(), 256U);
  EXPECT_EQ(ReadTargetWords("fd00::fff0-fd00::ffff")->v6.size(), 16U);
  for (const char* v6 : {"2001:db8::/64", "fd00::/119", "fd00::ff00-fd00::1:0", "::/0"}) {
    EXPECT_NE(ReadTargetWords(v6).status().message().find("IPv6 cannot be swept"),
              std::string::npos)
        << v6;
  }
  EXPECT_EQ(ReadAddresses("2001:db8::/32")->v6().size(), 1U);
}

TEST(TargetsTest, TellNamesFromAddressesMistyped) {
  for (const char* name : {"a.b", "example.org", "x-1.example.org.", "_dmarc.example.org"}) {
    EXPECT_TRUE(IsHostName(name)) << name;
  }
  for (const char* other :
       {"", "localhost", "1.2.3.400", "1.2.3", "a..b", "-a.b", "a_b", "a b.c"}) {
    EXPECT_FALSE(IsHostName(other)) << other;
  }
}

PlanOptions Loopback(uint64_t seed = 5) {
  PlanOptions options;
  options.sources = RangeSet({*ParseRange("127.1.0.0/16")});
  options.exclusions = *SpecialExclusions(RangeSet({*ParseRange("127.0.0.0/8")}));
  options.seed = seed;
  return options;
}

TEST(PlanTest, ExcludesSpecialRangesUnlessNamed) {
  PlanOptions options = Loopback();
  EXPECT_EQ(MakePlan(options)->run.planned(), 65536U);
  options.exclusions = *SpecialExclusions(RangeSet());
  const Result<Plan> nothing = MakePlan(options);
  ASSERT_FALSE(nothing.ok());
  EXPECT_EQ(nothing.status().code(), StatusCode::kInvalidInput);
  EXPECT_NE(nothing.status().message().find("--allow_special"), std::string::npos);
}

TEST(PlanTest, JobsTileThePlan) {
  for (const uint16_t gate : {uint16_t{25}, uint16_t{0}}) {
    PlanOptions options = Loopback();
    options.gate_port = gate;
    const Plan plan = *MakePlan(options);
    uint64_t next = 0;
    std::set<uint32_t> ids;
    for (const proto::JobRow& job : FirstJobs(plan.run)) {
      EXPECT_EQ(job.base(), next);
      EXPECT_EQ(job.cursor(), job.base());
      next = job.end();
      EXPECT_TRUE(ids.insert(job.id()).second);
    }
    EXPECT_EQ(next, plan.run.planned());
  }
}

TEST(RunRegistryTest, TheSameCommandFindsItsRunAgain) {
  const auto store = std::move(Store::OpenInMemory()).value();
  const OpenedRun first = *OpenRun(*store, *MakePlan(Loopback(1)), "", 0);
  EXPECT_FALSE(first.resumed);
  EXPECT_EQ(first.run.name(), "list-19700101");
  const OpenedRun again = *OpenRun(*store, *MakePlan(Loopback(2)), "", 86'400'000);
  EXPECT_TRUE(again.resumed);
  EXPECT_EQ(again.run.seed(), 1U);  // the order of the first start
  EXPECT_EQ(store->Jobs(first.run.id())->size(), FirstJobs(first.run).size());
}

TEST(RunRegistryTest, ANameMeansOnePlan) {
  const auto store = std::move(Store::OpenInMemory()).value();
  ASSERT_TRUE(OpenRun(*store, *MakePlan(Loopback()), "mine", 0).ok());
  PlanOptions other = Loopback();
  other.ports = {22};
  const auto clash = OpenRun(*store, *MakePlan(other), "mine", 0);
  ASSERT_FALSE(clash.ok());
  EXPECT_EQ(clash.status().code(), StatusCode::kInvalidInput);
  EXPECT_FALSE(OpenRun(*store, *MakePlan(other), "a/b", 0).ok());
}

std::vector<Plan> TwoCountries() {
  PlanOptions ie = Loopback(), ee = Loopback();
  ie.country = "IE";
  ee.country = "EE";
  ee.sources = RangeSet({Range{0x7f090000, 0x7f0900ff}});
  return {*MakePlan(ie), *MakePlan(ee)};
}

void Finish(Store& store, proto::RunRow run) {
  run.set_state(proto::RunRow::DONE);
  const std::unique_ptr<StoreWrite> write = store.NewWrite();
  write->PutRun(run);
  ASSERT_TRUE(store.Commit(*write, false).ok());
}

std::vector<std::string> NamesOf(const std::vector<OpenedRun>& opened) {
  std::vector<std::string> names;
  for (const OpenedRun& run : opened) names.push_back(run.run.name() + (run.resumed ? "+" : ""));
  return names;
}

TEST(RunRegistryTest, ACommandOfSeveralCountriesDoesNotSurveyAFinishedOneAgain) {
  const auto store = std::move(Store::OpenInMemory()).value();
  using Names = std::vector<std::string>;
  const std::vector<OpenedRun> first = *OpenRuns(*store, TwoCountries(), "", 0);
  EXPECT_EQ(NamesOf(first), (Names{"IE-19700101", "EE-19700101"}));
  Finish(*store, first[0].run);
  EXPECT_EQ(NamesOf(*OpenRuns(*store, TwoCountries(), "", 86'400'000)),
            (Names{"IE-19700101+", "EE-19700101+"}));
  Finish(*store, first[1].run);  // all is done: the next time is another survey
  EXPECT_EQ(NamesOf(*OpenRuns(*store, TwoCountries(), "", 86'400'000)),
            (Names{"IE-19700102", "EE-19700102"}));
}

TEST(RunRegistryTest, ARunThatWasMadeAloneJoinsThoseOfTheCommandThatGoesOnWithIt) {
  const auto store = std::move(Store::OpenInMemory()).value();
  ASSERT_TRUE(OpenRun(*store, TwoCountries()[1], "mine", 0).ok());
  const std::vector<OpenedRun> first = *OpenRuns(*store, TwoCountries(), "", 0);
  EXPECT_FALSE(first[0].resumed);
  EXPECT_EQ(first[1].run.name(), "mine");
  Finish(*store, first[1].run);
  EXPECT_EQ(OpenRuns(*store, TwoCountries(), "", 0)->at(1).run.name(), "mine");
}

TEST(RunRegistryTest, ANameIsThatOfTheSurveyAndItsRunsAreNamedByCountry) {
  const auto store = std::move(Store::OpenInMemory()).value();
  using Names = std::vector<std::string>;
  const std::vector<OpenedRun> first = *OpenRuns(*store, TwoCountries(), "spring", 0);
  EXPECT_EQ(NamesOf(first), (Names{"spring-IE", "spring-EE"}));
  Finish(*store, first[0].run);
  EXPECT_EQ(NamesOf(*OpenRuns(*store, TwoCountries(), "spring", 0)),
            (Names{"spring-IE+", "spring-EE+"}));
  std::vector<Plan> others = TwoCountries();
  others[1].run.set_plan_hash("other ports");
  EXPECT_EQ(OpenRuns(*store, others, "spring", 0).status().code(), StatusCode::kInvalidInput);
  EXPECT_EQ(store->Runs()->size(), 2U);
}

}  // namespace
}  // namespace hark

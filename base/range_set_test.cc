#include "base/range_set.h"

#include <gtest/gtest.h>

#include <set>

#include "base/address.h"
#include "base/random.h"
#include "base/special_ranges.h"

namespace hark {
namespace {

RangeSet Parse(std::initializer_list<const char*> texts) {
  std::vector<Range> ranges;
  for (const char* text : texts) {
    Result<Range> range = ParseRange(text);
    EXPECT_TRUE(range.ok()) << text;
    ranges.push_back(*range);
  }
  return RangeSet(std::move(ranges));
}

TEST(RangeSetTest, MergesOverlapsAndNeighbours) {
  const RangeSet set = Parse({"10.0.1.0/24", "10.0.0.0/24", "10.0.0.128-10.0.2.7"});
  ASSERT_EQ(set.ranges().size(), 1U);
  EXPECT_EQ(set.size(), 256U + 256U + 8U);
}

TEST(RangeSetTest, HoldsTheWholeInternetWithoutOverflow) {
  const RangeSet all = Parse({"0.0.0.0/0"});
  EXPECT_EQ(all.size(), uint64_t{1} << 32);
  EXPECT_EQ(all.At(all.size() - 1), 0xffffffffU);
  EXPECT_EQ(all.Rank(0xffffffffU), all.size() - 1);
  EXPECT_TRUE(all.Minus(all).empty());
}

TEST(RangeSetTest, SaysWhatIsWrongWithAPrefix) {
  EXPECT_EQ(ParseRange("10.0.0.1/8").status().message(),
            "host bits are set; did you mean 10.0.0.0/8?");
  EXPECT_FALSE(ParseRange("10.0.0.0/33").ok());
  EXPECT_FALSE(ParseRange("10.0.0/8").ok());
  EXPECT_FALSE(ParseRange("10.0.0.9-10.0.0.1").ok());
  EXPECT_FALSE(ParseRange("").ok());
  EXPECT_FALSE(ParseRange("::1").ok());
}

TEST(RangeSetTest, AgreesWithANaiveSetOfAddresses) {
  Random random(7);
  for (int round = 0; round < 200; ++round) {
    std::set<uint32_t> naive_a, naive_b;
    auto make = [&](std::set<uint32_t>& naive) {
      std::vector<Range> ranges;
      for (uint64_t i = random.Below(8); i > 0; --i) {
        const auto first = static_cast<uint32_t>(random.Below(200));
        const auto last = first + static_cast<uint32_t>(random.Below(20));
        ranges.push_back({first, last});
        for (uint32_t a = first; a <= last; ++a) naive.insert(a);
      }
      return RangeSet(std::move(ranges));
    };
    const RangeSet a = make(naive_a);
    const RangeSet b = make(naive_b);
    const RangeSet minus = a.Minus(b), both = a.Intersect(b), either = a.Union(b);
    uint64_t rank = 0;
    for (uint32_t x = 0; x < 230; ++x) {
      EXPECT_EQ(a.Contains(x), naive_a.count(x) == 1);
      EXPECT_EQ(minus.Contains(x), naive_a.count(x) == 1 && naive_b.count(x) == 0);
      EXPECT_EQ(both.Contains(x), naive_a.count(x) == 1 && naive_b.count(x) == 1);
      EXPECT_EQ(either.Contains(x), naive_a.count(x) + naive_b.count(x) > 0);
      if (a.Contains(x)) {
        EXPECT_EQ(a.Rank(x), rank);
        EXPECT_EQ(a.At(rank++), x);
      }
    }
    EXPECT_EQ(a.size(), naive_a.size());
    EXPECT_EQ(RangeSet::Decode(a.Encode())->ranges(), a.ranges());
  }
}

TEST(RangeSetTest, DecodeRefusesWhatEncodeDoesNotMake) {
  const std::string two = Parse({"1.0.0.0", "3.0.0.0"}).Encode();
  EXPECT_FALSE(RangeSet::Decode(two.substr(1)));
  EXPECT_FALSE(RangeSet::Decode(two.substr(8) + two.substr(0, 8)));
  EXPECT_FALSE(RangeSet::Decode(two.substr(0, 8) + two.substr(0, 8)));
}

TEST(SpecialRangesTest, BlocksTheBenchmarkRangeAndNotItsTypo) {
  const RangeSet blocked = *SpecialExclusions(RangeSet());
  EXPECT_TRUE(blocked.Contains(Address::Parse("198.18.0.1")->v4()));
  EXPECT_TRUE(blocked.Contains(Address::Parse("198.19.255.255")->v4()));
  EXPECT_FALSE(blocked.Contains(Address::Parse("192.18.0.1")->v4()));
  EXPECT_FALSE(blocked.Contains(Address::Parse("8.8.8.8")->v4()));
}

TEST(SpecialRangesTest, OpensOnlyWhatIsNamedAndNeverMulticast) {
  const RangeSet blocked = *SpecialExclusions(Parse({"127.0.0.0/9"}));
  EXPECT_FALSE(blocked.Contains(Address::Parse("127.5.6.7")->v4()));
  EXPECT_TRUE(blocked.Contains(Address::Parse("127.128.0.0")->v4()));
  EXPECT_TRUE(blocked.Contains(Address::Parse("10.0.0.1")->v4()));
  EXPECT_FALSE(SpecialExclusions(Parse({"224.0.0.0/8"})).ok());
  EXPECT_FALSE(SpecialExclusions(Parse({"0.0.0.0/0"})).ok());
}

TEST(SpecialRangesTest, TellGlobalAddressesOfBothFamilies) {
  for (const char* global : {"1.1.1.1", "5.6.7.8", "2a00::1", "2001:4860::1", "3ffe::1"}) {
    EXPECT_TRUE(IsGlobalAddress(*Address::Parse(global))) << global;
  }
  for (const char* other : {"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "::1",
                            "fd00::1", "ff02::1", "4000::1", "2001::1", "2001:db8::1",
                            "2002:808:808::1", "3fff::1", "::ffff:8.8.8.8", "64:ff9b::808:808"}) {
    EXPECT_FALSE(IsGlobalAddress(*Address::Parse(other))) << other;
  }
}

TEST(SpecialRangesTest, NeverOpenIpv4InDisguise) {
  for (const char* hidden : {"::", "::7f00:1", "::ffff:127.0.0.1", "64:ff9b::7f00:1",
                             "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "ff02::1"}) {
    EXPECT_TRUE(IsNeverOpenable6(*Address::Parse(hidden))) << hidden;
  }
  for (const char* other : {"::1", "fe80::1", "fd00::1", "2001:db8::1", "2600::1", "127.0.0.1"}) {
    EXPECT_FALSE(IsNeverOpenable6(*Address::Parse(other))) << other;
  }
}

}  // namespace
}  // namespace hark

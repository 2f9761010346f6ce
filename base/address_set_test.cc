#include "base/address_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "base/special_ranges.h"

namespace hark {
namespace {

Address At(std::string_view text) {
  return *Address::Parse(text);
}

AddressSet Set(std::initializer_list<std::string_view> texts) {
  std::vector<AddressSpan> spans;
  for (const std::string_view text : texts) spans.push_back(*ParseSpan(text));
  return AddressSet(spans);
}

TEST(AddressSetTest, ReadsBothFamiliesInEveryForm) {
  EXPECT_EQ(*ParseSpan("192.0.2.0/30"), (AddressSpan{At("192.0.2.0"), At("192.0.2.3")}));
  EXPECT_EQ(*ParseSpan("2001:db8::/120"), (AddressSpan{At("2001:db8::"), At("2001:db8::ff")}));
  EXPECT_EQ(*ParseSpan("2001:db8::7"), (AddressSpan{At("2001:db8::7"), At("2001:db8::7")}));
  EXPECT_EQ(*ParseSpan("::/0"),
            (AddressSpan{At("::"), At("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")}));
  EXPECT_EQ(*ParseSpan("fd00::1-fd00::9"), (AddressSpan{At("fd00::1"), At("fd00::9")}));
}

TEST(AddressSetTest, SaysWhatIsWrongWithASpan) {
  EXPECT_EQ(ParseSpan("2001:db8::1/64").status().message(),
            "host bits are set; did you mean 2001:db8::/64?");
  EXPECT_EQ(ParseSpan("fd00::/129").status().message(), "prefix length must be 0 to 128");
  EXPECT_EQ(ParseSpan("fd00::9-fd00::1").status().message(), "the range ends before it begins");
  EXPECT_FALSE(ParseSpan("fd00::1-192.0.2.1").ok());
  EXPECT_FALSE(ParseSpan("example.org").ok());
  EXPECT_FALSE(ParseSpan("").ok());
}

TEST(AddressSetTest, JoinsWhatTouchesUpToTheEndOfTheSpace) {
  const AddressSet set = Set({"fd00::1", "fd00::2-fd00::5", "fd00::4-fd00::8", "fd00::10"});
  ASSERT_EQ(set.v6().size(), 2U);
  EXPECT_EQ(set.v6()[0], *ParseSpan("fd00::1-fd00::8"));
  const AddressSet all = Set({"8000::/1", "::/1"});
  ASSERT_EQ(all.v6().size(), 1U);
  EXPECT_TRUE(all.Contains(At("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")));
  EXPECT_TRUE(Set({"::/0"}).Minus(all).empty());
}

TEST(AddressSetTest, AMappedAddressIsTheOneItHolds) {
  EXPECT_TRUE(Set({"192.0.2.0/24"}).Contains(At("::ffff:192.0.2.7")));
  EXPECT_FALSE(Set({"192.0.2.0/24"}).Contains(At("::ffff:192.0.3.7")));
}

TEST(AddressSetTest, SurvivesItsEncodingAndNothingElseDoes) {
  const AddressSet set = Set({"192.0.2.0/24", "198.51.100.7", "fd00::/64", "fd01::5"});
  const std::vector<std::string> pieces = set.Encode();
  ASSERT_EQ(pieces.size(), 4U);
  EXPECT_EQ(pieces[0].size(), 8U);
  EXPECT_EQ(pieces[3].size(), 32U);
  EXPECT_EQ(*AddressSet::Decode(pieces), set);
  EXPECT_FALSE(AddressSet::Decode(std::vector<std::string>{"short"}).ok());
  EXPECT_FALSE(AddressSet::Decode(std::vector<std::string>{pieces[0], pieces[0]}).ok());
  std::string turned = pieces[3].substr(16) + std::string(16, '\0');
  EXPECT_FALSE(AddressSet::Decode(std::vector<std::string>{turned}).ok());
}

// The last byte of fd00:: as a universe of 256, so that sets can be compared element by element.
std::string Text(int n) {
  char text[16];
  std::snprintf(text, sizeof text, "fd00::%x", static_cast<unsigned>(n));
  return text;
}

std::pair<AddressSet, std::set<int>> RandomSet(std::mt19937_64& random) {
  std::vector<AddressSpan> spans;
  std::set<int> members;
  const int count = static_cast<int>(random() % 8);
  for (int i = 0; i < count; ++i) {
    const int first = static_cast<int>(random() % 256);
    const int last = std::min(255, first + static_cast<int>(random() % 32));
    spans.push_back({At(Text(first)), At(Text(last))});
    for (int n = first; n <= last; ++n) members.insert(n);
  }
  return {AddressSet(spans), members};
}

TEST(AddressSetTest, AgreesWithASetOfNumbersWhateverIsDoneToIt) {
  std::mt19937_64 random(20261122);
  for (int round = 0; round < 2000; ++round) {
    const auto [a, in_a] = RandomSet(random);
    const auto [b, in_b] = RandomSet(random);
    const AddressSet both = a.Union(b), rest = a.Minus(b);
    for (int n = 0; n < 256; ++n) {
      const Address address = At(Text(n));
      ASSERT_EQ(a.Contains(address), in_a.contains(n));
      ASSERT_EQ(both.Contains(address), in_a.contains(n) || in_b.contains(n));
      ASSERT_EQ(rest.Contains(address), in_a.contains(n) && !in_b.contains(n));
    }
    ASSERT_EQ(*AddressSet::Decode(rest.Encode()), rest);
  }
}

TEST(SpecialRanges6Test, OnlyGlobalUnicastIsOpenUnlessNamed) {
  const AddressSet closed = *SpecialExclusionsOf(AddressSet());
  for (const char* text : {"::1", "fe80::1", "fd00::1", "2001:db8::1", "2001:0:1::", "2002::1",
                           "3fff::1", "ff02::1", "64:ff9b::1", "5f00::1", "100::1", "10.0.0.1"}) {
    EXPECT_TRUE(closed.Contains(At(text))) << text;
    EXPECT_FALSE(IsGlobalAddress(At(text))) << text;
  }
  for (const char* text : {"2001:200::1", "2a00::1", "2606:4700::1111", "192.18.0.1", "9.9.9.9"}) {
    EXPECT_FALSE(closed.Contains(At(text))) << text;
    EXPECT_TRUE(IsGlobalAddress(At(text))) << text;
  }
  const AddressSet opened = *SpecialExclusionsOf(Set({"fd00::/8", "::1", "10.0.0.0/8"}));
  EXPECT_FALSE(opened.Contains(At("fd00::1")));
  EXPECT_FALSE(opened.Contains(At("::1")));
  EXPECT_FALSE(opened.Contains(At("10.1.2.3")));
  EXPECT_TRUE(opened.Contains(At("fe80::1")));
}

TEST(SpecialRanges6Test, SomeCanNeverBeOpened) {
  for (const char* text : {"ff00::/8", "::", "::ffff:0:0/96", "2002:c000:201::/48", "::/0",
                           "0.0.0.0/8", "224.0.0.0/4", "255.255.255.255"}) {
    EXPECT_FALSE(SpecialExclusionsOf(Set({text})).ok()) << text;
  }
}

}  // namespace
}  // namespace hark

#include "base/as_table.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace hark {
namespace {

AsTable TableOf(std::vector<AsSpan> spans) {
  auto table = AsTable::Make(std::move(spans));
  EXPECT_TRUE(table.ok());
  return table.ok() ? *table : AsTable();
}

TEST(AsTables, FindTheAsOfAnAddressAndNoneBetweenSpans) {
  const AsTable table = TableOf({{100, 199, 7}, {300, 300, 8}, {0xffffff00, 0xffffffff, 9}});
  EXPECT_FALSE(table.Find(99));
  EXPECT_EQ(table.Find(100), 7U);
  EXPECT_EQ(table.Find(199), 7U);
  EXPECT_FALSE(table.Find(200));
  EXPECT_EQ(table.Find(300), 8U);
  EXPECT_EQ(table.Find(Address::V4(0xffffffff)), 9U);
  EXPECT_FALSE(table.Find(*Address::Parse("::ffff:0:64")));
  EXPECT_FALSE(AsTable().Find(uint32_t{0}));
}

TEST(AsTables, OfAnyOrderAreSortedAndWhatTouchesInOneAsIsJoined) {
  const AsTable table = TableOf({{20, 29, 5}, {0, 9, 5}, {10, 19, 5}, {30, 39, 6}});
  EXPECT_EQ(table.spans(), (std::vector<AsSpan>{{0, 29, 5}, {30, 39, 6}}));
}

TEST(AsTables, RefuseOverlapsSpansTurnedRoundAndAsZero) {
  EXPECT_FALSE(AsTable::Make({{0, 10, 1}, {10, 20, 2}}).ok());
  EXPECT_FALSE(AsTable::Make({{10, 9, 1}}).ok());
  EXPECT_FALSE(AsTable::Make({{10, 11, 0}}).ok());
}

TEST(AsTables, ReadBackWhatTheyWrite) {
  Random random(4);
  std::vector<AsSpan> spans;
  uint64_t at = 0;
  while (at < 0xff000000) {
    const auto first = static_cast<uint32_t>(at + random.Below(2000000));
    const auto last = static_cast<uint32_t>(first + random.Below(1000000));
    spans.push_back({first, last, static_cast<uint32_t>(1 + random.Below(5))});
    at = uint64_t{last} + 1;
  }
  const AsTable table = TableOf(spans);
  const auto back = AsTable::Decode(table.Encode());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->spans(), table.spans());
  for (const AsSpan& span : spans) EXPECT_EQ(back->Find(span.first), span.asn);
}

TEST(AsTables, DecodeRefusesWhatEncodeDoesNotWrite) {
  const auto encoded = [](uint32_t first, uint32_t last, uint32_t asn) {
    std::string out;
    for (const uint32_t value : {first, last, asn}) {
      for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
    }
    return out;
  };
  EXPECT_TRUE(AsTable::Decode(""));
  EXPECT_TRUE(AsTable::Decode(encoded(1, 2, 3)));
  EXPECT_FALSE(AsTable::Decode(encoded(1, 2, 3).substr(1)));
  EXPECT_FALSE(AsTable::Decode(encoded(1, 2, 0)));
  EXPECT_FALSE(AsTable::Decode(encoded(2, 1, 3)));
  EXPECT_FALSE(AsTable::Decode(encoded(1, 2, 3) + encoded(2, 4, 5)));
  EXPECT_FALSE(AsTable::Decode(encoded(5, 6, 3) + encoded(1, 2, 5)));
  EXPECT_FALSE(AsTable::Decode(encoded(1, 2, 3) + encoded(3, 4, 3)));
  EXPECT_TRUE(AsTable::Decode(encoded(1, 2, 3) + encoded(3, 4, 5)));
}

TEST(AsTables, AreNotReadBeyondTheirLimit) {
  std::string bytes;
  for (uint32_t i = 0; i <= AsTable::kMaxSpans; ++i) {
    for (const uint32_t value : {2 * i, 2 * i, 1 + i % 2}) {
      for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
    }
  }
  EXPECT_FALSE(AsTable::Decode(bytes));
  bytes.resize(bytes.size() - AsTable::kSpanBytes);
  EXPECT_TRUE(AsTable::Decode(bytes));
}

}  // namespace
}  // namespace hark

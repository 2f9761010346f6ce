#include "analysis/host_table.h"

#include <gtest/gtest.h>

#include <set>

#include "base/random.h"

namespace hark {
namespace {

// In clumps, as addresses of a country are.
std::set<uint32_t> Clumps() {
  Random random(3);
  std::set<uint32_t> out = {0, UINT32_MAX};
  for (int clump = 0; clump < 20; ++clump) {
    const auto from = static_cast<uint32_t>(random.Next());
    for (uint32_t i = 0; i < 300; ++i) out.insert(from + static_cast<uint32_t>(random.Below(700)));
  }
  return out;
}

HostTable TableOf(const std::set<uint32_t>& addresses, bool complete) {
  HostTable table;
  for (const uint32_t address : addresses) {
    EXPECT_TRUE(table.Add(Address::V4(address), proto::HostRow()).ok());
  }
  if (complete) table.Complete();
  return table;
}

TEST(HostTableTest, FindsEveryHostAndNobodyElse) {
  const std::set<uint32_t> addresses = Clumps();
  for (const bool complete : {false, true}) {
    const HostTable table = TableOf(addresses, complete);
    ASSERT_EQ(table.size(), addresses.size());
    for (uint32_t host = 0; host < table.size(); ++host) {
      ASSERT_EQ(table.Find(table.address(host)), std::optional<uint32_t>(host));
      const uint32_t next = table.address(host).v4() + 1;
      ASSERT_EQ(table.Find(Address::V4(next)).has_value(), addresses.count(next) == 1);
    }
  }
}

TEST(HostTableTest, LooksForNobodyOutsideOfWhatItHas) {
  const HostTable table = TableOf({1000, 1001, 2000}, true);
  for (const uint32_t other : {0U, 999U, 1002U, 1999U, 2001U, UINT32_MAX}) {
    EXPECT_EQ(table.Find(Address::V4(other)), std::nullopt) << other;
  }
  EXPECT_EQ(TableOf({}, true).Find(Address::V4(7)), std::nullopt);
  EXPECT_EQ(TableOf({7}, true).Find(Address::V4(7)), std::optional<uint32_t>(0));
}

TEST(HostTableTest, HostsOfBothFamiliesHaveNumbersInTheirOrder) {
  HostTable table;
  ASSERT_TRUE(table.Add(Address::V4(5), proto::HostRow()).ok());
  ASSERT_TRUE(table.Add(*Address::Parse("2001:db8::1"), proto::HostRow()).ok());
  table.Complete();
  EXPECT_EQ(table.Find(*Address::Parse("2001:db8::1")), std::optional<uint32_t>(1));
  EXPECT_EQ(table.Find(*Address::Parse("2001:db8::2")), std::nullopt);
  EXPECT_EQ(table.Find(Address::V4(5)), std::optional<uint32_t>(0));
}

}  // namespace
}  // namespace hark

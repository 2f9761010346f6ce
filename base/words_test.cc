#include <gtest/gtest.h>

#include "base/as_table.h"
#include "base/block_count.h"
#include "base/distinct.h"
#include "base/host_port.h"
#include "base/strings.h"

namespace hark {
namespace {

TEST(HostPorts, AreAddressesNotNames) {
  EXPECT_EQ(ParseHostPort("192.0.2.1:25")->port, 25);
  EXPECT_EQ(ParseHostPort("[2001:db8::1]:25")->address, *Address::Parse("2001:db8::1"));
  for (const char* text : {"", "192.0.2.1", "mail.example:25", "192.0.2.1:0", "192.0.2.1:65536",
                           "2001:db8::1:25", "[192.0.2.1]:25", ":25", "192.0.2.1:"}) {
    EXPECT_FALSE(ParseHostPort(text).ok()) << text;
  }
}

TEST(AsNumbers, HaveTheirLettersOrNot) {
  EXPECT_EQ(ParseAsn("64496"), 64496U);
  EXPECT_EQ(ParseAsn("AS64496"), 64496U);
  EXPECT_EQ(ParseAsn("as4294967295"), 4294967295U);
  EXPECT_EQ(ParseAsn("0"), 0U);
  for (const char* text : {"", "-", "AS", "A64496", "4294967296", "64496 ", "AS-1", "ASAS1"}) {
    EXPECT_EQ(ParseAsn(text), std::nullopt) << text;
  }
}

TEST(LetterCase, IsOfAsciiLettersOnly) {
  EXPECT_EQ(AsciiLower("Mail.EXAMPLE-[@`{9\xc4"), "mail.example-[@`{9\xc4");
  EXPECT_EQ(AsciiUpper("Mail.EXAMPLE-[@`{9\xe4"), "MAIL.EXAMPLE-[@`{9\xe4");
  EXPECT_TRUE(EqualsIgnoreCase("Dublin", "dUBLIN"));
  EXPECT_FALSE(EqualsIgnoreCase("Dublin", "Dubli"));
  EXPECT_FALSE(EqualsIgnoreCase("[", "{"));  // 0x20 apart, as letters of two cases are
}

TEST(DistinctValues, AreSortedAndEachThereOnce) {
  EXPECT_EQ(Distinct(std::vector<int>{3, 1, 3, 2, 1}), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(Distinct(std::vector<int>{}), std::vector<int>{});
}

TEST(Blocks, AreNamedByTheirPrefix) {
  EXPECT_EQ(Block16Name(0xc000), "192.0.0.0/16");
}

}  // namespace
}  // namespace hark

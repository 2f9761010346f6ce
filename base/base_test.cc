#include <gtest/gtest.h>

#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/random.h"
#include "base/strings.h"
#include "base/token_bucket.h"

namespace hark {
namespace {

using std::chrono::milliseconds;

TEST(AddressTest, RoundTripsTextBytesAndSortKeys) {
  for (const char* text : {"0.0.0.0", "127.1.2.3", "255.255.255.255", "::", "2001:db8::1"}) {
    const Address address = *Address::Parse(text);
    EXPECT_EQ(address.ToString(), text);
    EXPECT_EQ(*Address::FromBytes(address.bytes()), address);
    EXPECT_EQ(*Address::FromSortKey(address.SortKey()), address);
  }
}

TEST(AddressTest, RefusesNamesPortsAndLeadingZeros) {
  for (const char* text :
       {"", "1.2.3", "1.2.3.4:25", "01.2.3.4", "host", "1.2.3.4 ", "1.2.3.256"}) {
    EXPECT_FALSE(Address::Parse(text)) << text;
  }
}

TEST(AddressTest, SortKeysOrderAsAddressesDo) {
  const std::vector<Address> sorted = {*Address::Parse("9.255.0.0"), *Address::Parse("10.0.0.0"),
                                       *Address::Parse("::1"), *Address::Parse("2001::")};
  for (size_t i = 1; i < sorted.size(); ++i) {
    EXPECT_LT(sorted[i - 1], sorted[i]);
    EXPECT_LT(sorted[i - 1].SortKey(), sorted[i].SortKey());
  }
}

TEST(ByteReaderTest, FailsOnceAndStaysFailed) {
  ByteReader in(
      std::string_view("\x00\x00\x00\x05"
                       "abc",
                       7));
  EXPECT_EQ(in.String32(100), "");
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.U8(), 0);
  EXPECT_FALSE(in.ok());
}

TEST(ByteWriterTest, WritesMpintsAsRfc4251Section5Shows) {
  auto mpint = [](std::string_view magnitude) {
    ByteWriter out;
    out.Mpint(magnitude);
    return HexEncode(out.str());
  };
  EXPECT_EQ(mpint(std::string_view("\0", 1)), "00000000");
  EXPECT_EQ(mpint("\x09\xa3\x78\xf9\xb2\xe3\x32\xa7"), "0000000809a378f9b2e332a7");
  EXPECT_EQ(mpint("\x80"), "000000020080");
}

TEST(Crc32cTest, MatchesThePublishedCheckValue) {
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283U);
}

TEST(StringsTest, EscapesWhatATerminalCouldObey) {
  EXPECT_EQ(EscapeForDisplay("a\\b\x1b[2J\n\xff"), "a\\\\b\\x1b[2J\\x0a\\xff");
}

TEST(StringsTest, ParsesOnlyPlainNumbers) {
  EXPECT_EQ(ParseUint("18446744073709551615"), ~uint64_t{0});
  EXPECT_FALSE(ParseUint("18446744073709551616"));
  EXPECT_FALSE(ParseUint("-1"));
  EXPECT_FALSE(ParseUint(""));
  EXPECT_EQ(WithThousands(482835), "482,835");
  EXPECT_EQ(WithThousands(999), "999");
}

TEST(TokenBucketTest, NeverPassesMoreThanTheRateOverAWindow) {
  MonoTime now{};
  TokenBucket bucket(1000, now);
  int passed = 0;
  for (int ms = 0; ms < 1000; ++ms) {
    now += milliseconds(1);
    while (bucket.TryTake(1, now)) ++passed;
  }
  EXPECT_LE(passed, 1000);
  EXPECT_GE(passed, 990);
  now += std::chrono::hours(1);  // an idle hour earns only the burst
  passed = 0;
  while (bucket.TryTake(1, now)) ++passed;
  EXPECT_EQ(passed, 10);
}

TEST(TokenBucketTest, SaysWhenToComeBack) {
  MonoTime now{};
  TokenBucket bucket(2, now);
  EXPECT_FALSE(bucket.TryTake(1, now));
  const MonoTime when = bucket.WhenAvailable(1, now);
  EXPECT_TRUE(bucket.TryTake(1, when));
  bucket.SetRate(0, when);
  EXPECT_EQ(bucket.WhenAvailable(1, when), kNever);
}

}  // namespace
}  // namespace hark

#include "base/moment.h"

#include <gtest/gtest.h>

namespace hark {
namespace {

TEST(MomentTest, ReadsDatesAndTimesWithAndWithoutAnOffset) {
  EXPECT_EQ(*ParseMoment("1970-01-02"), 86'400'000);
  EXPECT_EQ(*ParseMoment("2018-03-16"), 1'521'158'400'000);
  EXPECT_EQ(*ParseMoment("2018-03-16Z"), 1'521'158'400'000);
  EXPECT_EQ(*ParseMoment("2020-02-29"), 1'582'934'400'000);
  EXPECT_EQ(*ParseMoment("2018-04-30T08:00"), 1'525'075'200'000);
  EXPECT_EQ(*ParseMoment("2018-04-30 08:00:00"), 1'525'075'200'000);
  EXPECT_EQ(*ParseMoment("2018-04-30t08:00:00z"), 1'525'075'200'000);
  EXPECT_EQ(*ParseMoment("2018-04-30T08:00:00Z"), 1'525'075'200'000);
  EXPECT_EQ(*ParseMoment("2018-04-30T10:00+02:00"), 1'525'075'200'000);
  EXPECT_EQ(*ParseMoment("2018-04-30T06:30:00-01:30"), 1'525'075'200'000);
  EXPECT_EQ(*ParseMoment("2018-04-30T08:00:00.2589Z"), 1'525'075'200'258);
  EXPECT_EQ(*ParseMoment("1969-12-31T23:59:59.5Z"), -500);
  EXPECT_EQ(*ParseMoment("2016-12-31T23:59:60Z"), *ParseMoment("2017-01-01"));
}

TEST(MomentTest, WhatIsNoneIsInvalid) {
  for (const char* wrong : {"",
                            "now",
                            "2018",
                            "2018-3-16",
                            "2018-13-01",
                            "2018-02-30",
                            "+018-03-16",
                            "2018-03-16x",
                            "2018-03-16T",
                            "2018-03-16T12",
                            "2018-03-16T12:0",
                            "2018-03-16T25:00:00Z",
                            "2018-03-16T12:60",
                            "2018-03-16T12:00:61",
                            "2018-03-16T12:00:00.Z",
                            "2018-03-16T12:00:",
                            "2018-03-16T12:00:00+1",
                            "2018-03-16T12:00:00+01:00x",
                            "2018-03-16ZZ",
                            "2018-04-30T08:00ZZ",
                            " 2018-03-16",
                            "1525075200"}) {
    EXPECT_EQ(ParseMoment(wrong).status().code(), StatusCode::kInvalidInput) << wrong;
  }
}

}  // namespace
}  // namespace hark

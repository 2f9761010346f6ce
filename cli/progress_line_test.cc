#include "cli/progress_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hark {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

RunState::Totals At(uint64_t covered) {
  RunState::Totals totals;
  totals.planned = 10'000;
  totals.covered = covered;
  return totals;
}

TEST(ProgressLineTest, TellsPaceAndTimeLeftOfThisStartOnly) {
  MonoTime now{};
  ProgressLine line(false, At(4'000), now);  // resumed
  EXPECT_EQ(line.Update(At(4'100), {}, now + seconds(1)), "");
  const std::string text = line.Update(At(5'000), {}, now + seconds(10));
  EXPECT_THAT(text, HasSubstr("50.0%"));
  EXPECT_THAT(text, HasSubstr("100/s"));
  EXPECT_THAT(text, HasSubstr("50s left"));
  EXPECT_EQ(line.End(), "");
}

TEST(ProgressLineTest, RewritesTheLineOnATerminalEverySecond) {
  MonoTime now{};
  ProgressLine line(true, At(0), now);
  EXPECT_THAT(line.Update(At(10), {}, now + seconds(1)), testing::StartsWith("\r"));
  EXPECT_EQ(line.End(), "\n");
}

TEST(ProgressLineTest, SaysHowManyThrottledHostsTheRunWaitsFor) {
  MonoTime now{};
  ProgressLine line(false, At(0), now);
  RunState::Totals totals = At(10'000);
  totals.revisits_waiting = 12;
  totals.next_revisit = now + seconds(53);
  EXPECT_THAT(line.Update(totals, {}, now + seconds(10)),
              HasSubstr("12 throttled hosts to be visited again, next in 43s"));
  EXPECT_THAT(RevisitsText(1, kNever - now), testing::EndsWith("to be visited again"));
}

TEST(ProgressLineTest, TellsSeveralRunsAsOneAndHowFarEachIs) {
  MonoTime now{};
  std::vector<RunPart> parts = {{"IE-1", At(5'000), false}, {"NA-1", At(10'000), true}};
  ProgressLine line(false, At(0), now);
  const std::string text = line.Update(SumOf(parts), {}, now + seconds(10), PartsText(parts));
  EXPECT_THAT(text, HasSubstr("75.0%"));
  EXPECT_THAT(text, HasSubstr("3s left"));
  EXPECT_THAT(text, HasSubstr("; IE-1 50.0% NA-1 done; "));
  EXPECT_EQ(PartsText({parts.front()}), "");
  parts.resize(9, parts.front());
  EXPECT_EQ(PartsText(parts), "1 of 9 runs done");
}

TEST(ProgressLineTest, WritesDurationsAsPeopleSayThem) {
  EXPECT_EQ(DurationText(seconds(9)), "9s");
  EXPECT_EQ(DurationText(seconds(75)), "1m15s");
  EXPECT_EQ(DurationText(seconds(7'260)), "2h01m");
}

}  // namespace
}  // namespace hark

#include "worker/engine/run_pacer.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"

namespace hark {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = RunPacer::Answer::Kind;

constexpr double kPlenty = 1e6;

class RunPacerTest : public ::testing::Test {
 protected:
  Kind TakeAt(uint32_t address) { return pacer_.Take(Address::V4(address), now_).kind; }
  Kind TakeText(const char* text) { return pacer_.Take(*Address::Parse(text), now_).kind; }
  void SetTable(std::vector<AsSpan> spans) {
    pacer_.SetAsTable(std::make_shared<const AsTable>(*AsTable::Make(std::move(spans))));
  }

  MonoTime now_{std::chrono::hours(1)};
  RunPacer pacer_{now_};
};

TEST_F(RunPacerTest, SendsNothingWithoutAShare) {
  EXPECT_EQ(TakeAt(1), Kind::kRunWaits);
  EXPECT_EQ(pacer_.WhenRun(0, now_), kNever);
  now_ += std::chrono::hours(1);
  EXPECT_EQ(TakeAt(1), Kind::kRunWaits);
}

TEST_F(RunPacerTest, WithoutCeilingsOfItsOwnAsksNobody) {
  pacer_.SetUnlimited(now_);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(TakeAt(1), Kind::kGo);
  EXPECT_EQ(pacer_.places(), 0U);
}

TEST_F(RunPacerTest, APrefixThatHadEnoughWaitsAndOthersGoOn) {
  pacer_.SetLimits({kPlenty, 2, 0}, now_);
  now_ += seconds(1);
  EXPECT_EQ(TakeText("192.0.2.1"), Kind::kGo);
  const auto answer = pacer_.Take(*Address::Parse("192.0.2.200"), now_);
  EXPECT_EQ(answer.kind, Kind::kPlaceWaits);
  EXPECT_EQ(TakeText("192.0.3.1"), Kind::kGo);
  // It says when, and means it.
  EXPECT_EQ(pacer_.WhenPlace(answer.place, now_), answer.when);
  now_ = answer.when - Duration(1);
  EXPECT_EQ(TakeText("192.0.2.200"), Kind::kPlaceWaits);
  now_ = answer.when;
  EXPECT_EQ(TakeText("192.0.2.200"), Kind::kGo);
}

TEST_F(RunPacerTest, PrefixesOfIPv6AreSlash48AndMappedAddressesAreIPv4) {
  pacer_.SetLimits({kPlenty, 1, 0}, now_);
  now_ += seconds(1);
  EXPECT_EQ(TakeText("2001:db8:1::1"), Kind::kGo);
  EXPECT_EQ(TakeText("2001:db8:1:ffff::2"), Kind::kPlaceWaits);
  EXPECT_EQ(TakeText("2001:db8:2::1"), Kind::kGo);
  EXPECT_EQ(TakeText("192.0.2.1"), Kind::kGo);
  EXPECT_EQ(TakeText("::ffff:192.0.2.9"), Kind::kPlaceWaits);
}

TEST_F(RunPacerTest, AnAsIsOnePlaceWhereverItsSpansAre) {
  SetTable({{100, 199, 64500}, {70000, 70100, 64500}, {200, 299, 64501}});
  pacer_.SetLimits({kPlenty, 0, 1}, now_);
  now_ += seconds(1);
  EXPECT_EQ(TakeAt(100), Kind::kGo);
  EXPECT_EQ(TakeAt(70001), Kind::kPlaceWaits);
  EXPECT_EQ(TakeAt(200), Kind::kGo);
  // Of nobody we know: no ceiling.
  for (int i = 0; i < 5; ++i) EXPECT_EQ(TakeAt(300), Kind::kGo);
}

TEST_F(RunPacerTest, WhoWaitsForOneCeilingTakesNothingFromTheOthers) {
  SetTable({{0, 255, 64500}, {256, 511, 64500}});
  pacer_.SetLimits({10, 1, 1}, now_);
  now_ += seconds(1);
  EXPECT_EQ(TakeAt(1), Kind::kGo);
  now_ += milliseconds(200);
  EXPECT_EQ(TakeAt(256), Kind::kPlaceWaits);  // its AS; its prefix and the run pay nothing
  now_ += milliseconds(801);
  EXPECT_EQ(TakeAt(256), Kind::kGo);
}

TEST_F(RunPacerTest, AHigherCeilingIsNotKeptWaitingForALowerOnesDebt) {
  pacer_.SetLimits({kPlenty, 0.001, 0}, now_);
  now_ += seconds(1);
  EXPECT_EQ(TakeAt(1), Kind::kGo);
  const uint64_t before = pacer_.changes();
  pacer_.SetLimits({kPlenty, 10, 0}, now_);
  EXPECT_NE(pacer_.changes(), before);
  const uint64_t after = pacer_.changes();
  pacer_.SetLimits({kPlenty, 10, 0}, now_);  // as every heartbeat says again
  EXPECT_EQ(pacer_.changes(), after);
  EXPECT_EQ(TakeAt(2), Kind::kPlaceWaits);
  now_ += milliseconds(101);
  EXPECT_EQ(TakeAt(2), Kind::kGo);
}

TEST_F(RunPacerTest, APauseForgetsNoCeiling) {
  pacer_.SetLimits({kPlenty, 0.1, 0}, now_);
  now_ += seconds(1);
  EXPECT_EQ(TakeAt(1), Kind::kGo);
  pacer_.SetLimits({}, now_);
  pacer_.SetLimits({kPlenty, 0.1, 0}, now_);
  now_ += seconds(5);
  EXPECT_EQ(TakeAt(1), Kind::kPlaceWaits);
}

TEST_F(RunPacerTest, PlacesWithAllTheirTokensAreForgotten) {
  pacer_.SetLimits({kPlenty, 10, 0}, now_);
  for (uint32_t i = 0; i < 200000; ++i) {
    now_ += milliseconds(1);
    ASSERT_EQ(TakeAt(i << 8), Kind::kGo);
    ASSERT_LE(pacer_.places(), 1024U);  // about 100 are in debt at any time
  }
}

TEST_F(RunPacerTest, MemoryIsBoundedAndCeilingsHoldEvenSo) {
  pacer_.SetLimits({1e9, 0.001, 0}, now_);
  uint32_t gone = 0;
  for (uint32_t i = 0; i < RunPacer::kMaxPlaces + 1000; ++i) {
    now_ += Duration(1000);
    if (TakeAt(i << 8) == Kind::kGo) ++gone;
    ASSERT_LE(pacer_.places(), RunPacer::kMaxPlaces);
  }
  EXPECT_LT(gone, RunPacer::kMaxPlaces + 1);
  EXPECT_GT(gone, RunPacer::kMaxPlaces - 2);
  // Whoever finds no place is told when to ask again, and gets in when others are out of debt.
  const auto answer = pacer_.Take(Address::V4(0xffffff00), now_);
  EXPECT_EQ(answer.kind, Kind::kPlaceWaits);
  EXPECT_GT(answer.when, now_);
  now_ += seconds(1001);
  EXPECT_EQ(TakeAt(0xffffff00), Kind::kGo);
}

// Attempts at one thing in time order; a ceiling of `rate` allows max(1, rate x 10 ms) at once.
void ExpectCeiling(const std::vector<MonoTime>& times, double rate) {
  const double burst = std::max(1.0, rate * 0.01);
  for (size_t i = 0; i < times.size(); ++i) {
    for (size_t j = i; j < times.size(); ++j) {
      const double window = std::chrono::duration<double>(times[j] - times[i]).count();
      ASSERT_LE(static_cast<double>(j - i + 1), rate * window + burst + 1e-6)
          << "attempts " << i << " to " << j << " at " << rate << " a second";
    }
  }
}

TEST_F(RunPacerTest, NoCeilingIsExceededOverAnyWindow) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    RunPacer pacer(now_);
    std::vector<AsSpan> spans;
    for (uint32_t i = 0; i < 16; ++i) spans.push_back({i << 10, (i << 10) + 1023, 1 + i % 3});
    pacer.SetAsTable(std::make_shared<const AsTable>(*AsTable::Make(spans)));
    const PaceLimits limits{50 + random.Unit() * 500, 0.5 + random.Unit() * 250,
                            0.5 + random.Unit() * 100};
    pacer.SetLimits(limits, now_);
    std::vector<MonoTime> all;
    std::map<uint32_t, std::vector<MonoTime>> by_prefix;
    std::map<uint32_t, std::vector<MonoTime>> by_as;
    for (int i = 0; i < 20000; ++i) {
      now_ += Duration(random.Below(2'000'000));
      const auto address = static_cast<uint32_t>(random.Below(16 << 10));
      if (pacer.Take(Address::V4(address), now_).kind != Kind::kGo) continue;
      all.push_back(now_);
      by_prefix[address >> 8].push_back(now_);
      by_as[1 + (address >> 10) % 3].push_back(now_);
    }
    EXPECT_GT(all.size(), 20U);
    all.resize(std::min<size_t>(all.size(), 1000));
    ExpectCeiling(all, limits.per_second);
    for (auto& [prefix, times] : by_prefix) ExpectCeiling(times, limits.per_prefix);
    for (auto& [as, times] : by_as) {
      times.resize(std::min<size_t>(times.size(), 1000));
      ExpectCeiling(times, limits.per_as);
    }
  }
}

}  // namespace
}  // namespace hark

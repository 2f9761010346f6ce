#include "coordinator/run_changes.h"

#include <gtest/gtest.h>

#include <limits>

namespace hark {
namespace {

TEST(RunChangesTest, WhatIsNotSetStaysAsItIs) {
  proto::RunSettings now;
  now.set_weight(3);
  now.set_paused(true);
  now.add_only("region=eu");
  proto::ChangeRun change;
  change.set_probes_per_second(50);
  const Result<proto::RunSettings> after = SettingsAfter(now, change);
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after->weight(), 3U);
  EXPECT_TRUE(after->paused());
  EXPECT_EQ(after->only(0), "region=eu");
  EXPECT_EQ(after->probes_per_second(), 50);
}

TEST(RunChangesTest, LimitsAndWindowsAreReplacedWhole) {
  proto::RunSettings now;
  now.add_only("region=eu");
  now.add_except("name=slow");
  now.add_windows()->set_weekdays(1);
  proto::ChangeRun change;
  change.set_set_limits(true);
  change.add_only("name=a*");
  change.set_set_windows(true);
  const proto::RunSettings after = *SettingsAfter(now, change);
  ASSERT_EQ(after.only_size(), 1);
  EXPECT_EQ(after.only(0), "name=a*");
  EXPECT_EQ(after.except_size(), 0);
  EXPECT_EQ(after.windows_size(), 0);
}

TEST(RunChangesTest, PausesResumesAndCancelsForGood) {
  proto::RunSettings settings;
  proto::ChangeRun change;
  change.set_state(proto::ChangeRun::PAUSE);
  settings = *SettingsAfter(settings, change);
  EXPECT_TRUE(settings.paused());
  change.set_state(proto::ChangeRun::RESUME);
  settings = *SettingsAfter(settings, change);
  EXPECT_FALSE(settings.paused());
  change.set_state(proto::ChangeRun::CANCEL);
  settings = *SettingsAfter(settings, change);
  EXPECT_TRUE(settings.cancelled());
  change.set_state(proto::ChangeRun::RESUME);
  EXPECT_FALSE(SettingsAfter(settings, change).ok());
  change.set_state(static_cast<proto::ChangeRun::State>(9));
  EXPECT_FALSE(SettingsAfter({}, change).ok());
}

TEST(RunChangesTest, RefusesWhatCannotBe) {
  const auto refused = [](auto edit) {
    proto::RunSettings settings;
    edit(settings);
    return CheckSettings(settings).code() == StatusCode::kInvalidInput;
  };
  EXPECT_FALSE(refused([](auto&) {}));
  EXPECT_TRUE(refused([](auto& s) { s.set_weight(1001); }));
  EXPECT_TRUE(refused([](auto& s) { s.set_probes_per_second(-1); }));
  EXPECT_TRUE(refused([](auto& s) { s.set_per_as(std::numeric_limits<double>::quiet_NaN()); }));
  EXPECT_TRUE(refused([](auto& s) { s.set_per_prefix(2e7); }));
  EXPECT_TRUE(refused([](auto& s) { s.add_only("planet=earth"); }));
  EXPECT_TRUE(refused([](auto& s) {
    for (int i = 0; i < 65; ++i) s.add_except("name=a");
  }));
  EXPECT_TRUE(refused([](auto& s) { s.add_windows()->set_weekdays(128); }));
  EXPECT_TRUE(refused([](auto& s) { s.set_audit(1.5); }));
}

}  // namespace
}  // namespace hark

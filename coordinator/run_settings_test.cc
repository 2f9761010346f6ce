#include "coordinator/run_settings.h"

#include <gtest/gtest.h>

namespace hark {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// Monday, 16 November 2026, 00:00 UTC.
constexpr int64_t kMonday = 1'794'787'200'000;

int64_t At(int day, int hour, int minute) {
  return kMonday + ((day * 24 + hour) * 60 + minute) * int64_t{60'000};
}

proto::RunSettings WithWindows(const std::vector<std::string>& windows) {
  proto::RunSettings settings;
  for (const std::string& text : windows) {
    const Result<proto::Window> window = ParseWindow(text);
    EXPECT_TRUE(window.ok()) << text;
    if (window.ok()) *settings.add_windows() = *window;
  }
  return settings;
}

TEST(RunSettingsTest, WithoutWindowsItIsNeverClosed) {
  EXPECT_EQ(ClosedFor({}, At(3, 12, 0)), std::nullopt);
  EXPECT_EQ(OpenFor({}, At(3, 12, 0)), std::nullopt);
}

TEST(RunSettingsTest, ANightBelongsToTheDayItBeginsOn) {
  const proto::RunSettings settings = WithWindows({"Mon-Fri 22:00-06:00"});
  EXPECT_EQ(ClosedFor(settings, At(0, 5, 0)), Duration(hours(17)));  // Sunday's night is none
  EXPECT_EQ(ClosedFor(settings, At(0, 23, 0)), std::nullopt);
  EXPECT_EQ(OpenFor(settings, At(0, 23, 0)), Duration(hours(7)));
  EXPECT_EQ(ClosedFor(settings, At(5, 5, 59)), std::nullopt);  // Friday's
  EXPECT_EQ(ClosedFor(settings, At(5, 6, 0)), Duration(hours(64)));
}

TEST(RunSettingsTest, AWindowOverTheEndOfTheWeekGoesOnInTheNext) {
  const proto::RunSettings settings = WithWindows({"Sun 20:00-04:00"});
  EXPECT_EQ(OpenFor(settings, At(0, 3, 0)), Duration(hours(1)));
  EXPECT_EQ(ClosedFor(settings, At(0, 4, 0)), Duration(hours(160)));
}

TEST(RunSettingsTest, DaysAloneAreWholeDaysAndHoursAloneAreEveryDay) {
  EXPECT_EQ(OpenFor(WithWindows({"Sat,Sun"}), At(5, 23, 0)), Duration(hours(1)));
  EXPECT_EQ(ClosedFor(WithWindows({"08:00-18:00"}), At(2, 18, 30)),
            Duration(minutes(13 * 60 + 30)));
  EXPECT_EQ(OpenFor(WithWindows({"18:00-24:00"}), At(2, 23, 0)), Duration(hours(1)));
}

TEST(RunSettingsTest, SecondsOfTheMinuteCount) {
  EXPECT_EQ(ClosedFor(WithWindows({"08:00-18:00"}), At(0, 7, 59) + 45'000),
            Duration(std::chrono::seconds(15)));
}

TEST(RunSettingsTest, RefusesWhatIsNoWindow) {
  for (const char* text : {"", "Mon-", "Foo", "25:00-06:00", "22:00", "22:60-23:00", "Mon 22-23",
                           "Mon 22:00-06:00 UTC"}) {
    EXPECT_FALSE(ParseWindow(text).ok()) << text;
  }
}

TEST(RunSettingsTest, AWindowReadsBackAsItWasSaid) {
  for (const char* text : {"Mon,Tue 22:00-06:00", "Sat,Sun", "08:00-18:00"}) {
    const Result<proto::Window> window = ParseWindow(text);
    ASSERT_TRUE(window.ok());
    EXPECT_NE(WindowText(*window).find(text), std::string::npos) << WindowText(*window);
  }
}

TEST(RunSettingsTest, OnlyLetsInWhoMatchesAndExceptWins) {
  proto::RunSettings settings;
  const WorkerIdentity worker{"w1", "eu-north", "Hetz"};
  EXPECT_TRUE(MayWorkOn(settings, worker));
  settings.add_only("region=EU-*");
  EXPECT_TRUE(MayWorkOn(settings, worker));
  EXPECT_FALSE(MayWorkOn(settings, {"w1", "us-east", "Hetz"}));
  settings.add_except("name=w?");
  EXPECT_FALSE(MayWorkOn(settings, worker));
  EXPECT_TRUE(MayWorkOn(settings, {"w10", "eu-north", "Hetz"}));
}

TEST(RunSettingsTest, RefusesWhatSelectsNobodyByItsForm) {
  EXPECT_TRUE(CheckSelector("provider=*cloud*").ok());
  for (const char* text : {"", "region", "region=", "colour=red", "=x"}) {
    EXPECT_FALSE(CheckSelector(text).ok()) << text;
  }
}

TEST(RunSettingsTest, ManyStarsDoNotTakeForEver) {
  proto::RunSettings settings;
  settings.add_only("name=" + std::string(60, '*') + "b");
  const std::string name(64, 'a');
  EXPECT_FALSE(MayWorkOn(settings, {name, "", ""}));
}

}  // namespace
}  // namespace hark

#include "cli/settings_flags.h"

#include <gtest/gtest.h>

namespace hark {
namespace {

// A command with these flags.
struct Command {
  SettingsWishes wishes;
  ParsedFlags parsed;

  Status Parse(const std::vector<std::string>& args) {
    FlagSet flags("test", "for the test", SettingsFlags(wishes));
    HARK_ASSIGN_OR_RETURN(parsed, flags.Parse(args));
    return Status::Ok();
  }
};

proto::RunSettings SettingsAfter(const std::vector<std::string>& args) {
  Command command;
  EXPECT_TRUE(command.Parse(args).ok());
  const Result<proto::RunSettings> settings = SettingsOf(command.wishes);
  EXPECT_TRUE(settings.ok()) << settings.status().message();
  return settings.ok() ? *settings : proto::RunSettings();
}

proto::ChangeRun ChangeAfter(const std::vector<std::string>& args, const proto::RunSettings& now) {
  Command command;
  EXPECT_TRUE(command.Parse(args).ok());
  return *ChangeOf(command.wishes, command.parsed, now);
}

TEST(SettingsFlags, AreTheSettingsOfANewRun) {
  const proto::RunSettings settings = SettingsAfter(
      {"--weight=3", "--rate=150.5", "--rate_per_24=2", "--rate_per_as=40",
       "--only=region=eu*,name=w1", "--window=Mon-Fri 22:00-06:00", "--window=Sat,Sun"});
  EXPECT_EQ(settings.weight(), 3U);
  EXPECT_EQ(settings.probes_per_second(), 150.5);
  EXPECT_EQ(settings.per_prefix(), 2);
  EXPECT_EQ(settings.per_as(), 40);
  ASSERT_EQ(settings.only_size(), 2);
  EXPECT_EQ(settings.only(1), "name=w1");
  EXPECT_EQ(settings.except_size(), 0);
  EXPECT_EQ(settings.windows_size(), 2) << "a window has commas of its own";
}

TEST(SettingsFlags, WithoutThemThereAreNoLimits) {
  const proto::RunSettings settings = SettingsAfter({});
  EXPECT_EQ(settings.weight(), 1U);
  EXPECT_EQ(settings.probes_per_second(), 0);
  EXPECT_EQ(settings.only_size() + settings.except_size() + settings.windows_size(), 0);
}

TEST(SettingsFlags, WhatNobodyCouldMeanIsRefused) {
  for (const char* arg :
       {"--weight=0", "--weight=1001", "--rate=-1", "--rate=nan", "--rate=1e9", "--only=w1",
        "--except=planet=mars", "--window=Mon 25:00-26:00", "--window=", "--only=any,name=w1"}) {
    Command command;
    const bool refused = !command.Parse({arg}).ok() || !SettingsOf(command.wishes).ok();
    EXPECT_TRUE(refused) << arg;
  }
}

TEST(SettingsFlags, AChangeHoldsOnlyWhatWasGiven) {
  proto::RunSettings now;
  now.set_weight(5);
  now.add_only("region=eu");
  now.add_except("name=w9");
  const proto::ChangeRun rate = ChangeAfter({"--rate=0"}, now);
  EXPECT_TRUE(rate.has_probes_per_second()) << "0 is a wish, too";
  EXPECT_FALSE(rate.has_weight());
  EXPECT_FALSE(rate.set_limits());
  EXPECT_FALSE(rate.set_windows());
}

TEST(SettingsFlags, OneLimitThatIsChangedLeavesTheOther) {
  proto::RunSettings now;
  now.add_only("region=eu");
  now.add_except("name=w9");
  const proto::ChangeRun change = ChangeAfter({"--except=name=w7,name=w8"}, now);
  ASSERT_TRUE(change.set_limits());
  ASSERT_EQ(change.only_size(), 1);
  EXPECT_EQ(change.only(0), "region=eu");
  EXPECT_EQ(change.except_size(), 2);
}

TEST(SettingsFlags, ThreeWordsTakeALimitAway) {
  proto::RunSettings now;
  now.add_only("region=eu");
  now.add_except("name=w9");
  now.add_windows();
  const proto::ChangeRun change =
      ChangeAfter({"--only=any", "--except=none", "--window=always"}, now);
  EXPECT_TRUE(change.set_limits());
  EXPECT_EQ(change.only_size() + change.except_size(), 0);
  EXPECT_TRUE(change.set_windows());
  EXPECT_EQ(change.windows_size(), 0);
}

}  // namespace
}  // namespace hark

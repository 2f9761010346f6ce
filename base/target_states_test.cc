#include "base/target_states.h"

#include <gtest/gtest.h>

namespace hark {
namespace {

TEST(TargetStatesTest, KeepsEachTargetsStateInFourBits) {
  TargetStates states;
  for (size_t i = 0; i < 7; ++i) states.Add(static_cast<TargetState>(i));
  EXPECT_EQ(states.bytes(), std::string("\x10\x32\x54\x06", 4));
  states.Set(2, TargetState::kPurged);
  states.Set(3, TargetState::kSilent);
  const auto decoded = TargetStates::Decode(states.bytes(), 7);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->At(1), TargetState::kRefused);
  EXPECT_EQ(decoded->At(2), TargetState::kPurged);
  EXPECT_EQ(decoded->Count(), (TargetStates::Counts{2, 1, 0, 0, 1, 1, 2}));
}

TEST(TargetStatesTest, RefusesBytesThatAreNotOfSoManyTargets) {
  EXPECT_TRUE(TargetStates::Decode("", 0));
  EXPECT_FALSE(TargetStates::Decode("", 1));
  EXPECT_FALSE(TargetStates::Decode(std::string(2, '\0'), 2));
  EXPECT_FALSE(TargetStates::Decode("\x07", 1));  // no state
  EXPECT_FALSE(TargetStates::Decode("\x10", 1));  // something behind the last one
  EXPECT_TRUE(TargetStates::Decode("\x10", 2));
}

TEST(TargetStatesTest, BeginsAnewWhenTaken) {
  TargetStates states;
  states.Add(TargetState::kRefused);
  EXPECT_EQ(states.Take(), "\x01");
  states.Add(TargetState::kAnswered);
  EXPECT_EQ(states.bytes(), "\x03");
  EXPECT_EQ(states.size(), 1U);
}

}  // namespace
}  // namespace hark

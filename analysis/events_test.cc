#include "analysis/events.h"

#include <gtest/gtest.h>

#include "analysis/comparison_fixture.h"
#include "analysis/run_comparison.h"
#include "base/strings.h"

namespace hark {
namespace {

class EventsTest : public ::testing::Test {
 protected:
  const Events& Compare(size_t listed = 10) {
    Result<RunComparison> compared = CompareRuns(*before_, *after_, listed);
    EXPECT_TRUE(compared.ok()) << compared.status().message();
    comparison_ = std::move(*compared);
    return comparison_.events;
  }
  std::string Before(uint32_t host) { return comparison_.before.hosts.address(host).ToString(); }
  std::string After(uint32_t host) { return comparison_.after.hosts.address(host).ToString(); }

  std::unique_ptr<FakeRunReader> before_ = RunNamed("one", "", 1);
  std::unique_ptr<FakeRunReader> after_ = RunNamed("two", "", 2);
  RunComparison comparison_;
};

TEST_F(EventsTest, EveryHostWithAKeyIsInExactlyOneClass) {
  ShowKey(*before_, {1, 2, 3, 4, 5}, "a");
  before_->AddHost(HostNumber(6));
  before_->AddHost(HostNumber(8));
  ShowKey(*after_, {1, 2}, "a");
  ShowKey(*after_, {2}, "b", 25);    // and one more
  ShowKey(*after_, {3}, "c");        // another one
  after_->AddHost(HostNumber(4));    // there, without a key
  ShowKey(*after_, {6}, "d");        // was there, without a key
  ShowKey(*after_, {7}, "e");        // was not there
  after_->AddHost(HostNumber(8));    // never had one
  const Events& events = Compare();  // 5 is not there any more
  EXPECT_EQ(events.of(HostFate::kSameKeys), 1U);
  EXPECT_EQ(events.of(HostFate::kSomeKeys), 1U);
  EXPECT_EQ(events.of(HostFate::kOtherKeys), 1U);
  EXPECT_EQ(events.of(HostFate::kLostKeys), 1U);
  EXPECT_EQ(events.of(HostFate::kVanished), 1U);
  EXPECT_EQ(events.of(HostFate::kGainedKeys), 1U);
  EXPECT_EQ(events.of(HostFate::kAppeared), 1U);
  ASSERT_EQ(events.host_events.size(), 6U);
  EXPECT_EQ(events.host_events[0].fate, HostFate::kSomeKeys);
  EXPECT_EQ(Before(events.host_events[0].host), "10.0.0.2");
  EXPECT_EQ(events.host_events[5].fate, HostFate::kAppeared);
  EXPECT_EQ(After(events.host_events[5].host), "10.0.0.7");
  EXPECT_EQ(events.host_events[4].fate, HostFate::kGainedKeys);
  EXPECT_EQ(After(events.host_events[4].host), "10.0.0.6");
}

TEST_F(EventsTest, AKeyThatGoesToAnotherPortOfItsHostIsTheSameKeyOfTheHost) {
  ShowKey(*before_, {1}, "a", 443);
  ShowKey(*after_, {1}, "a", 993);
  const Events& events = Compare();
  EXPECT_EQ(events.of(HostFate::kSameKeys), 1U);
  EXPECT_EQ(events.of(KeyFate::kStayed), 1U);
  EXPECT_EQ(events.of(PortFate::kDropped), 1U);
  EXPECT_EQ(events.of(PortFate::kAdded), 1U);
  EXPECT_TRUE(events.rotations.empty());
}

TEST_F(EventsTest, RotationsNameThePortAndTheKeysBeforeAndAfter) {
  ShowKey(*before_, {1, 2}, "rsa", 22);
  ShowKey(*before_, {1, 2}, "ed25519", 22);
  ShowKey(*before_, {1}, "tls", 443);
  ShowKey(*after_, {1, 2}, "rsa", 22);
  ShowKey(*after_, {1}, "ed25519 new", 22);
  ShowKey(*after_, {2}, "ed25519", 22);
  ShowKey(*after_, {2}, "ecdsa", 22);
  ShowKey(*after_, {1}, "tls", 443);
  const Events& events = Compare();
  EXPECT_EQ(events.of(PortFate::kRotated), 1U);
  EXPECT_EQ(events.of(PortFate::kAdded), 1U);
  EXPECT_EQ(events.of(PortFate::kSame), 1U);
  EXPECT_EQ(events.by_port.at(22)[static_cast<size_t>(PortFate::kRotated)], 1U);
  EXPECT_EQ(events.by_port.at(443)[static_cast<size_t>(PortFate::kSame)], 1U);
  ASSERT_EQ(events.rotations.size(), 1U);
  EXPECT_EQ(Before(events.rotations[0].host), "10.0.0.1");
  EXPECT_EQ(events.rotations[0].port, 22);
  EXPECT_EQ(events.rotations[0].gone, std::vector<KeyId>{KeyNamed("ed25519")});
  EXPECT_EQ(events.rotations[0].fresh, std::vector<KeyId>{KeyNamed("ed25519 new")});
}

TEST_F(EventsTest, KeysAreToldApartByWhereTheyWent) {
  ShowKey(*before_, {1, 2}, "stayed");
  ShowKey(*after_, {1, 2}, "stayed");
  ShowKey(*before_, {11}, "spread");
  ShowKey(*after_, {11, 12}, "spread");
  ShowKey(*before_, {21, 22}, "withdrawn");
  ShowKey(*after_, {22}, "withdrawn");
  ShowKey(*before_, {31, 32, 34}, "shifted");
  ShowKey(*after_, {32, 33}, "shifted");
  ShowKey(*before_, {41}, "moved");
  ShowKey(*after_, {42}, "moved");
  ShowKey(*before_, {51}, "gone");
  ShowKey(*after_, {61, 62}, "new");
  const Events& events = Compare();
  for (int fate = 0; fate < kKeyFateCount; ++fate) {
    EXPECT_EQ(events.keys[static_cast<size_t>(fate)], 1U) << KeyFateName(KeyFate{fate});
  }
  ASSERT_EQ(events.moves.size(), 2U);
  EXPECT_EQ(events.moves[0].key, KeyNamed("shifted"));  // more hosts take part in it
  EXPECT_EQ(events.moves[0].stayed_hosts, 1U);
  EXPECT_EQ(events.moves[0].left_hosts, 2U);
  EXPECT_EQ(Before(events.moves[0].left[1]), "10.0.0.34");
  EXPECT_EQ(After(events.moves[0].gained[0]), "10.0.0.33");
  EXPECT_EQ(events.moves[1].fate, KeyFate::kMoved);
  EXPECT_EQ(Before(events.moves[1].left[0]), "10.0.0.41");
  EXPECT_EQ(After(events.moves[1].gained[0]), "10.0.0.42");
}

TEST_F(EventsTest, ListsAreCutAndCountsAreNot) {
  for (uint32_t i = 1; i <= 9; ++i) {
    ShowKey(*before_, {i}, StrCat("rotated ", i));
    ShowKey(*after_, {i}, StrCat("fresh ", i));
    ShowKey(*before_, {20 + i}, StrCat("moved ", i), 22);
    std::vector<uint32_t> to;
    for (uint32_t n = 0; n < i; ++n) to.push_back(100 * i + n);
    ShowKey(*after_, to, StrCat("moved ", i), 22);
  }
  const Events& events = Compare(3);
  EXPECT_EQ(events.of(PortFate::kRotated), 9U);
  EXPECT_EQ(events.of(KeyFate::kMoved), 9U);
  EXPECT_EQ(events.of(HostFate::kVanished), 9U);
  EXPECT_EQ(events.of(HostFate::kAppeared), 45U);
  ASSERT_EQ(events.rotations.size(), 3U);
  EXPECT_EQ(Before(events.rotations[2].host), "10.0.0.3");
  EXPECT_EQ(events.rotations[2].fresh.size(), 1U);
  ASSERT_EQ(events.moves.size(), 3U);
  EXPECT_EQ(events.moves[0].key, KeyNamed("moved 9"));
  EXPECT_EQ(events.moves[1].key, KeyNamed("moved 8"));
  EXPECT_EQ(events.moves[2].key, KeyNamed("moved 7"));
  EXPECT_EQ(events.host_events.size(), 9U);  // three each of other-keys, vanished, appeared
}

TEST_F(EventsTest, AHostKnownToBeElsewhereAfterwardsHasVanished) {
  ShowKey(*before_, {1}, "a");
  ShowKey(*after_, {1}, "a");
  after_->AddHost(HostNumber(1), 1, proto::HostRow::OUT);
  const Events& events = Compare();
  EXPECT_EQ(events.of(HostFate::kVanished), 1U);
  EXPECT_EQ(events.of(KeyFate::kGone), 1U);
}

}  // namespace
}  // namespace hark

#include "worker/engine/timer_queue.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace hark {
namespace {

using std::chrono::seconds;

class Bell final : public Alarm {
 public:
  explicit Bell(std::function<void()> ring) : ring_(std::move(ring)) {}
  void OnAlarm(MonoTime) override { ring_(); }

 private:
  std::function<void()> ring_;
};

class TimerQueueTest : public ::testing::Test {
 protected:
  Bell Named(char name) {
    return Bell([this, name] { rung_ += name; });
  }
  TimerQueue queue_;
  MonoTime start_{seconds(100)};
  std::string rung_;
};

TEST_F(TimerQueueTest, RingsInOrderOfTimeAndThenOfSetting) {
  Bell a = Named('a');
  Bell b = Named('b');
  Bell c = Named('c');
  queue_.Set(&a, start_ + seconds(2));
  queue_.Set(&b, start_ + seconds(1));
  queue_.Set(&c, start_ + seconds(2));
  EXPECT_EQ(queue_.next(), start_ + seconds(1));
  queue_.RingDue(start_ + seconds(1));
  EXPECT_EQ(rung_, "b");
  queue_.RingDue(start_ + seconds(5));
  EXPECT_EQ(rung_, "bac");
  EXPECT_EQ(queue_.next(), kNever);
}

TEST_F(TimerQueueTest, SettingAgainReplacesAndCancelForgets) {
  Bell a = Named('a');
  Bell b = Named('b');
  queue_.Set(&a, start_ + seconds(1));
  queue_.Set(&a, start_ + seconds(3));
  queue_.Set(&b, start_ + seconds(1));
  queue_.Cancel(&b);
  queue_.RingDue(start_ + seconds(2));
  EXPECT_EQ(rung_, "");
  queue_.RingDue(start_ + seconds(3));
  EXPECT_EQ(rung_, "a");
  EXPECT_EQ(queue_.size(), 0U);
}

TEST_F(TimerQueueTest, AnAlarmSetWhileRingingWaitsForTheNextTurn) {
  int rings = 0;
  Bell* self = nullptr;
  Bell a([&] {
    ++rings;
    queue_.Set(self, start_);
  });
  self = &a;
  queue_.Set(&a, start_);
  queue_.RingDue(start_);
  EXPECT_EQ(rings, 1);
  queue_.RingDue(start_);
  EXPECT_EQ(rings, 2);
}

TEST_F(TimerQueueTest, AnAlarmMayCancelAnotherThatIsDueToo) {
  Bell b = Named('b');
  Bell a([&] { queue_.Cancel(&b); });
  queue_.Set(&a, start_);
  queue_.Set(&b, start_);
  queue_.RingDue(start_);
  EXPECT_EQ(rung_, "");
}

}  // namespace
}  // namespace hark

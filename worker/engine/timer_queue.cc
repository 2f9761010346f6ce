#include "worker/engine/timer_queue.h"

namespace hark {

void TimerQueue::Set(Alarm* alarm, MonoTime due) {
  if (alarm->due_ == due) return;  // deadlines mostly stay: most calls end here
  if (alarm->due_ != kNever) queue_.erase(Entry{alarm->due_, alarm->order_, alarm});
  alarm->due_ = due;
  if (due == kNever) return;
  alarm->order_ = next_order_++;
  queue_.insert(Entry{due, alarm->order_, alarm});
}

void TimerQueue::RingDue(MonoTime now) {
  const uint64_t set_before = next_order_;
  auto next = queue_.begin();
  while (next != queue_.end() && next->due <= now) {
    Alarm* const alarm = next->alarm;
    if (next->order >= set_before) {
      ++next;
      continue;
    }
    queue_.erase(next);
    alarm->due_ = kNever;
    alarm->OnAlarm(now);
    next = queue_.begin();  // ringing may have changed anything
  }
}

}  // namespace hark

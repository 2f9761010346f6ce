#include "coordinator/clerk.h"

namespace hark {
namespace {

// An operator at a terminal has one; scripts retry.
constexpr size_t kMaxWaiting = 64;

}  // namespace

bool Clerk::Take(Task task) {
  if (waiting_.size() >= kMaxWaiting) return false;
  waiting_.push_back(std::move(task));
  Poll();
  return true;
}

void Clerk::Poll() {
  if (in_hand_.valid()) {
    if (in_hand_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
    in_hand_.get()();
  }
  if (waiting_.empty()) return;
  in_hand_ = std::async(std::launch::async, std::move(waiting_.front()));
  waiting_.pop_front();
}

}  // namespace hark

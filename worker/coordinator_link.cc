#include "worker/coordinator_link.h"

#include <algorithm>

namespace hark {

Status CoordinatorLink::OpenIfDue(MonoTime now) {
  if (up() || now < open_at_) return Status::Ok();
  HARK_ASSIGN_OR_RETURN(dealer_, Dealer::Connect(options_.dealer));
  return Status::Ok();
}

void CoordinatorLink::Close(MonoTime now) {
  dealer_.reset();
  queue_.clear();
  wait_ = std::clamp(wait_ * 2, options_.first_wait, options_.last_wait);
  // Between half of it and all: doubling alone would keep workers that failed together together.
  const auto jitter = static_cast<int64_t>(random_.Unit() * static_cast<double>(wait_.count()) / 2);
  open_at_ = now + wait_ / 2 + Duration(jitter);
}

void CoordinatorLink::Send(std::vector<proto::Envelope> envelopes) {
  std::move(envelopes.begin(), envelopes.end(), std::back_inserter(queue_));
  Flush();
}

void CoordinatorLink::Flush() {
  while (dealer_ != nullptr && !queue_.empty() && dealer_->Send(queue_.front())) {
    queue_.pop_front();
  }
}

std::optional<proto::Envelope> CoordinatorLink::Receive() {
  return dealer_ == nullptr ? std::nullopt : dealer_->Receive();
}

}  // namespace hark

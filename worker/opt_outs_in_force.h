#pragma once

// The opt-outs in force, asked by all engine threads before every connection and every burst.
//
// Threads: any number.

#include <memory>
#include <mutex>
#include <utility>

#include "worker/exclusion_filter.h"

namespace hark {

class OptOutsInForce {
 public:
  void Set(std::shared_ptr<const ExclusionFilter> filter) {
    const std::lock_guard lock(mutex_);
    filter_ = std::move(filter);
  }
  std::shared_ptr<const ExclusionFilter> Get() const {
    const std::lock_guard lock(mutex_);
    return filter_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const ExclusionFilter> filter_ = std::make_shared<const ExclusionFilter>();
};

}  // namespace hark

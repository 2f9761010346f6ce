#pragma once

// How much an answer may cost where it is asked for. Whatever reads the store for an answer spends
// units of it, about a record read each; where the answer may not take long, spending too much
// ends it with kInterrupted and it is begun again in the patient lane.

#include <cstddef>
#include <cstdint>

#include "base/status.h"

namespace hark {

class Effort {
 public:
  // A record from the block cache or the page cache takes 5 to 20 microseconds, so that the quick
  // lane is held up for four milliseconds at most.
  static constexpr size_t kQuickUnits = 200;
  // Of one page: after so many records, a few seconds, it ends, empty or not, and says where to go
  // on.
  static constexpr size_t kPageUnits = 500'000;

  static Effort Quick() { return Effort(kQuickUnits); }
  static Effort Patient() { return Effort(SIZE_MAX); }

  Status Spend(size_t units = 1) {
    if (units > left_) return {StatusCode::kInterrupted, "this takes longer"};
    left_ -= units;
    spent_ += units;
    return Status::Ok();
  }
  size_t spent() const { return spent_; }

 private:
  explicit Effort(size_t units) : left_(units) {}

  size_t left_;
  size_t spent_ = 0;
};

}  // namespace hark

#pragma once

#include <string>

#include "base/random.h"
#include "tests/lab/conversation.h"

namespace hark::lab {

// Bytes one at a time for ever: a head, then small letters.
class Drip {
 public:
  Drip(std::string head, Duration pace) : head_(std::move(head)), pace_(pace) {}

  // One byte more, and when the next is due.
  Turn Next() {
    const char c = next_ < head_.size() ? head_[next_] : static_cast<char>('a' + Mix64(next_) % 26);
    ++next_;
    return {std::string(1, c), Turn::Then::kGoOn, pace_};
  }

 private:
  std::string head_;
  Duration pace_;
  size_t next_ = 0;
};

}  // namespace hark::lab

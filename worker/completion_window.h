#pragma once

// Results of consecutive indices that come in any order and leave in theirs. The window is what may
// be open at once: the slowest target holds back at most that many results.

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "base/log.h"

namespace hark {

template <typename T>
class CompletionWindow {
 public:
  // Empty, at `first`.
  CompletionWindow(uint64_t first, size_t capacity) : first_(first), capacity_(capacity) {}

  uint64_t first() const { return first_; }                 // the next index to leave
  uint64_t next() const { return first_ + slots_.size(); }  // the next index to open
  bool full() const { return slots_.size() >= capacity_; }
  bool empty() const { return slots_.empty(); }

  uint64_t Open() {
    slots_.emplace_back();
    return next() - 1;
  }
  // index was opened and has no result yet.
  void Complete(uint64_t index, T result) {
    HARK_CHECK(index >= first_ && index < next() && !slots_[index - first_]);
    slots_[index - first_] = std::move(result);
  }
  // The result of first(), if it is there; moves on.
  std::optional<T> Pop() {
    if (slots_.empty() || !slots_.front()) return std::nullopt;
    std::optional<T> out = std::move(slots_.front());
    slots_.pop_front();
    ++first_;
    return out;
  }

 private:
  uint64_t first_;
  size_t capacity_;
  std::deque<std::optional<T>> slots_;
};

}  // namespace hark

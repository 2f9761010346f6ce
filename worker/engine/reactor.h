#pragma once

// The only place that knows epoll: which descriptors are watched and who is told. Level-triggered
// unless asked otherwise. A handler may add, change and remove any descriptor while being told;
// events already fetched for a removed one are dropped, even when its number was given out again.
//
// Threads: one.

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "base/unique_fd.h"

namespace hark {

// What a descriptor is ready for, and what can be asked for.
struct IoEvents {
  bool readable = false;
  bool writable = false;
  bool broken = false;  // error or hang-up; always told, asked or not
  bool edge = false;    // ask only: tell once per change
};

class IoHandler {
 public:
  virtual ~IoHandler() = default;
  virtual void OnReady(IoEvents events) = 0;

 private:
  friend class Reactor;
  uint32_t slot_ = UINT32_MAX;
};

class Reactor {
 public:
  static Result<Reactor> Create();

  // One descriptor per handler. Fails when the kernel has no room.
  Status Add(int fd, IoEvents wanted, IoHandler* handler);
  // Does nothing for a handler that is not there, as does Remove.
  void Change(int fd, IoEvents wanted, IoHandler* handler);
  // For a descriptor that stays open.
  void Remove(int fd, IoHandler* handler);
  // For one that is closed right after and was never duplicated: the kernel drops it by itself.
  void Forget(IoHandler* handler);

  // Waits at most that long (0 = just look), tells handlers. True when there may be more: a call
  // takes so many events at most, and ends early when the process was stopped meanwhile.
  bool Wait(Duration max_wait);

 private:
  struct Slot {
    IoHandler* handler = nullptr;
    uint32_t generation = 0;
  };

  explicit Reactor(UniqueFd fd) : epoll_(std::move(fd)) {}
  uint64_t Tag(uint32_t slot) const {
    return static_cast<uint64_t>(slots_[slot].generation) << 32 | slot;
  }

  UniqueFd epoll_;
  bool has_pwait2_ = true;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_slots_;
};

}  // namespace hark

#include "worker/engine/reactor.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace hark {
namespace {

constexpr int kEventsPerWait = 512;

uint32_t ToEpoll(IoEvents events) {
  uint32_t bits = 0;
  if (events.readable) bits |= EPOLLIN;
  if (events.writable) bits |= EPOLLOUT;
  if (events.edge) bits |= EPOLLET;
  return bits;
}

IoEvents FromEpoll(uint32_t bits) {
  IoEvents events;
  events.readable = (bits & EPOLLIN) != 0;
  events.writable = (bits & EPOLLOUT) != 0;
  events.broken = (bits & (EPOLLERR | EPOLLHUP)) != 0;
  return events;
}

timespec ToTimespec(Duration d) {
  const int64_t ns = std::max<int64_t>(0, d.count());
  timespec out{};
  out.tv_sec = static_cast<time_t>(ns / 1'000'000'000);
  out.tv_nsec = static_cast<long>(ns % 1'000'000'000);
  return out;
}

}  // namespace

Result<Reactor> Reactor::Create() {
  UniqueFd fd(epoll_create1(EPOLL_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus("epoll_create1", errno);
  return Reactor(std::move(fd));
}

Status Reactor::Add(int fd, IoEvents wanted, IoHandler* handler) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const uint32_t slot = free_slots_.back();
  epoll_event event{};
  event.events = ToEpoll(wanted);
  event.data.u64 = Tag(slot);
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return ErrnoStatus("epoll_ctl", errno);
  }
  free_slots_.pop_back();
  slots_[slot].handler = handler;
  handler->slot_ = slot;
  return Status::Ok();
}

void Reactor::Change(int fd, IoEvents wanted, IoHandler* handler) {
  if (handler->slot_ == UINT32_MAX) return;
  epoll_event event{};
  event.events = ToEpoll(wanted);
  event.data.u64 = Tag(handler->slot_);
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void Reactor::Remove(int fd, IoHandler* handler) {
  if (handler->slot_ == UINT32_MAX) return;
  epoll_event unused{};
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, &unused);
  Forget(handler);
}

void Reactor::Forget(IoHandler* handler) {
  const uint32_t slot = handler->slot_;
  if (slot == UINT32_MAX) return;
  handler->slot_ = UINT32_MAX;
  slots_[slot].handler = nullptr;
  ++slots_[slot].generation;
  free_slots_.push_back(slot);
}

bool Reactor::Wait(Duration max_wait) {
  std::array<epoll_event, kEventsPerWait> events;
  int n = -1;
  if (has_pwait2_) {
    // Nanoseconds matter: rounded up to milliseconds, 99 probes/s would come out as 90.
    const timespec timeout = ToTimespec(max_wait);
    n = epoll_pwait2(epoll_.get(), events.data(), kEventsPerWait, &timeout, nullptr);
    // Kernels before 5.11 lack it, and old container filters forbid it.
    if (n < 0 && (errno == ENOSYS || errno == EPERM)) has_pwait2_ = false;
  }
  if (!has_pwait2_) {
    const int64_t ms = std::max<int64_t>(0, (max_wait.count() + 999'999) / 1'000'000);
    n = epoll_wait(epoll_.get(), events.data(), kEventsPerWait, static_cast<int>(ms));
  }
  for (int i = 0; i < n; ++i) {
    const uint64_t tag = events[static_cast<size_t>(i)].data.u64;
    const Slot& slot = slots_[static_cast<uint32_t>(tag)];
    if (slot.handler == nullptr || slot.generation != tag >> 32) continue;
    slot.handler->OnReady(FromEpoll(events[static_cast<size_t>(i)].events));
  }
  return n < 0 || n == kEventsPerWait;
}

}  // namespace hark

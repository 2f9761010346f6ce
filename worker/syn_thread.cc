#include "worker/syn_thread.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace hark {
namespace {

// While SYNs are under way. A reply is 60 bytes: what comes in so long fits any ring.
constexpr Duration kLook = std::chrono::milliseconds(10);
// A wake-up comes for everything else; this is for nothing but a missed one.
constexpr Duration kIdle = std::chrono::seconds(1);

}  // namespace

void SynThread::Waker::OnReady(IoEvents) {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t n = read(fd_, &count, sizeof count);
}

Result<std::unique_ptr<SynThread>> SynThread::Start(std::unique_ptr<SynChannel> channel,
                                                    std::shared_ptr<EngineBudget> budget,
                                                    const Clock& clock) {
  HARK_ASSIGN_OR_RETURN(Reactor reactor, Reactor::Create());
  UniqueFd wake(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake.valid()) return ErrnoStatus("eventfd", errno);
  std::unique_ptr<SynThread> self(new SynThread(std::move(channel), std::move(budget), clock,
                                                std::move(reactor), std::move(wake)));
  HARK_RETURN_IF_ERROR(self->reactor_.Add(self->wake_.get(), {.readable = true}, &self->waker_));
  self->thread_ = std::thread([raw = self.get()] { raw->Run(); });
  return self;
}

SynThread::SynThread(std::unique_ptr<SynChannel> channel, std::shared_ptr<EngineBudget> budget,
                     const Clock& clock, Reactor reactor, UniqueFd wake)
    : clock_(clock),
      channel_(std::move(channel)),
      desk_(*channel_, std::move(budget)),
      reactor_(std::move(reactor)),
      wake_(std::move(wake)),
      waker_(wake_.get()) {
  desk_.SetWaker([fd = wake_.get()] {
    const uint64_t one = 1;
    // EAGAIN: so many wake-ups are pending that one more says nothing.
    [[maybe_unused]] const ssize_t n = write(fd, &one, sizeof one);
  });
}

SynThread::~SynThread() {
  stopping_ = true;
  desk_.Wake();
  if (thread_.joinable()) thread_.join();
}

void SynThread::Run() {
  while (!stopping_) {
    const MonoTime next = desk_.Turn(clock_.Now());
    const MonoTime now = clock_.Now();
    const Duration longest = desk_.idle() ? kIdle : kLook;
    reactor_.Wait(next <= now ? Duration(0) : std::min(next - now, longest));
  }
}

}  // namespace hark

#include "worker/engine/fd_watch.h"

#include <utility>

namespace hark {

class FdWatch::Watcher final : public IoHandler {
 public:
  explicit Watcher(std::function<void()> readable) : readable_(std::move(readable)) {}
  void OnReady(IoEvents) override { readable_(); }

 private:
  std::function<void()> readable_;
};

FdWatch::FdWatch(Reactor& reactor) : reactor_(reactor) {}

FdWatch::~FdWatch() {
  while (!watchers_.empty()) Unwatch(watchers_.begin()->first);
}

Status FdWatch::Watch(int fd, std::function<void()> readable) {
  auto watcher = std::make_unique<Watcher>(std::move(readable));
  HARK_RETURN_IF_ERROR(reactor_.Add(fd, {.readable = true, .edge = true}, watcher.get()));
  watchers_[fd] = std::move(watcher);
  return Status::Ok();
}

void FdWatch::Unwatch(int fd) {
  const auto found = watchers_.find(fd);
  if (found == watchers_.end()) return;
  reactor_.Remove(fd, found->second.get());
  watchers_.erase(found);
}

}  // namespace hark

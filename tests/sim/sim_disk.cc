#include "tests/sim/sim_disk.h"

#include <algorithm>

#include "tests/sim/fleet_watch.h"

namespace hark::sim {

SimDisk::SimDisk(const SimWorlds& worlds, const FleetOptions& options) : lies_(options.disk_lies) {
  for (const auto& world : worlds) {
    runs.emplace(std::piecewise_construct, std::tuple(world->run.id()),
                 std::forward_as_tuple(*world, options));
  }
  if (lies_) KeepCopies();
}

void SimDisk::KeepCopies() {
  for (const auto& [id, store] : runs) synced_[id] = store.is;
}

void SimDisk::Forget(size_t items) {
  if (!lies_) return;
  const size_t lost = std::min(items, cached_.size());
  forgotten_ += lost;
  cached_.resize(cached_.size() - lost);
  for (auto& [id, store] : runs) store.is = std::move(synced_[id]);
  for (const CommitItem& item : cached_) Apply(item);
  cached_.clear();
  KeepCopies();
}

void SimDisk::Submit(CommitItem item) {
  if (watch_ != nullptr) watch_->Submitted(item);
  waiting_.push_back(std::move(item));
}

void SimDisk::Apply(const CommitItem& item) {
  runs.at(item.run).Apply(item);
  if (watch_ == nullptr) return;
  for (const proto::JobRow& job : item.jobs) watch_->Applied(item.run, job);
}

void SimDisk::Sync(size_t items) {
  const size_t n = std::min(items, waiting_.size());
  for (size_t i = 0; i < n; ++i) {
    Apply(waiting_[i]);
    const uint64_t ticket = waiting_[i].ticket;
    if (lies_) cached_.push_back(std::move(waiting_[i]));
    if (ticket == 0) continue;
    durable_.push_back(ticket);
    if (watch_ != nullptr) watch_->Durable(ticket);
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(n));
}

void SimDisk::Crash(size_t survivors) {
  Sync(survivors);  // written, but the process died before it could say so
  waiting_.clear();
  durable_.clear();
}

void SimDisk::ClockJumped() {
  for (auto& [id, store] : runs) store.ClockJumped();
}

bool SimDisk::AllDone() const {
  return std::all_of(runs.begin(), runs.end(), [](const auto& entry) {
    return entry.second.is.run.state() == proto::RunRow::DONE;
  });
}

std::vector<std::string> SimDisk::Broken() const {
  std::vector<std::string> all;
  for (const auto& [id, store] : runs) {
    all.insert(all.end(), store.broken.begin(), store.broken.end());
  }
  return all;
}

}  // namespace hark::sim

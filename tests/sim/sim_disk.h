#pragma once

// The coordinator's disk. Submitted items wait; Sync makes them durable in order; a crash forgets
// what waits, or keeps a part that nobody was told of. A disk that lies keeps what it called
// durable in a cache, and a power cut takes the end of it. What is durable is in a SimStore a run.

#include <map>
#include <string>
#include <vector>

#include "tests/sim/sim_store.h"

namespace hark::sim {

class FleetWatch;

class SimDisk final : public CommitQueue {
 public:
  SimDisk(const SimWorlds& worlds, const FleetOptions& options);
  void Watch(FleetWatch* watch) { watch_ = watch; }

  void Submit(CommitItem item) override;
  std::vector<uint64_t> TakeDurable() override { return std::exchange(durable_, {}); }

  void Sync(size_t items);
  size_t waiting() const { return waiting_.size(); }
  void Crash(size_t survivors);
  // The power went as well: forgets the last `items` of those called durable since the last time,
  // if there were so many. What was forgotten no longer is in any store.
  void Forget(size_t items);
  uint64_t forgotten() const { return forgotten_; }
  void ClockJumped();

  std::map<uint32_t, SimStore> runs;
  const proto::RunRow& RunOf(uint32_t run) const { return runs.at(run).is.run; }
  bool AllDone() const;
  std::vector<std::string> Broken() const;

 private:
  void Apply(const CommitItem& item);
  void KeepCopies();

  FleetWatch* watch_ = nullptr;
  const bool lies_;
  std::map<uint32_t, SimStore::Content> synced_;  // with lies_: what no power cut takes away
  std::vector<CommitItem> cached_;                // called durable since
  uint64_t forgotten_ = 0;
  std::vector<CommitItem> waiting_;
  std::vector<uint64_t> durable_;
};

}  // namespace hark::sim

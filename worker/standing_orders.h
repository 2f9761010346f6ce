#pragma once

// What the operator has forbidden, as far as this worker knows: the opt-outs, which runs stand
// still, which are over. Orders come whole (docs/formats/wire.md) and replace what was before; the
// worker session acts on them.
//
// They are kept in a file, so that a restarted worker obeys before it hears again. The file:
// "HARKORD1", the CRC-32C of the rest in network order, then proto Orders without rates.
//
// Threads: one. exclusions() may be asked by any.

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "base/status.h"
#include "proto/wire.pb.h"
#include "worker/exclusion_filter.h"

namespace hark {

class StandingOrders {
 public:
  // Reads what an earlier process kept at path; "" = nothing is kept. A file beyond repair is as
  // good as none, with a warning.
  explicit StandingOrders(std::string path);

  // Opt-outs of an older version than ours (the coordinator's store was set back) add to ours,
  // which keep their version: none is forgotten. Orders without opt-outs leave them as they are.
  // kInvalidInput leaves everything as it was. A failure to keep them is only a warning.
  Status Apply(const proto::Orders& orders);
  // A new session's coordinator may count versions anew. One that knows no orders pauses and
  // cancels in its own way; opt-outs stay even so.
  void BeginSession(bool knows_orders);

  // Of the last ones applied in this session, 0 = none yet.
  uint64_t version() const { return told_ ? orders_.version() : 0; }
  uint64_t exclusions_version() const { return orders_.exclusions_version(); }
  std::shared_ptr<const ExclusionFilter> exclusions() const { return filter_; }
  bool Paused(uint32_t run) const { return paused_.contains(run); }
  bool Cancelled(uint32_t run) const { return cancelled_.contains(run); }

 private:
  void Load();
  void Keep() const;
  void ReadRuns();

  std::string path_;
  proto::Orders orders_;  // whole, but for the rates
  bool told_ = false;
  std::shared_ptr<const ExclusionFilter> filter_;
  std::set<uint32_t> paused_;
  std::set<uint32_t> cancelled_;
};

}  // namespace hark

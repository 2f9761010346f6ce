#pragma once

// A second opinion on what the operator forbids: opt-outs, pauses, cancelled runs, limits. It knows
// what he has said, what the coordinator passed on and what workers acknowledged, and sees every
// contact and every row.
//
//   told                | says
//   Acknowledges        | orders that are not in force: an opt-out its host does not keep to, a
//                       | paused run with a job that would begin a target, a job of a cancelled run
//   Contact             | to an address whose opt-out this worker acknowledged, or that anybody
//                       | makes later than a lease time after it
//                       | to one that had opted out when the job was leased
//                       | for a run that it acknowledged to be paused or cancelled
//   Submitted           | a visit or listener of who has opted out
//                       | a job leased of a run that is paused, cancelled or over, to one whom its
//                       | limits leave out, or under pressure
//
// A worker that acknowledged one thing and has heard of another since obeys either.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "coordinator/ingest.h"
#include "proto/wire.pb.h"
#include "tests/sim/sim_worker.h"

namespace hark::sim {

class OrdersWatch {
 public:
  // lease: the longest that anybody goes on who hears nothing.
  explicit OrdersWatch(Duration lease) : lease_(lease) {}

  void Now(MonoTime now) { now_ = now; }
  // The operator.
  void OptOut(const Address& address, uint64_t version);
  void Pressure(bool on) { pressure_ = on; }
  void Settings(uint32_t run, const proto::RunSettings& settings) { settings_[run] = settings; }
  // The coordinator.
  void Submitted(const CommitItem& item);
  void Leased(uint32_t run, const std::string& worker);
  void Says(const proto::Orders& orders);
  // A worker.
  void Started(const std::string& worker) { workers_[worker] = {}; }
  void Heard(const std::string& worker, uint64_t version);
  void Acknowledges(const std::string& worker, const proto::OrdersAck& ack);
  // It says, in an answer or a heartbeat, that it obeys this version, and has heard of no newer
  // one.
  void InForce(const SimHost& host, uint64_t version);
  // leased_at: the opt-outs' version when its job was leased.
  void Contact(const std::string& worker, uint32_t run, const Address& address, uint64_t leased_at);

  bool OptedOut(const Address& address) const { return opt_outs_.contains(address); }
  size_t opt_outs() const { return opt_outs_.size(); }
  uint64_t opt_outs_version() const { return opt_outs_version_; }
  std::vector<std::string> broken;

 private:
  struct OptedOutAt {
    uint64_t version;
    MonoTime at;
  };
  struct Worker {
    uint64_t acknowledged = 0;
    std::set<uint64_t> heard;  // since
  };
  struct Said {
    std::set<uint32_t> still, over;  // runs that are to stand still, and those of them cancelled
    uint64_t opt_outs = 0;           // version
  };
  void Say(const char* what) { broken.emplace_back(what); }
  bool Forbids(uint64_t version, uint32_t run) const;

  const Duration lease_;
  MonoTime now_{};
  bool pressure_ = false;
  std::map<Address, OptedOutAt> opt_outs_;
  std::map<uint32_t, proto::RunSettings> settings_;
  uint64_t opt_outs_version_ = 0;
  std::map<uint64_t, Said> said_;  // by version of the orders
  std::map<std::string, Worker> workers_;
  std::map<std::string, uint64_t> exclusions_;  // acknowledged; also by an earlier process
};

}  // namespace hark::sim

#pragma once

// A second opinion on leases, acknowledgements, rates and credit: sees every message the
// coordinator receives and sends, every row it writes and every probe, keeps its own small model
// of who holds what, and says what must not be. It knows none of the coordinator's code.
//
//   told                 | says
//   Submitted(batch row) | accepted outside the sender's present lease, not as the next one, or
//                        | after the lease was over
//   Submitted(other row) | a lease ended before its time and not by its holder
//                        | a token issued twice
//                        | an audit of oneself, or too soon
//   Sent(JOB)            | said before its lease was written
//   Started              | forgot a lease that its holder was told of, and the power was never off
//   Sent(ACK, verdict)   | acknowledged before it was durable; an honest worker's batch found bad
//   Probed               | outside the lease, or while the job was somebody else's
//   Rates                | shares that together exceed the ceiling
//   Submitted            | more under way than the sender has credit for

#include <map>
#include <set>
#include <string>
#include <vector>

#include "coordinator/ingest.h"
#include "proto/wire.pb.h"
#include "tests/sim/fleet_options.h"
#include "tests/sim/orders_watch.h"
#include "tests/sim/sim_disk.h"
#include "worker/job_key.h"

namespace hark::sim {

class FleetWatch {
 public:
  // credit: bytes a worker may have under way.
  // overlap_may_happen: doubled JOB messages may make a worker do a lease twice.
  FleetWatch(Duration lease, Duration grace, uint64_t credit, bool overlap_may_happen)
      : orders(lease),
        lease_(lease),
        grace_(grace),
        credit_(credit),
        overlap_may_happen_(overlap_may_happen) {}

  // A coordinator begins with these rows.
  // held: leases each worker believes it has and is not through with.
  void Started(const SimDisk& durable, const std::map<std::string, size_t>& held, MonoTime now);
  // The coordinator is about to be told this, or has been: nullptr, a tick.
  void Now(const std::string& sender, const proto::Envelope* message, MonoTime now);
  void Submitted(const CommitItem& item);
  void Applied(uint32_t run, const proto::JobRow& job);
  void Durable(uint64_t ticket);
  void Sent(const std::string& worker, const proto::Envelope& envelope);
  void Probed(const std::string& worker, const JobKey& key, uint64_t from, uint64_t to);
  // What is probed at now, together, of one run (0: of all), and the ceiling, which is the highest
  // of the last lease time.
  void Rates(uint32_t run, double sum, double ceiling);
  // Their leases may end before their time: a cancelled run's, and at an opt-out those of a worker
  // that knows no orders.
  void Cancelled(uint32_t run) { cancelled_.insert(run); }
  void Old(const std::string& worker) { old_.insert(worker); }

  bool IsAudit(uint32_t run, uint32_t job) const;
  // The opt-outs' version when this was leased.
  uint64_t OptOutsOf(const JobKey& key) const;
  uint64_t trims() const { return trims_; }
  uint64_t shares_unknown() const { return shares_unknown_; }
  std::vector<std::string> broken;
  OrdersWatch orders;

 private:
  struct Job {
    proto::JobRow row;
    MonoTime renewed;
    MonoTime said;  // audits: when somebody last said or may have done something about its hosts
  };
  struct Issued {
    std::string worker;
    uint64_t from = 0, end = 0;
    uint64_t opt_outs = 0;  // version
  };

  void Say(const std::string& what) { broken.push_back(what); }
  using JobId = std::pair<uint32_t, uint32_t>;  // run, job
  void CheckBatch(const CommitItem& item, const Job& before, const proto::JobRow& row);
  void CheckLease(uint32_t run, const Job& before, const proto::JobRow& row);
  void CheckAudit(Job& job, const Job& before);
  void CheckJob(const proto::Job& job);
  void CheckVerdicts(const google::protobuf::RepeatedPtrField<proto::Verdict>& verdicts,
                     bool renews);

  const Duration lease_, grace_;
  const uint64_t credit_;
  const bool overlap_may_happen_;
  MonoTime now_{};
  std::string sender_;
  const proto::Envelope* message_ = nullptr;
  std::map<JobId, Job> jobs_;
  std::map<JobKey, Issued> issued_;
  std::set<JobKey> sent_;               // their JOBs
  uint64_t power_cuts_forgot_ = 0;      // items, until the last start
  std::set<JobKey> forgotten_;          // by a power cut, or given up in a message that came late
  std::map<JobKey, uint64_t> durable_;  // next_seq
  std::set<uint64_t> welcomed_;         // sessions
  struct UnderWay {
    std::string worker;
    uint64_t bytes = 0;
  };
  std::map<uint64_t, UnderWay> under_way_;  // accepted and not durable, by ticket
  std::map<std::string, uint64_t> bytes_under_way_;
  uint64_t largest_batch_ = 0;
  MonoTime shares_known_from_{};
  uint64_t trims_ = 0;
  uint64_t shares_unknown_ = 0;
  std::set<std::string> old_;     // of before orders
  std::set<uint32_t> cancelled_;  // runs
};

}  // namespace hark::sim

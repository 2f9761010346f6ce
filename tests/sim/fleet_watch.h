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
#include "worker/job_key.h"

namespace hark::sim {

class FleetWatch {
 public:
  // ceiling: probes a second for all; credit: bytes a worker may have under way.
  // overlap_may_happen: doubled JOB messages may make a worker do a lease twice.
  FleetWatch(Duration lease, Duration grace, double ceiling, uint64_t credit,
             bool overlap_may_happen)
      : lease_(lease),
        grace_(grace),
        ceiling_(ceiling),
        credit_(credit),
        overlap_may_happen_(overlap_may_happen) {}

  // A coordinator begins with these rows.
  void Started(const std::map<uint32_t, proto::JobRow>& durable, MonoTime now);
  // The coordinator is about to be told this, or has been: nullptr, a tick.
  void Now(const std::string& sender, const proto::Envelope* message, MonoTime now);
  void Submitted(const CommitItem& item);
  void Applied(const proto::JobRow& job);
  void Durable(uint64_t ticket);
  void Sent(const std::string& worker, const proto::Envelope& envelope);
  void Probed(const std::string& worker, const JobKey& key, uint64_t from, uint64_t to);
  void Rates(double sum);

  uint64_t trims() const { return trims_; }
  std::vector<std::string> broken;

 private:
  struct Job {
    proto::JobRow row;
    MonoTime renewed;
  };
  struct Issued {
    std::string worker;
    uint64_t from = 0, end = 0;
  };

  void Say(const std::string& what) { broken.push_back(what); }
  void CheckBatch(const CommitItem& item, const Job& before, const proto::JobRow& row);
  void CheckLease(const Job& before, const proto::JobRow& row);
  void CheckVerdicts(const google::protobuf::RepeatedPtrField<proto::Verdict>& verdicts,
                     bool renews);

  const Duration lease_, grace_;
  const double ceiling_;
  const uint64_t credit_;
  const bool overlap_may_happen_;
  MonoTime now_{};
  std::string sender_;
  const proto::Envelope* message_ = nullptr;
  std::map<uint32_t, Job> jobs_;
  std::map<JobKey, Issued> issued_;
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
};

}  // namespace hark::sim

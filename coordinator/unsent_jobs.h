#pragma once

// Leases whose JOB has not gone out yet. It does when the lease's row is written, so a coordinator
// that dies and comes back knows every lease that anybody works on. Pure bookkeeping; the owner
// leases, writes and sends.
//
//   Add --Submitted--> waits for a ticket --TakeWritten--> no longer here: to be sent now
//   either of them --Drop--> the lease was taken back
//
// The answer to a REQUEST is JOB × n, then NO_JOB if that was not all it asked for; so a NO_JOB may
// have to wait as well.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace hark {

class UnsentJobs {
 public:
  using JobId = std::pair<uint32_t, uint32_t>;  // run, job

  void Add(const JobId& id, const std::string& worker);
  // The run's changed rows are about to be written. True: leases added since are among them, and
  // wait for this ticket.
  bool Submitted(uint32_t run, uint64_t ticket);
  // Those that waited for it, in the order in which they were leased.
  std::vector<JobId> TakeWritten(uint64_t ticket);
  // Taken back. Its worker is told that there is no job, after those that it still waits for.
  void Drop(const JobId& id);
  bool Has(const JobId& id) const { return unsent_.contains(id); }
  size_t CountOf(const std::string& worker) const;
  std::vector<JobId> Of(const std::string& worker) const;

  // Got less than it asked for.
  void OweNoJob(const std::string& worker) { owed_.insert(worker); }
  // It is gone.
  void OweNothing(const std::string& worker) { owed_.erase(worker); }
  // Those that are owed a NO_JOB and wait for no JOB before it.
  std::vector<std::string> TakeOwed();

 private:
  struct Unsent {
    std::string worker;
    uint64_t ticket = 0;  // 0: not submitted yet
  };
  void Remove(std::map<JobId, Unsent>::iterator it);

  std::map<JobId, Unsent> unsent_;
  std::vector<JobId> added_;                          // since the last rows were submitted
  std::map<uint64_t, std::vector<JobId>> by_ticket_;  // those dropped since are in it, too
  std::map<std::string, std::set<JobId>> of_worker_;
  std::set<std::string> owed_;
};

}  // namespace hark

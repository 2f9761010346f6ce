#include "coordinator/unsent_jobs.h"

#include <algorithm>

namespace hark {

void UnsentJobs::Add(const JobId& id, const std::string& worker) {
  unsent_[id] = {worker, 0};
  of_worker_[worker].insert(id);
  added_.push_back(id);
}

bool UnsentJobs::Submitted(uint32_t run, uint64_t ticket) {
  const auto of_run = std::stable_partition(added_.begin(), added_.end(),
                                            [run](const JobId& id) { return id.first != run; });
  std::vector<JobId> ids;
  for (auto it = of_run; it != added_.end(); ++it) {
    const auto unsent = unsent_.find(*it);
    if (unsent == unsent_.end() || unsent->second.ticket != 0) continue;
    unsent->second.ticket = ticket;
    ids.push_back(*it);
  }
  added_.erase(of_run, added_.end());
  if (ids.empty()) return false;
  by_ticket_[ticket] = std::move(ids);
  return true;
}

// A job may have been taken back and leased anew meanwhile, under another ticket.
std::vector<UnsentJobs::JobId> UnsentJobs::TakeWritten(uint64_t ticket) {
  std::vector<JobId> written;
  const auto node = by_ticket_.extract(ticket);
  if (node.empty()) return written;
  for (const JobId& id : node.mapped()) {
    const auto it = unsent_.find(id);
    if (it == unsent_.end() || it->second.ticket != ticket) continue;
    Remove(it);
    written.push_back(id);
  }
  return written;
}

void UnsentJobs::Drop(const JobId& id) {
  const auto it = unsent_.find(id);
  if (it == unsent_.end()) return;
  OweNoJob(it->second.worker);
  Remove(it);
}

void UnsentJobs::Remove(std::map<JobId, Unsent>::iterator it) {
  const auto worker = of_worker_.find(it->second.worker);
  worker->second.erase(it->first);
  if (worker->second.empty()) of_worker_.erase(worker);
  unsent_.erase(it);
}

size_t UnsentJobs::CountOf(const std::string& worker) const {
  const auto jobs = of_worker_.find(worker);
  return jobs == of_worker_.end() ? 0 : jobs->second.size();
}

std::vector<UnsentJobs::JobId> UnsentJobs::Of(const std::string& worker) const {
  const auto jobs = of_worker_.find(worker);
  if (jobs == of_worker_.end()) return {};
  return {jobs->second.begin(), jobs->second.end()};
}

std::vector<std::string> UnsentJobs::TakeOwed() {
  std::vector<std::string> workers;
  for (const std::string& worker : owed_) {
    if (!of_worker_.contains(worker)) workers.push_back(worker);
  }
  for (const std::string& worker : workers) owed_.erase(worker);
  return workers;
}

}  // namespace hark

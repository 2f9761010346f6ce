#include "worker/memory_spool.h"

namespace hark {

std::vector<SpooledJob> MemorySpool::Recovered() {
  std::vector<SpooledJob> jobs;
  for (const auto& [key, entry] : entries_) jobs.push_back(entry.state);
  return jobs;
}

Status MemorySpool::Begin(const proto::Job& job) {
  if (fail_) return Status(StatusCode::kDiskFull, "spool: no space");
  Entry entry;
  entry.state.job = job;
  entry.state.end = job.end();
  entry.state.cursor = job.cursor();
  entries_[JobKey::Of(job)] = std::move(entry);
  return Status::Ok();
}

Status MemorySpool::Append(const proto::Batch& batch) {
  if (fail_) return Status(StatusCode::kDiskFull, "spool: no space");
  const auto found = entries_.find(JobKey::Of(batch));
  if (found == entries_.end() || batch.seq() != found->second.state.next_seq) {
    return Internal("spool: a batch out of its order");
  }
  SpooledJob& state = found->second.state;
  ++state.next_seq;
  state.cursor = batch.to_index();
  state.final = batch.final();
  found->second.batches[batch.seq()] = batch;
  return Status::Ok();
}

Status MemorySpool::SetEnd(const JobKey& key, uint64_t end) {
  const auto found = entries_.find(key);
  if (found != entries_.end()) found->second.state.end = end;
  return Status::Ok();
}

std::optional<proto::Batch> MemorySpool::Read(const JobKey& key, uint64_t seq) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  const auto batch = found->second.batches.find(seq);
  if (batch == found->second.batches.end()) return std::nullopt;
  return batch->second;
}

void MemorySpool::Acked(const JobKey& key, uint64_t next_seq) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  auto& batches = found->second.batches;
  batches.erase(batches.begin(), batches.lower_bound(next_seq));
  SpooledJob& state = found->second.state;
  state.low_seq = batches.empty() ? state.next_seq : batches.begin()->first;
}

void MemorySpool::Drop(const JobKey& key) {
  entries_.erase(key);
}

uint64_t MemorySpool::unacked_bytes() const {
  uint64_t bytes = 0;
  for (const auto& [key, entry] : entries_) {
    for (const auto& [seq, batch] : entry.batches) bytes += batch.payload().size();
  }
  return bytes;
}

void MemorySpool::LoseTail(size_t n) {
  for (auto& [key, entry] : entries_) {
    for (size_t i = 0; i < n && !entry.batches.empty(); ++i) {
      const auto last = std::prev(entry.batches.end());
      entry.state.next_seq = last->first;
      entry.state.cursor = last->second.from_index();
      entry.state.final = false;
      entry.batches.erase(last);
    }
  }
}

}  // namespace hark

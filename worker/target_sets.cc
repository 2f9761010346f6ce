#include "worker/target_sets.h"

#include <algorithm>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "keys/key_id.h"

namespace hark {
namespace {

constexpr uint64_t kMaxSetBytes = 64U << 20;
constexpr Duration kAnswerTime = std::chrono::seconds(5);

}  // namespace

std::string TargetSetCache::PathOf(const std::string& hash) const {
  return StrCat(directory_, "/", HexEncode(hash), ".targets");
}

std::shared_ptr<const RangeSet> TargetSetCache::Find(const std::string& hash) {
  const auto known = known_.find(hash);
  if (known != known_.end()) {
    if (auto set = known->second.lock()) return set;
  }
  if (directory_.empty()) return nullptr;
  const auto bytes = ReadFile(PathOf(hash), kMaxSetBytes);
  if (!bytes.ok() || Sha256(*bytes) != hash) return nullptr;
  const auto set = RangeSet::Decode(*bytes);
  if (!set) return nullptr;
  newest_ = std::make_shared<const RangeSet>(*set);
  known_[hash] = newest_;
  return newest_;
}

Result<std::shared_ptr<const RangeSet>> TargetSetCache::Put(const std::string& hash,
                                                            const std::string& bytes) {
  if (Sha256(bytes) != hash) return Corruption("the target set is not the one its hash names");
  auto set = RangeSet::Decode(bytes);
  if (!set || set->empty()) return Corruption("the target set does not parse");
  if (!directory_.empty()) {
    Status written = MakeDirectories(directory_);
    if (written.ok()) written = WriteFileAtomically(PathOf(hash), bytes);
    // Only a cache: without it the set is fetched again after a restart.
    if (!written.ok()) LogWarning("worker/targets", written.message());
  }
  newest_ = std::make_shared<const RangeSet>(std::move(*set));
  known_[hash] = newest_;
  return newest_;
}

void TargetSetFetcher::Want(const std::string& hash) {
  if (std::find(wanted_.begin(), wanted_.end(), hash) == wanted_.end()) wanted_.push_back(hash);
}

void TargetSetFetcher::Forget(const std::string& hash) {
  const auto found = std::find(wanted_.begin(), wanted_.end(), hash);
  if (found == wanted_.end()) return;
  if (found == wanted_.begin()) {
    Finish("");
  } else {
    wanted_.erase(found);
  }
}

std::optional<proto::TargetSetGet> TargetSetFetcher::Poll(MonoTime now) {
  if (wanted_.empty() || (asked_at_ && now < *asked_at_ + kAnswerTime)) return std::nullopt;
  asked_at_ = now;
  proto::TargetSetGet get;
  get.set_hash(wanted_.front());
  get.set_offset(bytes_.size());
  return get;
}

std::optional<TargetSetFetcher::Fetched> TargetSetFetcher::On(const proto::TargetSetChunk& chunk) {
  if (wanted_.empty() || chunk.hash() != wanted_.front() || chunk.offset() != bytes_.size()) {
    return std::nullopt;  // an answer to a request repeated since
  }
  const bool fits = chunk.total() > 0 && chunk.total() <= kMaxSetBytes && !chunk.data().empty() &&
                    chunk.total() == total_.value_or(chunk.total()) &&
                    chunk.data().size() <= chunk.total() - bytes_.size();
  if (!fits) return Finish("");
  total_ = chunk.total();
  bytes_ += chunk.data();
  asked_at_.reset();
  if (bytes_.size() < *total_) return std::nullopt;
  return Finish(std::move(bytes_));
}

std::optional<TargetSetFetcher::Fetched> TargetSetFetcher::Finish(std::string bytes) {
  Fetched fetched{wanted_.front(), std::move(bytes)};
  wanted_.pop_front();
  bytes_.clear();
  total_.reset();
  asked_at_.reset();
  return fetched;
}

}  // namespace hark

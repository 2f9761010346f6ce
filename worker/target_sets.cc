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

std::string TargetSetCache::PathOf(const std::string& hash, const char* kind) const {
  return StrCat(directory_, "/", HexEncode(hash), kind);
}

std::optional<std::string> TargetSetCache::Read(const std::string& hash, const char* kind) const {
  if (directory_.empty()) return std::nullopt;
  auto bytes = ReadFile(PathOf(hash, kind), kMaxSetBytes);
  if (!bytes.ok() || Sha256(*bytes) != hash) return std::nullopt;
  NoteSetUsed(PathOf(hash, kind));
  return std::move(bytes).value();
}

void TargetSetCache::Keep(const std::string& hash, const char* kind,
                          const std::string& bytes) const {
  if (directory_.empty()) return;
  Status written = MakeDirectories(directory_);
  // Whom we are about to call is nobody else's business.
  if (written.ok()) written = WriteFileAtomically(PathOf(hash, kind), bytes, 0600);
  // Only a cache: without it the set is fetched again after a restart.
  if (!written.ok()) LogWarning("worker/targets", written.message());
  NoteSetUsed(PathOf(hash, kind));  // by the clock of the other uses: a file system's may lag
  CleanSetDirectory(directory_, limits_);
}

std::shared_ptr<const RangeSet> TargetSetCache::Find(const std::string& hash) {
  const auto known = known_.find(hash);
  if (known != known_.end()) {
    if (auto set = known->second.lock()) return set;
  }
  const auto bytes = Read(hash, kTargetSetSuffix);
  const auto set = bytes ? RangeSet::Decode(*bytes) : std::nullopt;
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
  Keep(hash, kTargetSetSuffix, bytes);
  newest_ = std::make_shared<const RangeSet>(std::move(*set));
  known_[hash] = newest_;
  return newest_;
}

std::shared_ptr<const AsTable> TargetSetCache::FindAsTable(const std::string& hash) {
  const auto known = known_tables_.find(hash);
  if (known != known_tables_.end()) {
    if (auto table = known->second.lock()) return table;
  }
  const auto bytes = Read(hash, kAsTableSuffix);
  auto table = bytes ? AsTable::Decode(*bytes) : std::nullopt;
  if (!table) return nullptr;
  newest_table_ = std::make_shared<const AsTable>(std::move(*table));
  known_tables_[hash] = newest_table_;
  return newest_table_;
}

Result<std::shared_ptr<const AsTable>> TargetSetCache::PutAsTable(const std::string& hash,
                                                                  const std::string& bytes) {
  if (Sha256(bytes) != hash) return Corruption("the table of ASes is not the one its hash names");
  auto table = AsTable::Decode(bytes);
  if (!table) return Corruption("the table of ASes does not parse");
  Keep(hash, kAsTableSuffix, bytes);
  newest_table_ = std::make_shared<const AsTable>(std::move(*table));
  known_tables_[hash] = newest_table_;
  return newest_table_;
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

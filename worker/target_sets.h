#pragma once

// Target sets and tables of ASes by hash: cached in memory and on disk, fetched from the
// coordinator in chunks, and believed only when SHA-256 of the whole is the hash. A set is at most
// 64 MiB (8 million ranges), a table as long as base/as_table.h says.
//
// Threads: one.

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/as_table.h"
#include "base/range_set.h"
#include "base/status.h"
#include "base/time.h"
#include "proto/wire.pb.h"
#include "worker/set_directory.h"

namespace hark {

// directory "" = memory only. Files unused for long, or too many, go when a new one comes.
class TargetSetCache {
 public:
  explicit TargetSetCache(std::string directory, const SetDirectoryLimits& limits = {})
      : directory_(std::move(directory)), limits_(limits) {}

  // nullptr when it is not here.
  std::shared_ptr<const RangeSet> Find(const std::string& hash);
  // Fails (kCorruption) when bytes are not what hash names or no target set.
  Result<std::shared_ptr<const RangeSet>> Put(const std::string& hash, const std::string& bytes);
  // The same for tables of ASes; an empty one is one.
  std::shared_ptr<const AsTable> FindAsTable(const std::string& hash);
  Result<std::shared_ptr<const AsTable>> PutAsTable(const std::string& hash,
                                                    const std::string& bytes);

 private:
  std::string PathOf(const std::string& hash, const char* kind) const;
  // nullopt when it is not on the disk or not what its name says.
  std::optional<std::string> Read(const std::string& hash, const char* kind) const;
  void Keep(const std::string& hash, const char* kind, const std::string& bytes) const;

  std::string directory_;
  SetDirectoryLimits limits_;
  // Weak: a set lives as long as a job uses it. The newest is kept for the next job.
  std::map<std::string, std::weak_ptr<const RangeSet>> known_;
  std::shared_ptr<const RangeSet> newest_;
  std::map<std::string, std::weak_ptr<const AsTable>> known_tables_;
  std::shared_ptr<const AsTable> newest_table_;
};

// The talk for the sets that are missing, one after the other, one request at a time.
class TargetSetFetcher {
 public:
  void Want(const std::string& hash);
  void Forget(const std::string& hash);
  // The next request when it is due: at once, or again when an answer is overdue.
  std::optional<proto::TargetSetGet> Poll(MonoTime now);
  // A new session: whatever was asked is asked again.
  void Restart() { asked_at_.reset(); }

  struct Fetched {
    std::string hash;
    std::string bytes;  // "" when the coordinator's answers do not fit together
  };
  // What the chunk completed, if it did.
  std::optional<Fetched> On(const proto::TargetSetChunk& chunk);

 private:
  std::optional<Fetched> Finish(std::string bytes);

  std::deque<std::string> wanted_;  // the front is being fetched
  std::string bytes_;
  std::optional<uint64_t> total_;
  std::optional<MonoTime> asked_at_;
};

}  // namespace hark

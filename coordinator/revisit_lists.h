#pragma once

// The hosts of a run that asked us to come less often, waiting for their next visit.
//
// A list is a queue of positions like the listener list: entries are added when a batch is
// accepted, become durable with it, fall due in order, and are cut into jobs from the front. All
// entries of a list agree in what a job must know: ports, round, for whom they were throttled. So
// due times within a list never fall, and a job is a range of one list.
//
//   waiting  --the batch that found it is durable, due--> to be had --Cut--> in a job
//
// Who may take it: in round 1 one of those it was throttled for (the vantage that has begun), later
// somebody else. If nobody of the wanted kind is connected, or none came for kVantagePatience,
// whoever asks.
//
// Pure: times are arguments. The clock of the waits is MonoTime; the wall clock's dates serve only
// to find them again after a restart.

#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "proto/store.pb.h"
#include "storage/store.h"

namespace hark {

// What the entries of one list have in common.
struct RevisitKind {
  uint32_t round = 0;  // 1 = the first visit after the one that was throttled
  std::vector<uint32_t> ports;
  std::vector<std::string> workers;  // keys of those it was throttled for, sorted
  bool counted_throttled = false;    // as it stands in the ledger

  auto operator<=>(const RevisitKind&) const = default;
};

class RevisitLists {
 public:
  // stored: as in the store, by list and position.
  RevisitLists(const proto::ProbePolicy& policy, const std::vector<StoredRevisit>& stored);

  uint32_t max_rounds() const { return max_rounds_; }
  // Between the visits of round - 1 and of round.
  Duration Backoff(uint32_t round) const;
  // Finds the waits again after a restart: no date may be further off than its back-off, whatever
  // the wall clock has done since.
  void StartClock(MonoTime now, int64_t unix_ms);

  // Puts a host at the end of the list of its kind. The row says what must become durable.
  StoredRevisit Add(RevisitKind kind, std::string address, MonoTime now, int64_t unix_ms);
  void Durable(uint32_t list);
  // Positions below end belong to jobs, as the stored jobs say.
  void NoteCut(uint32_t list, uint64_t end);

  struct Stretch {
    uint32_t list = 0;
    uint64_t from = 0;
    uint64_t to = 0;
  };
  // The next stretch for this worker, at most that long, off the front of a list. Waits a moment
  // after the first entry is due, so that stretches are not single hosts.
  std::optional<Stretch> Cut(const std::string& worker, const std::vector<std::string>& connected,
                             uint64_t at_most, MonoTime now);
  bool MayTake(uint32_t list, const std::string& worker, const std::vector<std::string>& connected,
               Duration waited) const;

  const RevisitKind* Find(uint32_t list) const;
  bool AllCut() const;
  // Entries that belong to no job yet.
  uint64_t waiting() const;
  // When the next of them is to be had; kNever without one.
  MonoTime Next() const;

 private:
  struct List {
    RevisitKind kind;
    uint64_t count = 0;
    uint64_t durable = 0;
    uint64_t cut = 0;
    std::deque<MonoTime> due;  // of [cut, count)
  };

  Duration Gather(const List& list) const { return Backoff(list.kind.round) / 16; }
  List& ListOf(const RevisitKind& kind, uint32_t* id);

  const uint32_t max_rounds_;
  const Duration first_backoff_;
  std::map<uint32_t, List> lists_;
  std::map<RevisitKind, uint32_t> id_of_kind_;
};

}  // namespace hark

#include "coordinator/revisit_lists.h"

#include <algorithm>

#include "base/mutation.h"

namespace hark {
namespace {

using std::chrono::milliseconds;

// An sshd's penalty runs down within ten minutes at most; beyond a quarter of an hour waiting only
// makes the run longer.
constexpr Duration kMaxBackoff = std::chrono::minutes(15);
// A wanted worker that is connected asks within seconds unless it is busy to the brim.
constexpr Duration kVantagePatience = std::chrono::seconds(30);
constexpr int64_t kLastUnixMillis = 4'000'000'000'000;  // in 2096

RevisitKind KindOf(const proto::RevisitRow& row) {
  RevisitKind kind;
  kind.round = row.round();
  kind.ports.assign(row.ports().begin(), row.ports().end());
  kind.workers.assign(row.workers().begin(), row.workers().end());
  kind.counted_throttled = row.counted_throttled();
  return kind;
}

}  // namespace

RevisitLists::RevisitLists(const proto::ProbePolicy& policy,
                           const std::vector<StoredRevisit>& stored)
    : max_rounds_(policy.throttle_retries()),
      first_backoff_(milliseconds(policy.throttle_backoff_ms())) {
  for (const StoredRevisit& entry : stored) {
    List& list = lists_[entry.list];
    if (list.count == 0) {
      list.kind = KindOf(entry.row);
      id_of_kind_[list.kind] = entry.list;
    }
    // A date until StartClock; bounded, so that no damaged row makes arithmetic overflow.
    list.due.emplace_back(
        milliseconds(std::clamp<int64_t>(entry.row.due_unix_ms(), 0, kLastUnixMillis)));
    list.durable = ++list.count;
  }
}

Duration RevisitLists::Backoff(uint32_t round) const {
  const Duration most = std::max(first_backoff_, kMaxBackoff);
  Duration backoff = first_backoff_;
  for (uint32_t i = 1; i < round && backoff < most; ++i) backoff *= 2;
  return std::min(backoff, most);
}

void RevisitLists::StartClock(MonoTime now, int64_t unix_ms) {
  for (auto& [id, list] : lists_) {
    const Duration most = Backoff(list.kind.round);
    for (MonoTime& due : list.due) {
      const Duration left = due.time_since_epoch() - milliseconds(unix_ms);
      due = now + std::clamp(left, Duration(0), most);
    }
  }
}

RevisitLists::List& RevisitLists::ListOf(const RevisitKind& kind, uint32_t* id) {
  const auto known = id_of_kind_.find(kind);
  *id = known != id_of_kind_.end() ? known->second
                                   : (lists_.empty() ? 1 : lists_.rbegin()->first + 1);
  if (known == id_of_kind_.end()) {
    id_of_kind_[kind] = *id;
    lists_[*id].kind = kind;
  }
  return lists_[*id];
}

StoredRevisit RevisitLists::Add(RevisitKind kind, std::string address, MonoTime now,
                                int64_t unix_ms) {
  StoredRevisit entry;
  List& list = ListOf(kind, &entry.list);
  const Duration wait = Broken(Rule::kRevisitAfterBackoff) ? Duration(0) : Backoff(kind.round);
  const MonoTime due = std::max(now + wait, list.due.empty() ? MonoTime() : list.due.back());
  entry.position = list.count++;
  list.due.push_back(due);
  entry.row.set_address(std::move(address));
  *entry.row.mutable_ports() = {kind.ports.begin(), kind.ports.end()};
  entry.row.set_round(kind.round);
  entry.row.set_due_unix_ms(unix_ms + ToMillis(due - now));
  for (const std::string& worker : kind.workers) entry.row.add_workers(worker);
  entry.row.set_counted_throttled(kind.counted_throttled);
  return entry;
}

void RevisitLists::Durable(uint32_t list) {
  ++lists_.at(list).durable;
}

void RevisitLists::NoteCut(uint32_t id, uint64_t end) {
  const auto it = lists_.find(id);
  if (it == lists_.end()) return;
  List& list = it->second;
  for (; list.cut < end && !list.due.empty(); ++list.cut) list.due.pop_front();
}

bool RevisitLists::MayTake(uint32_t id, const std::string& worker,
                           const std::vector<std::string>& connected, Duration waited) const {
  const RevisitKind* kind = Find(id);
  if (kind == nullptr || waited >= kVantagePatience) return true;
  const auto wanted = [&](const std::string& key) {
    const bool was_throttled = std::binary_search(kind->workers.begin(), kind->workers.end(), key);
    return was_throttled == (kind->round == 1);
  };
  return wanted(worker) || std::none_of(connected.begin(), connected.end(), wanted);
}

std::optional<RevisitLists::Stretch> RevisitLists::Cut(const std::string& worker,
                                                       const std::vector<std::string>& connected,
                                                       uint64_t at_most, MonoTime now) {
  for (auto& [id, list] : lists_) {
    if (list.cut == list.durable || now < list.due.front() + Gather(list)) continue;
    const Duration waited = now - list.due.front() - Gather(list);
    if (!MayTake(id, worker, connected, waited)) continue;
    Stretch stretch{id, list.cut, list.cut};
    while (stretch.to < list.durable && stretch.to - stretch.from < at_most &&
           list.due[stretch.to - stretch.from] <= now) {
      ++stretch.to;
    }
    NoteCut(id, stretch.to);
    return stretch;
  }
  return std::nullopt;
}

const RevisitKind* RevisitLists::Find(uint32_t list) const {
  const auto it = lists_.find(list);
  return it == lists_.end() ? nullptr : &it->second.kind;
}

bool RevisitLists::AllCut() const {
  return std::all_of(lists_.begin(), lists_.end(),
                     [](const auto& entry) { return entry.second.cut == entry.second.count; });
}

uint64_t RevisitLists::waiting() const {
  uint64_t sum = 0;
  for (const auto& [id, list] : lists_) sum += list.count - list.cut;
  return sum;
}

MonoTime RevisitLists::Next() const {
  MonoTime next = kNever;
  for (const auto& [id, list] : lists_) {
    if (!list.due.empty()) next = std::min(next, list.due.front() + Gather(list));
  }
  return next;
}

}  // namespace hark

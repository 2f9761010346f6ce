#pragma once

// What waits to connect under one run's rates, in one engine. Visits go before knocks: a host that
// answered should not change while it waits. A target whose prefix or AS has had enough stands
// aside, in line with others for the same place, and the rest goes on.
//
//   where    | on                                     | next
//   in line  | first, and the pacer says go           | given to the engine
//   in line  | first, and its place waits             | aside
//   aside    | its place is due, and the pacer says go | given to the engine
//   aside    | its place is due, another place waits  | aside there
//   any      | recalled or removed                    | gone
//
// Threads: one.

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "worker/engine/prober.h"

namespace hark {

class Visit;

struct KnockRequest {
  PolicyPtr policy;
  Address address;
  uint16_t port = 0;
  KnockCallback done;
  int attempts = 0;
};

using Waiter = std::variant<Visit*, KnockRequest>;

class Lane {
 public:
  // nullptr: nothing but the engine's own ceiling.
  explicit Lane(PacerPtr pacer) : pacer_(std::move(pacer)) {}
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  const RunPacer* pacer() const { return pacer_.get(); }
  // Nothing waits and nothing will: the run is over.
  bool forgotten() const { return empty() && pacer_ != nullptr && pacer_->retired(); }
  bool empty() const { return knocks_.empty() && visits_.empty() && aside_.empty(); }

  void Add(Visit* visit);
  void Add(KnockRequest knock);
  // The next that may go, paid for; nullopt: nobody may now.
  std::optional<Waiter> Next(MonoTime now);
  // When Next is worth asking; kNever: not before something is added or the rates change.
  MonoTime When(MonoTime now) const;

  // No-op when it is not there.
  void Remove(const Visit* visit);
  // Takes out the knocks it selects.
  std::vector<KnockRequest> TakeKnocks(const std::function<bool(const KnockRequest&)>& selects);

  size_t knocks() const { return knocks_.size(); }
  size_t visits() const { return visits_.size(); }
  size_t aside() const { return aside_count_; }

 private:
  using Place = RunPacer::Place;
  struct Aside {
    std::deque<Waiter> waiters;  // never empty
    MonoTime due{};
  };
  using AsideMap = std::unordered_map<Place, Aside>;

  RunPacer::Answer Ask(const Waiter& waiter, MonoTime now) const;
  std::optional<Waiter> NextAside(MonoTime now, bool* blocked);
  std::optional<Waiter> NextInLine(MonoTime now, bool* blocked);
  Waiter TakeFirst();
  void PutFirst(Waiter waiter);
  void PutAside(Waiter waiter, const RunPacer::Answer& answer);
  void SetDue(Place place, Aside& aside, MonoTime due);
  // After its first waiter went.
  void Advance(AsideMap::iterator at, MonoTime now);
  void LookAgain(MonoTime now);
  void CountLine(const Waiter& waiter, int by);
  void CountAside(const Waiter& waiter, int by);

  PacerPtr pacer_;
  std::deque<Visit*> visits_;
  std::deque<KnockRequest> knocks_;
  AsideMap aside_;
  std::set<std::pair<MonoTime, Place>> due_;
  size_t aside_count_ = 0;
  uint64_t seen_changes_ = 0;  // of the pacer
};

}  // namespace hark

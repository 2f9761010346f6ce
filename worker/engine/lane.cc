#include "worker/engine/lane.h"

#include <algorithm>

#include "worker/engine/visit.h"

namespace hark {
namespace {

// At high rates tokens are collected for a millisecond, or each one would cost a system call.
constexpr double kWakeSeconds = 0.001;

const Address& AddressOf(const Waiter& waiter) {
  if (const auto* visit = std::get_if<Visit*>(&waiter)) return (*visit)->request().address;
  return std::get<KnockRequest>(waiter).address;
}

bool IsVisit(const Waiter& waiter) {
  return std::holds_alternative<Visit*>(waiter);
}

void Change(std::atomic<size_t>* count, int by) {
  *count += static_cast<size_t>(by);  // modulo 2^n, so that -1 takes one away
}

}  // namespace

Lane::~Lane() {
  if (pacer_ == nullptr) return;
  pacer_->line.visits -= visits_.size();
  pacer_->line.knocks -= knocks_.size();
  for (const auto& [place, aside] : aside_) {
    for (const Waiter& waiter : aside.waiters) CountAside(waiter, -1);
  }
}

void Lane::CountLine(const Waiter& waiter, int by) {
  if (pacer_ == nullptr) return;
  Change(IsVisit(waiter) ? &pacer_->line.visits : &pacer_->line.knocks, by);
}

void Lane::CountAside(const Waiter& waiter, int by) {
  aside_count_ += static_cast<size_t>(by);
  Change(IsVisit(waiter) ? &pacer_->line.visits_aside : &pacer_->line.knocks_aside, by);
}

void Lane::Add(Visit* visit) {
  visits_.push_back(visit);
  CountLine(visit, 1);
}

void Lane::Add(KnockRequest knock) {
  knocks_.push_back(std::move(knock));
  CountLine(knocks_.back(), 1);
}

Waiter Lane::TakeFirst() {
  Waiter waiter;
  if (!visits_.empty()) {
    waiter = visits_.front();
    visits_.pop_front();
  } else {
    waiter = std::move(knocks_.front());
    knocks_.pop_front();
  }
  return waiter;
}

void Lane::PutFirst(Waiter waiter) {
  if (auto* visit = std::get_if<Visit*>(&waiter)) {
    visits_.push_front(*visit);
  } else {
    knocks_.push_front(std::get<KnockRequest>(std::move(waiter)));
  }
}

RunPacer::Answer Lane::Ask(const Waiter& waiter, MonoTime now) const {
  return pacer_ == nullptr ? RunPacer::Answer{} : pacer_->Take(AddressOf(waiter), now);
}

std::optional<Waiter> Lane::Next(MonoTime now) {
  bool blocked = false;
  LookAgain(now);
  auto next = NextAside(now, &blocked);
  if (!next && !blocked) next = NextInLine(now, &blocked);
  return next;
}

// The rates have changed: what stands aside may be due sooner than it was told.
void Lane::LookAgain(MonoTime now) {
  if (pacer_ == nullptr || seen_changes_ == pacer_->changes()) return;
  seen_changes_ = pacer_->changes();
  due_.clear();
  for (auto& [place, aside] : aside_) SetDue(place, aside, now);
}

// Each place is asked once: afterwards it is due later, or its waiter is another's.
std::optional<Waiter> Lane::NextAside(MonoTime now, bool* blocked) {
  while (!due_.empty() && due_.begin()->first <= now) {
    const auto at = aside_.find(due_.begin()->second);
    Aside& aside = at->second;
    const RunPacer::Answer answer = Ask(aside.waiters.front(), now);
    switch (answer.kind) {
      case RunPacer::Answer::Kind::kRunWaits:
        *blocked = true;
        return std::nullopt;
      case RunPacer::Answer::Kind::kPlaceWaits:
        if (answer.place == at->first) {
          SetDue(at->first, aside, answer.when);
        } else {
          Waiter waiter = std::move(aside.waiters.front());
          CountAside(waiter, -1);
          Advance(at, now);
          PutAside(std::move(waiter), answer);
        }
        break;
      case RunPacer::Answer::Kind::kGo: {
        Waiter waiter = std::move(aside.waiters.front());
        CountAside(waiter, -1);
        Advance(at, now);
        return waiter;
      }
    }
  }
  return std::nullopt;
}

std::optional<Waiter> Lane::NextInLine(MonoTime now, bool* blocked) {
  while (!visits_.empty() || !knocks_.empty()) {
    Waiter waiter = TakeFirst();
    const RunPacer::Answer answer = Ask(waiter, now);
    switch (answer.kind) {
      case RunPacer::Answer::Kind::kRunWaits:
        PutFirst(std::move(waiter));
        *blocked = true;
        return std::nullopt;
      case RunPacer::Answer::Kind::kPlaceWaits:
        CountLine(waiter, -1);
        PutAside(std::move(waiter), answer);
        break;
      case RunPacer::Answer::Kind::kGo:
        CountLine(waiter, -1);
        return waiter;
    }
  }
  return std::nullopt;
}

void Lane::PutAside(Waiter waiter, const RunPacer::Answer& answer) {
  CountAside(waiter, 1);
  const auto [at, fresh] = aside_.try_emplace(answer.place);
  at->second.waiters.push_back(std::move(waiter));
  if (fresh) SetDue(answer.place, at->second, answer.when);
}

void Lane::SetDue(Place place, Aside& aside, MonoTime due) {
  due_.erase({aside.due, place});
  aside.due = due;
  due_.emplace(due, place);
}

void Lane::Advance(AsideMap::iterator at, MonoTime now) {
  Aside& aside = at->second;
  aside.waiters.pop_front();
  if (aside.waiters.empty()) {
    due_.erase({aside.due, at->first});
    aside_.erase(at);
  } else {
    SetDue(at->first, aside, pacer_->WhenPlace(at->first, now));
  }
}

MonoTime Lane::When(MonoTime now) const {
  MonoTime when = kNever;
  if (!visits_.empty() || !knocks_.empty()) {
    when = now;
  } else if (!due_.empty()) {
    const bool changed = pacer_->changes() != seen_changes_;
    when = changed ? now : std::max(now, due_.begin()->first);
  }
  if (when == kNever || pacer_ == nullptr) return when;
  return std::max(when, pacer_->WhenRun(kWakeSeconds, now));
}

void Lane::Remove(const Visit* visit) {
  const auto in_line = std::find(visits_.begin(), visits_.end(), visit);
  if (in_line != visits_.end()) {
    CountLine(*in_line, -1);
    visits_.erase(in_line);
    return;
  }
  for (auto at = aside_.begin(); at != aside_.end(); ++at) {
    auto& waiters = at->second.waiters;
    const auto found = std::find_if(waiters.begin(), waiters.end(), [&](const Waiter& w) {
      return IsVisit(w) && std::get<Visit*>(w) == visit;
    });
    if (found == waiters.end()) continue;
    CountAside(*found, -1);
    waiters.erase(found);
    if (waiters.empty()) {
      due_.erase({at->second.due, at->first});
      aside_.erase(at);
    }
    return;
  }
}

std::vector<KnockRequest> Lane::TakeKnocks(
    const std::function<bool(const KnockRequest&)>& selects) {
  std::vector<KnockRequest> taken;
  const auto keep_end = std::stable_partition(knocks_.begin(), knocks_.end(),
                                              [&](const KnockRequest& k) { return !selects(k); });
  for (auto it = keep_end; it != knocks_.end(); ++it) {
    CountLine(*it, -1);
    taken.push_back(std::move(*it));
  }
  knocks_.erase(keep_end, knocks_.end());
  for (auto at = aside_.begin(); at != aside_.end();) {
    auto& waiters = at->second.waiters;
    for (auto it = waiters.begin(); it != waiters.end();) {
      auto* const knock = std::get_if<KnockRequest>(&*it);
      if (knock == nullptr || !selects(*knock)) {
        ++it;
        continue;
      }
      CountAside(*it, -1);
      taken.push_back(std::move(*knock));
      it = waiters.erase(it);
    }
    if (waiters.empty()) {
      due_.erase({at->second.due, at->first});
      at = aside_.erase(at);
    } else {
      ++at;
    }
  }
  return taken;
}

}  // namespace hark

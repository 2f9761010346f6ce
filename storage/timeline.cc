#include "storage/timeline.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>

#include "base/distinct.h"
#include "storage/varint.h"

namespace hark {
namespace {

constexpr char kFormat = 1;

bool IsReference(FactKind kind) {
  return kind >= FactKind::kKey && kind <= FactKind::kAlgorithms;
}

Status Unreadable() {
  return Corruption("the store holds an unreadable timeline");
}

// The union of two sorted lists, and where in it the entries of each went.
struct FactUnion {
  std::vector<Fact> facts;
  std::vector<uint32_t> from_a, from_b;
};

FactUnion Unite(const std::vector<Fact>& a, const std::vector<Fact>& b) {
  FactUnion all;
  size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    const bool takes_a = j == b.size() || (i < a.size() && a[i] <= b[j]);
    const bool takes_b = i == a.size() || (j < b.size() && b[j] <= a[i]);
    const auto position = static_cast<uint32_t>(all.facts.size());
    all.facts.push_back(takes_a ? a[i] : b[j]);
    if (takes_a) all.from_a.push_back(position), ++i;
    if (takes_b) all.from_b.push_back(position), ++j;
  }
  return all;
}

void Renumber(const std::vector<uint32_t>& to, std::vector<std::vector<uint32_t>>* states) {
  for (std::vector<uint32_t>& state : *states) {
    for (uint32_t& position : state) position = to[position];
  }
}

uint64_t ZigZag(int64_t n) {
  return (static_cast<uint64_t>(n) << 1) ^ static_cast<uint64_t>(n >> 63);
}

int64_t UnZigZag(uint64_t n) {
  return static_cast<int64_t>(n >> 1) ^ -static_cast<int64_t>(n & 1);
}

// The seconds of visits as numbers that are small where a host is visited regularly: how much each
// pause differs from the one before it. A monthly survey takes three bytes a visit, its pauses
// themselves would take four. Arithmetic is modulo 2^64, so that any two seconds have a pause.
class VisitTimes {
 public:
  uint64_t Code(int64_t unix_s) {
    const uint64_t pause = static_cast<uint64_t>(unix_s) - now_;
    const uint64_t code = ZigZag(static_cast<int64_t>(pause - pause_));
    Step(pause);
    return code;
  }
  int64_t Decode(uint64_t code) {
    Step(pause_ + static_cast<uint64_t>(UnZigZag(code)));
    return static_cast<int64_t>(now_);
  }

 private:
  void Step(uint64_t pause) {
    now_ += pause;
    pause_ = first_ ? 0 : pause;
    first_ = false;
  }

  uint64_t now_ = 0;
  uint64_t pause_ = 0;
  bool first_ = true;  // the pause since 1970 is none
};

// A count of things that take at least a byte each, so that no length in a row can ask for more
// memory than the row has.
std::optional<size_t> TakeCount(std::string_view* bytes) {
  const std::optional<uint64_t> count = TakeVarint(bytes);
  if (!count || *count > bytes->size()) return std::nullopt;
  return static_cast<size_t>(*count);
}

bool TakeFact(std::string_view* bytes, Fact* fact) {
  if (bytes->empty()) return false;
  fact->kind = static_cast<FactKind>(bytes->front());
  bytes->remove_prefix(1);
  size_t size = kFactRefSize;
  if (!IsReference(fact->kind)) {
    const std::optional<size_t> count = TakeCount(bytes);
    if (!count) return false;
    size = *count;
  }
  if (size > bytes->size()) return false;
  fact->value.assign(bytes->substr(0, size));
  bytes->remove_prefix(size);
  return true;
}

// Ascending positions below `end`, as differences.
bool TakeState(std::string_view* bytes, size_t end, std::vector<uint32_t>* state) {
  const std::optional<size_t> count = TakeCount(bytes);
  if (!count) return false;
  uint64_t next = 0;
  for (size_t i = 0; i < *count; ++i) {
    const std::optional<uint64_t> step = TakeVarint(bytes);
    if (!step || *step >= end || next + *step >= end) return false;
    state->push_back(static_cast<uint32_t>(next + *step));
    next = state->back() + 1;
  }
  return true;
}

}  // namespace

std::string_view FactKindName(FactKind kind) {
  switch (kind) {
    case FactKind::kKey:
      return "key";
    case FactKind::kCertificate:
      return "certificate";
    case FactKind::kBanner:
      return "banner";
    case FactKind::kAlgorithms:
      return "algorithms";
    case FactKind::kOutcome:
      return "outcome";
    case FactKind::kTls:
      return "tls";
  }
  return "unknown";
}

void Timeline::Add(int64_t unix_s, const std::vector<Fact>& facts) {
  Timeline visit;
  visit.facts_ = facts;
  std::erase_if(visit.facts_, [](const Fact& fact) {
    return IsReference(fact.kind) && fact.value.size() != kFactRefSize;
  });
  MakeDistinct(visit.facts_);
  visit.states_.emplace_back();
  for (uint32_t i = 0; i < visit.facts_.size(); ++i) visit.states_[0].push_back(i);
  visit.visits_.push_back({unix_s, 0});
  Merge(visit);
}

void Timeline::Merge(const Timeline& other) {
  if (other.empty()) return;
  if (empty()) {
    *this = other;
    return;
  }
  FactUnion all = Unite(facts_, other.facts_);
  std::vector<std::vector<uint32_t>> theirs = other.states_;
  Renumber(all.from_a, &states_);
  Renumber(all.from_b, &theirs);
  facts_ = std::move(all.facts);
  const auto offset = static_cast<uint32_t>(states_.size());
  states_.insert(states_.end(), theirs.begin(), theirs.end());
  std::vector<Moment> merged;
  merged.reserve(visits_.size() + other.visits_.size());
  size_t i = 0, j = 0;
  while (i < visits_.size() || j < other.visits_.size()) {
    const bool has_a = i < visits_.size(), has_b = j < other.visits_.size();
    if (has_a && has_b && visits_[i].unix_s == other.visits_[j].unix_s) {
      std::vector<uint32_t> both;
      const auto& a = states_[visits_[i].state];
      const auto& b = theirs[other.visits_[j].state];
      std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
      merged.push_back({visits_[i].unix_s, static_cast<uint32_t>(states_.size())});
      states_.push_back(std::move(both));
      ++i, ++j;
    } else if (!has_b || (has_a && visits_[i].unix_s < other.visits_[j].unix_s)) {
      merged.push_back(visits_[i++]);
    } else {
      merged.push_back({other.visits_[j].unix_s, other.visits_[j].state + offset});
      ++j;
    }
  }
  visits_ = std::move(merged);
  Tidy();
}

size_t Timeline::DropBefore(int64_t unix_s) {
  const auto first =
      std::lower_bound(visits_.begin(), visits_.end(), unix_s,
                       [](const Moment& moment, int64_t when) { return moment.unix_s < when; });
  const auto dropped = static_cast<size_t>(first - visits_.begin());
  visits_.erase(visits_.begin(), first);
  if (dropped > 0) Tidy();
  return dropped;
}

// One form for one content: states that occur, each once, in order; facts that occur.
void Timeline::Tidy() {
  std::vector<std::vector<uint32_t>> sorted;
  std::vector<bool> occurs(facts_.size());
  for (const Moment& visit : visits_) {
    if (sorted.empty() || sorted.back() != states_[visit.state]) {
      sorted.push_back(states_[visit.state]);
    }
    for (const uint32_t fact : states_[visit.state]) occurs[fact] = true;
  }
  MakeDistinct(sorted);
  for (Moment& visit : visits_) {
    const auto at = std::lower_bound(sorted.begin(), sorted.end(), states_[visit.state]);
    visit.state = static_cast<uint32_t>(at - sorted.begin());
  }
  states_ = std::move(sorted);
  if (std::find(occurs.begin(), occurs.end(), false) == occurs.end()) return;
  std::vector<uint32_t> to(facts_.size());
  std::vector<Fact> kept;
  for (size_t i = 0; i < facts_.size(); ++i) {
    to[i] = static_cast<uint32_t>(kept.size());
    if (occurs[i]) kept.push_back(std::move(facts_[i]));
  }
  facts_ = std::move(kept);
  Renumber(to, &states_);
}

bool Timeline::Has(const Fact& fact) const {
  return std::binary_search(facts_.begin(), facts_.end(), fact);
}

std::vector<Timeline::Visit> Timeline::Visits() const {
  std::vector<Visit> visits;
  visits.reserve(visits_.size());
  for (const Moment& moment : visits_) visits.push_back({moment.unix_s, states_[moment.state]});
  return visits;
}

std::vector<FactInterval> Timeline::Intervals() const {
  std::vector<FactInterval> intervals;
  std::map<uint32_t, FactInterval> open;
  const std::vector<uint32_t>* before = nullptr;
  for (const Moment& moment : visits_) {
    const std::vector<uint32_t>& now = states_[moment.state];
    if (before != nullptr && *before != now) {
      for (auto it = open.begin(); it != open.end();) {
        const bool goes_on = std::binary_search(now.begin(), now.end(), it->first);
        if (!goes_on) intervals.push_back(std::move(it->second));
        it = goes_on ? std::next(it) : open.erase(it);
      }
    }
    for (const uint32_t fact : now) {
      FactInterval& interval = open[fact];
      if (interval.sightings++ == 0) {
        interval.fact = facts_[fact];
        interval.first_unix_s = moment.unix_s;
      }
      interval.last_unix_s = moment.unix_s;
    }
    before = &now;
  }
  for (auto& [position, interval] : open) intervals.push_back(std::move(interval));
  std::sort(intervals.begin(), intervals.end(), [](const FactInterval& a, const FactInterval& b) {
    return std::tie(a.fact, a.first_unix_s) < std::tie(b.fact, b.first_unix_s);
  });
  return intervals;
}

std::optional<FactInterval> Timeline::Span(const Fact& fact) const {
  const auto at = std::lower_bound(facts_.begin(), facts_.end(), fact);
  if (at == facts_.end() || *at != fact) return std::nullopt;
  const auto position = static_cast<uint32_t>(at - facts_.begin());
  std::vector<bool> shows(states_.size());
  for (size_t i = 0; i < states_.size(); ++i) {
    shows[i] = std::binary_search(states_[i].begin(), states_[i].end(), position);
  }
  FactInterval span{fact, 0, 0, 0};
  for (const Moment& moment : visits_) {
    if (!shows[moment.state]) continue;
    if (span.sightings++ == 0) span.first_unix_s = moment.unix_s;
    span.last_unix_s = moment.unix_s;
  }
  return span;
}

std::string Timeline::Encode() const {
  std::string out(1, kFormat);
  PutVarint(facts_.size(), &out);
  for (const Fact& fact : facts_) {
    out.push_back(static_cast<char>(fact.kind));
    if (!IsReference(fact.kind)) PutVarint(fact.value.size(), &out);
    out += fact.value;
  }
  PutVarint(states_.size(), &out);
  for (const std::vector<uint32_t>& state : states_) {
    PutVarint(state.size(), &out);
    uint32_t next = 0;
    for (const uint32_t position : state) {
      PutVarint(position - next, &out);
      next = position + 1;
    }
  }
  VisitTimes times;
  for (size_t i = 0; i < visits_.size();) {
    size_t end = i;
    while (end < visits_.size() && visits_[end].state == visits_[i].state) ++end;
    PutVarint(visits_[i].state, &out);
    PutVarint(end - i, &out);
    for (; i < end; ++i) PutVarint(times.Code(visits_[i].unix_s), &out);
  }
  return out;
}

Result<Timeline> Timeline::Decode(std::string_view bytes) {
  Timeline timeline;
  if (bytes.empty() || bytes.front() != kFormat) return Unreadable();
  bytes.remove_prefix(1);
  const std::optional<size_t> facts = TakeCount(&bytes);
  if (!facts) return Unreadable();
  timeline.facts_.resize(*facts);
  for (Fact& fact : timeline.facts_) {
    if (!TakeFact(&bytes, &fact)) return Unreadable();
  }
  if (!IsDistinct(timeline.facts_)) return Unreadable();
  const std::optional<size_t> states = TakeCount(&bytes);
  if (!states) return Unreadable();
  timeline.states_.resize(*states);
  for (std::vector<uint32_t>& state : timeline.states_) {
    if (!TakeState(&bytes, *facts, &state)) return Unreadable();
  }
  VisitTimes times;
  while (!bytes.empty()) {
    const std::optional<uint64_t> state = TakeVarint(&bytes);
    const std::optional<size_t> count = TakeCount(&bytes);
    if (!state || *state >= *states || !count || *count == 0) return Unreadable();
    for (size_t i = 0; i < *count; ++i) {
      const std::optional<uint64_t> code = TakeVarint(&bytes);
      if (!code) return Unreadable();
      const int64_t now = times.Decode(*code);
      if (!timeline.visits_.empty() && now <= timeline.visits_.back().unix_s) return Unreadable();
      timeline.visits_.push_back({now, static_cast<uint32_t>(*state)});
    }
  }
  return timeline;
}

}  // namespace hark

#include <algorithm>
#include <cmath>

#include "base/mutation.h"
#include "coordinator/rate_shares.h"

// The division: what everybody would have, and how far towards it one may go now.

namespace hark {
namespace {

// Smaller changes are not worth a message; they are rounding.
constexpr double kWorthTelling = 1e-6;
RateShare ShareIn(const RateShares::Shares& shares, uint32_t run) {
  const auto it = shares.find(run);
  return it == shares.end() ? RateShare() : it->second;
}

bool About(double a, double b) {
  return a == b || std::abs(a - b) <= kWorthTelling * std::max(a, b);
}

bool About(const RateShare& a, const RateShare& b) {
  return About(a.pps, b.pps) && About(a.per_prefix, b.per_prefix) && About(a.per_as, b.per_as);
}

bool LessIn(const RateShare& a, const RateShare& b) {
  return std::any_of(std::begin(kShareParts), std::end(kShareParts),
                     [&](const auto part) { return a.*part < b.*part; });
}

struct Claim {
  double weight = 1;
  double cap = kUnlimited;
};

// amount by weight, nobody above its cap; what one leaves goes to the others.
std::vector<double> FillByWeight(double amount, const std::vector<Claim>& claims) {
  std::vector<size_t> order(claims.size());
  double weights = 0;
  for (size_t i = 0; i < claims.size(); ++i) {
    order[i] = i;
    weights += claims[i].weight;
  }
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return claims[a].cap * claims[b].weight < claims[b].cap * claims[a].weight;
  });
  std::vector<double> filled(claims.size(), 0);
  for (const size_t i : order) {
    if (weights <= 0) break;
    filled[i] = std::max(0.0, std::min(claims[i].cap, amount * claims[i].weight / weights));
    amount -= filled[i];
    weights -= claims[i].weight;
  }
  return filled;
}

// What is left of a ceiling for raises that want so much together, as a factor.
double Scale(double left, double wanted) {
  if (wanted <= 0) return 1;
  return std::clamp(left / wanted, 0.0, 1.0);
}

}  // namespace

// A share that waits for others: so much it has anyway, so much more it wants.
struct RateShares::Raise {
  Member* member;
  const std::string* worker;
  uint32_t run;
  RateShare base, more;
};

double RateShares::AbsentWorkers() const {
  const auto present = static_cast<size_t>(std::count_if(
      members_.begin(), members_.end(), [](const auto& entry) { return entry.second.present; }));
  return static_cast<double>(expected_workers_ - std::min(expected_workers_, present));
}

// The ceiling over the runs by weight. A run gets no more than its own ceiling, nor than its
// workers can do: the others have the rest.
std::map<uint32_t, double> RateShares::RunRates() const {
  std::map<uint32_t, double> able;
  for (const auto& [key, member] : members_) {
    if (!member.present) continue;
    for (const uint32_t run : member.terms.runs) able[run] += member.terms.max_pps;
  }
  const bool more_to_come = AbsentWorkers() > 0;
  std::vector<uint32_t> ids;
  std::vector<Claim> claims;
  for (const auto& [id, run] : runs_) {
    if (!run.open) continue;
    ids.push_back(id);
    claims.push_back({run.weight, std::min(run.pps, more_to_come ? kUnlimited : able[id])});
  }
  const std::vector<double> filled = FillByWeight(ceiling_, claims);
  std::map<uint32_t, double> rates;
  for (size_t i = 0; i < ids.size(); ++i) rates[ids[i]] = filled[i];
  return rates;
}

// A run's rate over its workers, evenly. What a worker can do at most is divided over its runs as
// these are; rest: a second time, with what that left of workers and of rate.
void RateShares::FillRun(uint32_t run, double rate, const std::map<uint32_t, double>& rates,
                         bool rest) {
  std::vector<Member*> members;
  std::vector<Claim> claims;
  for (auto& [key, member] : members_) {
    if (!member.present || !member.terms.runs.contains(run)) continue;
    double all = 0, has = 0;
    for (const uint32_t id : member.terms.runs) {
      const auto it = rates.find(id);
      all += it == rates.end() ? 0 : it->second;
      has += ShareIn(member.target, id).pps;
    }
    double cap = member.terms.max_pps;
    if (cap < kUnlimited) cap = rest ? cap - has : cap * (all > 0 ? rate / all : 0);
    members.push_back(&member);
    claims.push_back({1, std::max(0.0, cap)});
    if (rest) rate -= ShareIn(member.target, run).pps;
  }
  const double absent = AbsentWorkers();
  if (absent > 0 && rest) return;  // what is left is theirs
  if (absent > 0) claims.push_back({absent, kUnlimited});
  const std::vector<double> filled = FillByWeight(std::max(0.0, rate), claims);
  for (size_t i = 0; i < members.size(); ++i) {
    if (filled[i] > 0) members[i]->target[run].pps += filled[i];
  }
}

void RateShares::SetTargets(const std::map<uint32_t, double>& rates) {
  for (auto& [key, member] : members_) member.target.clear();
  for (const bool rest : {false, true}) {
    for (const auto& [run, rate] : rates) FillRun(run, rate, rates, rest);
  }
  const auto part_of = [](double ceiling, double part) {
    return ceiling < kUnlimited ? ceiling * part : kUnlimited;
  };
  for (auto& [key, member] : members_) {
    for (auto& [id, share] : member.target) {
      const double part = std::min(1.0, share.pps / rates.at(id));
      share.per_prefix = part_of(runs_.at(id).per_prefix, part);
      share.per_as = part_of(runs_.at(id).per_as, part);
    }
  }
  target_of_run_ = rates;
}

// Every share down to its target, or to what it has taken where that is less: the rest of the way
// is a raise.
std::vector<RateShares::Raise> RateShares::Lower() {
  std::vector<Raise> raises;
  for (auto& [key, member] : members_) {
    if (!member.present) continue;
    std::set<uint32_t> runs;
    for (const auto& [id, share] : member.target) runs.insert(id);
    for (const auto& [id, share] : member.granted) runs.insert(id);
    for (const uint32_t run : runs) {
      const RateShare target = ShareIn(member.target, run);
      const RateShare taken =
          ShareIn(member.lent || Broken(Rule::kGhostShare) ? member.taken : member.granted, run);
      Raise raise{&member, &key, run, {}, {}};
      for (const auto part : kShareParts) {
        const bool free = target.*part == kUnlimited || Broken(Rule::kShareWaits);
        raise.base.*part = free ? target.*part : std::min(target.*part, taken.*part);
        raise.more.*part = free ? 0 : target.*part - raise.base.*part;
      }
      raises.push_back(raise);
    }
  }
  return raises;
}

// Taken of one run, with what is reserved for those who have not said.
RateShare RateShares::TakenOf(uint32_t run) const {
  RateShare sum;
  for (const auto& [key, member] : members_) {
    const RateShare share = ShareIn(member.taken, run);
    for (const auto part : kShareParts) sum.*part += share.*part;
  }
  if (holders_.empty()) return sum;
  const Run& terms = runs_.at(run);
  const RateShare ceilings{terms.pps, terms.per_prefix, terms.per_as};
  for (const auto part : kShareParts) {
    if (ceilings.*part < kUnlimited) sum.*part += ceilings.*part;
  }
  return sum;
}

void RateShares::ScaleRaises(std::vector<Raise>& raises) const {
  std::map<uint32_t, RateShare> wanted;
  for (const Raise& raise : raises) {
    for (const auto part : kShareParts) wanted[raise.run].*part += raise.more.*part;
  }
  std::map<uint32_t, RateShare> scale;
  double all_wanted = 0, all_taken = reserved();
  for (const auto& [key, member] : members_) {
    for (const auto& [run, share] : member.taken) all_taken += share.pps;
  }
  for (const auto& [run, want] : wanted) {
    const auto terms = runs_.find(run);
    if (terms == runs_.end()) continue;  // only what is lowered
    const RateShare taken = TakenOf(run);
    const RateShare ceilings{terms->second.pps, terms->second.per_prefix, terms->second.per_as};
    for (const auto part : kShareParts) {
      const double left = ceilings.*part == kUnlimited ? kUnlimited : ceilings.*part - taken.*part;
      scale[run].*part = Scale(left, want.*part);
    }
    all_wanted += want.pps * scale[run].pps;
  }
  const double of_all = Scale(ceiling_ - all_taken, all_wanted);
  for (Raise& raise : raises) {
    for (const auto part : kShareParts) raise.more.*part *= scale[raise.run].*part;
    raise.more.pps *= of_all;
  }
}

std::vector<std::string> RateShares::Divide(MonoTime now) {
  DropWhatIsOver(now);
  SetTargets(RunRates());
  std::vector<Raise> raises = Lower();
  ScaleRaises(raises);
  std::set<std::string> changed;
  bool freed = false;
  for (const Raise& raise : raises) {
    RateShare share;
    for (const auto part : kShareParts) share.*part = raise.base.*part + raise.more.*part;
    // On the wire a ceiling of 0 is none, so who has no part of one may send nothing.
    if (share.pps <= 0 || share.per_prefix <= 0 || share.per_as <= 0) share = RateShare();
    Member& member = *raise.member;
    if (About(share, ShareIn(member.granted, raise.run))) continue;
    if (share == RateShare()) {
      member.granted.erase(raise.run);
    } else {
      member.granted[raise.run] = share;
    }
    const RateShare had = ShareIn(member.taken, raise.run);
    Retake(member);
    // Of what it was never told nobody will say that it is given back: this is when the others may
    // have it.
    freed = freed || LessIn(ShareIn(member.taken, raise.run), had);
    changed.insert(*raise.worker);
  }
  dirty_ = freed;
  return {changed.begin(), changed.end()};
}

}  // namespace hark
